"""How far a network's corrections are believed at spans narrower than it could be taught at.

Knows: torch. Must not know: xarray, files.
"""

from dataclasses import replace

from temdeep.network.architecture import Coefficients
from temdeep.network.motion import members
from temdeep.network.settings import NetworkSettings
from temdeep.network.window import Window


def shrunk(coefficients: Coefficients, window: Window, settings: NetworkSettings) -> Coefficients:
    """Coefficients between an untrained network's (trust 0) and the trained one's (trust 1).

    Args:
        coefficients: As the network gives them.
        window: Of the same intervals; says the classical motion.
        settings: Says the trust in each channel; a motion is trusted as its channels on average.
    """
    trust = coefficients.gate.new_tensor(settings.trust)[:, None, None]
    levels = [members(settings.levels, level) for level in range(settings.level_count)]
    shares = [sum(settings.trust[i] for i in own) / max(len(own), 1) for own in levels]
    share = coefficients.gate.new_tensor(shares)[:, None, None]
    return replace(
        coefficients,
        gate=1 + trust * (coefficients.gate - 1),
        residual=trust * coefficients.residual,
        velocity=window.motion + share[:, None] * (coefficients.velocity - window.motion),
        acceleration=share[:, None] * coefficients.acceleration,
        preference=share * coefficients.preference,
        fading=None if coefficients.fading is None else trust * coefficients.fading,
    )
