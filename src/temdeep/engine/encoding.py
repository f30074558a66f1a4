"""Turns the fields of a piece into stored numbers, and finds how wide a storage they need.

Knows: series, plans, storages. Must not know: methods, output files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from temdeep.engine.packing import RunningTotal, Storage, TooNarrowError, UnfitError, ladder
from temdeep.engine.plan import Plan
from temdeep.fields.series import Series
from temdeep.fields.variables import Kind

Values = npt.NDArray[Any]

TOTALLED = (Kind.SUM, Kind.MEAN)


class NarrowError(Exception):
    """A storage that does not hold a piece's values; never reaches the user.

    Attributes:
        name: The variable.
        level: Of the next storage to be tried, in its `ladder`.
        why: In words.
    """

    def __init__(self, name: str, level: int, why: str) -> None:
        super().__init__(name, level, why)
        self.name, self.level, self.why = name, level, why


def carried(series: Series, storages: Mapping[str, Storage]) -> list[str]:
    """Period variables of which something is carried over from one output period to the next."""
    rounded = [
        one.variable
        for one in series.periods()
        if one.kind in TOTALLED and storages[one.variable].is_integer
    ]
    return list(dict.fromkeys([*rounded, *series.totals]))


class Encoder:
    """Encodes a piece's fields in time order, always in the same storage.

    Attributes:
        storages: That of each variable.
    """

    def __init__(
        self,
        series: Series,
        plan: Plan,
        storages: Mapping[str, Storage],
        levels: Mapping[str, int],
    ) -> None:
        """Begin a piece.

        Args:
            series: The coarse series, as the piece sees it.
            plan: Of the piece.
            storages: The narrowest, by variable.
            levels: Which of its `ladder` each variable is encoded in.
        """
        self._plan, self._levels = plan, levels
        self.storages = {name: ladder(one)[levels[name]] for name, one in storages.items()}
        self._last = {name: len(ladder(one)) - 1 for name, one in storages.items()}
        kinds = {channel.variable: channel.kind for channel in series.channels}
        self._totals = {
            name: RunningTotal(series.edges[name][:, 0].tolist())
            for name in storages
            if kinds.get(name) in TOTALLED and name not in series.totals
        }
        self._is_given = {
            name: name in series.totals or name not in kinds or not kinds[name].is_period
            for name in storages
        }
        self._is_mean = {name: kinds.get(name) is Kind.MEAN for name in storages}

    def encode(self, name: str, field: Values, position: int) -> Values:
        """Stored numbers of one time.

        Args:
            name: The variable.
            field: Its values, NaN where missing.
            position: Which time of the plan.

        Raises:
            NarrowError: The storage cannot hold them.
        """
        storage = self.storages[name]
        try:
            return self._encoded(storage, name, field, position)
        except UnfitError as error:
            why = "the input is not packed alike throughout"
            raise NarrowError(name, self._last[name], why) from error
        except TooNarrowError as error:
            why = f"{storage.dtype} cannot hold all new values"
            raise NarrowError(name, self._levels[name] + 1, why) from error

    def _encoded(self, storage: Storage, name: str, field: Values, position: int) -> Values:
        periods_us = self._plan.periods_us
        if self._is_given[name] and self._plan.given[position] >= 0:
            storage.check_fit(field)
        if periods_us is None or name not in self._totals or not storage.is_integer:
            return storage.encode(field)
        begin, end = periods_us[position]
        weight = float(end - begin) / 1e6 if self._is_mean[name] else 1.0
        return self._totals[name].round(storage, field, periods_us[position], weight)
