"""What is simulated: the presets and what may be changed of them.

Knows: nothing but plain values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Request:
    """One simulated series.

    Attributes:
        truncation: Highest wavenumber of the spectral model, 31 or 63.
        diurnal: Whether the sun rises and sets; SPEEDY alone knows only the day's mean sun.
        region: A name of `regions.REGIONS`.
        spin_up_days: What is left out before the first label; at least 1.
        days: From the first label to the last.
        seed: Of the noise in the start.
        variables: Names of `variables.VARIABLES`.
    """

    truncation: int
    diurnal: bool
    region: str
    spin_up_days: int
    days: int
    variables: tuple[str, ...]
    seed: int = 1

    @property
    def first_hour(self) -> int:
        """First label, hours since 2000-01-01."""
        return 24 * self.spin_up_days

    @property
    def labels(self) -> int:
        """How many labels there are, the first and the last included."""
        return 24 * self.days + 1

    @property
    def resolution(self) -> str:
        """T31 or T63."""
        return f"T{self.truncation}"

    def as_plain(self) -> dict[str, object]:
        """For comparison with what an unfinished run was asked for."""
        return {**asdict(self), "variables": list(self.variables)}


PRESETS: Mapping[str, Request] = {
    "atlantic": Request(
        truncation=63,
        diurnal=True,
        region="atlantic",
        spin_up_days=63,
        days=38,
        variables=("t2m", "ps", "u10", "v10", "t850", "q850", "u850", "v850", "pr", "ssrd"),
    ),
    "globe": Request(
        truncation=31,
        diurnal=True,
        region="globe",
        spin_up_days=71,
        days=20,
        variables=("t2m", "skt", "ssrd", "pr", "ps", "u10", "v10", "clt", "t850"),
    ),
    "smooth": Request(
        truncation=31,
        diurnal=False,
        region="globe",
        spin_up_days=61,
        days=45,
        variables=("u850", "v850", "t850", "q850", "z500", "t2m", "ps", "pr", "clt"),
    ),
}
