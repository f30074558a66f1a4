"""The one mistake class of the simulation's command."""


class SimulationError(Exception):
    """A mistake in the request or the environment, or a broken run, told in one sentence."""
