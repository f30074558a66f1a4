"""The data sets of the science benchmark: what is learnt from, and what is tested on.

Training and test lie three days apart. Development periods end before any test period begins; all
choices are made on these.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from temdeep.fields.series import Series, open_series
from temdeep.fields.time_axis import show
from temdeep.methods.protocol import Method

DATA = Path(os.environ.get("TEMDEEP_DATA", Path(__file__).parents[3] / "shared" / "data"))

Period = tuple[str | None, str | None]


@dataclass(frozen=True)
class Case:
    """One data set at one span.

    Attributes:
        dataset: Name in records.
        file: In the folder of real files.
        every: One time in so many is kept.
        step_hours: Of the file.
        learnt: First and last time of what is learnt from.
        tested: First and last time of what is filled in.
        variables: Which of the file; none: all.
    """

    dataset: str
    file: str
    every: int
    learnt: Period
    tested: Period
    step_hours: float = 1.0
    variables: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Data set and span, such as `atlantic_6h`."""
        hours = self.every * self.step_hours
        return f"{self.dataset}_{hours:g}h" if hours >= 1 else f"{self.dataset}_{60 * hours:g}min"

    @property
    def path(self) -> Path:
        """Where its file lies."""
        return DATA / self.file

    @property
    def paths(self) -> list[Path]:
        """All files that are read."""
        return [self.path]

    @property
    def supervised(self) -> bool:
        """Whether there is truth to learn from that is not tested on."""
        return self.learnt != self.tested

    def fine(self) -> Series:
        """The series with all its times."""
        return open_series([self.path], variables=list(self.variables) or None)

    def truth(self) -> Series:
        """What is learnt from, with all its times: for the supervised contenders only."""
        return self.fine().between(*self.learnt)

    def coarse(self) -> Series:
        """What is learnt from, thinned."""
        return self.truth().thin(self.every)

    @property
    def taught_every(self) -> int:
        """Of the times of what the twin is taught with, one in so many would be given."""
        return self.every

    def taught(self) -> list[Series]:
        """What the twin is taught with: the truth, none where all of that is tested on."""
        return [self.truth()] if self.supervised else []

    def trained_on(self) -> dict[str, str] | None:
        """First and last time of it, None if that is of other places."""
        times = self.coarse().time.values
        return {"first": show(times[0]), "last": show(times[-1])}

    def lessons(self) -> list[Series]:
        """Other series that a model is trained on, in place of the coarse one."""
        return []

    def further_scores(self, tested: Series, method: Method) -> dict[str, float]:  # noqa: ARG002
        """Scores beside those of every record; none here."""
        return {}


@dataclass(frozen=True)
class Source:
    """A file with the periods in it.

    Attributes:
        file: In the folder of real files.
        learnt, tested: Of the benchmark.
        early, later: The same for development.
        spans: Kept times, one in so many.
    """

    file: str
    learnt: Period
    tested: Period
    early: Period
    later: Period
    spans: tuple[int, ...]


SOURCES = {
    "era5_uk": Source(
        "era5_uk_t2m_2019-03.nc",
        learnt=("2019-03-01T00", "2019-03-21T00"),
        tested=("2019-03-24T00", "2019-03-31T23"),
        early=("2019-03-01T00", "2019-03-13T00"),
        later=("2019-03-14T12", "2019-03-21T00"),
        spans=(3, 6, 12),
    ),
    "atlantic": Source(
        "speedy_t63_atlantic_train.nc",
        learnt=("2000-03-04T00", "2000-03-31T00"),
        tested=("2000-04-03T00", "2000-04-11T00"),
        early=("2000-03-04T00", "2000-03-23T00"),
        later=("2000-03-25T00", "2000-03-31T00"),
        spans=(6, 12),
    ),
    "globe": Source(
        "speedy_t31_diurnal_train.nc",
        learnt=("2000-03-12T00", "2000-03-24T00"),
        tested=("2000-03-27T00", "2000-04-01T00"),
        early=("2000-03-12T00", "2000-03-20T12"),
        later=("2000-03-21T00", "2000-03-24T00"),
        spans=(6, 12),
    ),
    "smooth": Source(
        "speedy_t31_train.nc",
        learnt=("2000-03-02T00", "2000-04-03T00"),
        tested=("2000-04-06T00", "2000-04-16T00"),
        early=("2000-03-02T00", "2000-03-25T00"),
        later=("2000-03-27T00", "2000-04-03T00"),
        spans=(12, 24),
    ),
    "era5_finse": Source(
        "era5_finse_surface_2018-10_11.nc",
        learnt=("2018-10-01T00", "2018-11-16T00"),
        tested=("2018-11-19T00", "2018-11-30T23"),
        early=("2018-10-01T00", "2018-11-03T00"),
        later=("2018-11-05T00", "2018-11-16T00"),
        spans=(3, 6),
    ),
    "era5_davos": Source(
        "era5_davos_surface_2020-01a.nc",
        learnt=("2020-01-01T00", "2020-01-13T00"),
        tested=("2020-01-16T00", "2020-01-20T23"),
        early=("2020-01-01T00", "2020-01-08T00"),
        later=("2020-01-09T00", "2020-01-13T00"),
        spans=(3, 6),
    ),
}


def cases(*, development: bool) -> dict[str, Case]:
    """All cases by name.

    Args:
        development: With the periods on which choices are made, instead of the test periods.
    """
    found = [
        Case(
            dataset,
            one.file,
            every,
            one.early if development else one.learnt,
            one.later if development else one.tested,
        )
        for dataset, one in SOURCES.items()
        for every in one.spans
    ]
    return {one.name: one for one in found}


def short_cases() -> dict[str, Case]:
    """A day of a regional forecast, too short for a part of its own to be learnt from.

    Its coarse series is both learnt from and filled in, as users do; no hour between is seen.
    """
    files = {
        "meteonet_arpege": "meteonet_nw_arpege_surface_20180501.nc",
        "meteonet_arome_msl": "meteonet_nw_arome_msl_20180501.nc",
    }
    whole: Period = (None, None)
    found = [Case(name, file, k, whole, whole) for name, file in files.items() for k in (2, 3)]
    return {one.name: one for one in found}
