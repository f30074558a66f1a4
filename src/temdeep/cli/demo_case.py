"""What the demo learns from, and what it is tested on: the shipped series, or a file of the user's.

Train and test never share a time; what is learnt from is coarse throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from temdeep.errors import InputError, RequestError, TimeAxisError
from temdeep.fields.series import Series, open_series
from temdeep.fields.time_axis import format_duration, parse_duration, show

SHIPPED = Path(__file__).resolve().parents[3] / "data"
DAY_US = 86_400_000_000
TEST_DAYS = 8
GAP_DAYS = 2
MONTH_DAYS = 31
TRAIN_DAYS = 22


@dataclass(frozen=True, eq=False)
class DemoCase:
    """A demo's data.

    Attributes:
        name: Of the data, in records and file names.
        train: The coarse series that is learnt from and then filled in.
        test: The fine series of later times: what is withheld of it is the truth.
        every: One time in so many of `test` is kept.
    """

    name: str
    train: Series
    test: Series
    every: int

    @property
    def step(self) -> str:
        """The fine step, as text."""
        return format_duration(self.test.time.step_us)

    @property
    def coarse_step(self) -> str:
        """The coarse step, as text."""
        return format_duration(self.test.time.step_us * self.every)

    def described(self) -> list[str]:
        """What is learnt from and tested on, a sentence each."""
        learnt, tested = self.train.time, self.test.time
        rows, columns = self.train.grid.shape
        names = ", ".join(channel.name for channel in self.train.channels)
        return [
            f"{self.name}: {names} on {rows} x {columns} cells.",
            f"Learnt from {len(learnt)} times, one in {self.coarse_step}, {show(learnt.values[0])}"
            f" to {show(learnt.values[-1])}; nothing finer is ever shown to the training.",
            f"Tested on {show(tested.values[0])} to {show(tested.values[-1])}: one time in"
            f" {self.coarse_step} is kept, those between, every {self.step}, are withheld and"
            " filled in again.",
        ]


def shipped_case(variable: str | None) -> DemoCase:
    """The North Atlantic that comes with the repository.

    Raises:
        InputError: The files are not there.
    """
    files = [SHIPPED / "atlantic_6hourly.nc", SHIPPED / "atlantic_hourly_truth.nc"]
    for file in files:
        if not file.is_file():
            raise InputError(
                f"the demo's series {file.name} is not in {SHIPPED}: run the demo from a checkout"
                " of the repository, or give it a file of yours with --data."
            )
    chosen = [variable] if variable else None
    coarse, truth = (open_series([file], variables=chosen) for file in files)
    return DemoCase("atlantic", coarse, truth, coarse.time.step_us // truth.time.step_us)


def own_case(file: Path, every: str | None, variable: str | None) -> DemoCase:
    """A file of the user's, whose first part is thinned and whose last part is the test.

    Of a month, 22 days are learnt from and the last 8 are tested on; longer series keep two days
    apart, shorter ones are cut in the same proportions.

    Raises:
        RequestError: `every` is no multiple of the file's step.
        TimeAxisError: The series is too short to learn from and to be tested on.
    """
    fine = open_series([file], variables=[variable] if variable else None)
    step_us = fine.time.step_us
    count = _every(every, step_us, file)
    first_us, last_us = int(fine.time.offset_us[0]), int(fine.time.offset_us[-1])
    train_end_us, test_start_us = _split_us(last_us - first_us + step_us, step_us)
    train_end_us -= step_us  # the last time inside the part
    stamps = fine.time.offset_us
    if (stamps <= train_end_us).sum() < 8 * count or (stamps >= test_start_us).sum() < 2 * count:
        raise TimeAxisError(
            f"{file} has {len(stamps)} times: too few to learn from one in {count} of the first"
            " part and be tested on the last; take a longer series or a smaller --every."
        )
    train = fine.between(None, fine.time.at(int(stamps[stamps <= train_end_us][-1])))
    test = fine.between(fine.time.at(int(stamps[stamps >= test_start_us][0])), None)
    return DemoCase(file.stem, train.thin(count), test, count)


def _split_us(length_us: int, step_us: int) -> tuple[int, int]:
    """End of the part that is learnt from and start of the test, since the first time."""
    days = length_us / DAY_US
    unit_us = DAY_US if days >= MONTH_DAYS / 2 else step_us
    test_us = min(TEST_DAYS * DAY_US, int(length_us * TEST_DAYS / MONTH_DAYS))
    test_us = max(test_us // unit_us, 1) * unit_us
    test_start_us = (length_us - test_us) // unit_us * unit_us
    if days >= MONTH_DAYS + GAP_DAYS:
        return test_start_us - GAP_DAYS * DAY_US, test_start_us
    return int(length_us * TRAIN_DAYS / MONTH_DAYS) // unit_us * unit_us, test_start_us


def _every(text: str | None, step_us: int, file: Path) -> int:
    if text is None:
        three_hours = parse_duration("3h")
        whole = three_hours % step_us == 0 and three_hours // step_us >= 2
        return min(three_hours // step_us, 6) if whole else 3
    wanted_us = parse_duration(text)
    if wanted_us % step_us or wanted_us // step_us < 2:
        raise RequestError(
            f"{text} is no multiple of the {format_duration(step_us)} of {file.name}: say"
            f" {format_duration(2 * step_us)}, {format_duration(3 * step_us)} or the like."
        )
    return wanted_us // step_us
