"""Reads a coarse series at enough places to fit the sun's part of its variables.

Knows: series. Must not know: files, how responses are used.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from temdeep.fields.grids import Grid
from temdeep.fields.series import Series
from temdeep.fields.solar import SUN_FEATURES, sun_feature_means, sun_features
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.hidden import Track, feature_departures
from temdeep.methods.places import PlaceBasis
from temdeep.methods.responses import Places, Response, designs_for, fit
from temdeep.methods.sunlight import LightLaw, law_of_instants, law_of_means, share_by_night
from temdeep.methods.wandering import choose
from temdeep.metric import Float64Array

MOST_CELLS = 4096
MOST_VALUES = 10_000_000
"""What fitting reads at once; larger grids are fitted to every n-th row and column."""

AT_ONCE = 64
"""Times of which the sun's features are computed at once."""

FINE = 4
"""Parts of the series' own step at which features are compared with their spline."""

Times = npt.NDArray[np.datetime64]


def fit_to_series(
    series: Series, basis: PlaceBasis, spans: tuple[int, ...]
) -> tuple[dict[str, Response], dict[str, LightLaw]]:
    """Fit responses, and the law of sunlight, to all of a coarse series.

    Args:
        series: The coarse series; nothing between its times is looked at.
        basis: Functions of place of the amplitudes.
        spans: Multiples of the step inside which times are hidden.

    Returns:
        Responses and laws, each by name of the channel.
    """
    rows, columns = _sample(series)
    responses: dict[str, Response] = {}
    laws: dict[str, LightLaw] = {}
    groups = [series.instantaneous(), *series.period_groups()]
    for group in groups:
        sunny = [one for one in group if one.nature is Nature.SUNLIGHT]
        others = [one for one in group if responds(one)]
        if not sunny and not others:
            continue
        pieces = list(_pieces(series, [*others, *sunny], rows, columns))
        for i, channel in enumerate(sunny, start=len(others)):
            longest = max(pieces, key=lambda one: len(one.values))
            law_of = law_of_means if longest.of_periods else law_of_instants
            light, sun = longest.values[:, i], longest.features[0]
            laws[channel.name] = replace(law_of(light, sun), by_night=share_by_night(light, sun))
        if others:
            tracks = [replace(one, values=one.values[:, : len(others)]) for one in pieces]
            places = _places(basis, series.grid, rows, columns)
            designs = designs_for(_gap_h(series), cyclic=basis.cyclic)
            floor = _floor(series, group, rows, columns)
            found = fit(tracks, places, floor, len(others), spans, designs)
            if not tracks[0].of_periods:
                found = [
                    _with_wandering(one, i, tracks, places, series.time.step_us / 1e6)
                    for i, one in enumerate(found)
                ]
            responses |= {one.name: found[i] for i, one in enumerate(others)}
    return responses, laws


def _with_wandering(
    found: Response, channel: int, tracks: Sequence[Track], places: Places, step_s: float
) -> Response:
    """The same response, told how much it wanders."""
    if found.amplitudes is None:
        return found
    known = np.all([np.isfinite(one.values[:, channel]).all(axis=0) for one in tracks], axis=0)
    area = np.where(known, places.area, 0)
    on_cells = found.amplitudes @ places.functions
    return replace(found, wandering=choose(tracks, channel, on_cells, area, step_s))


def responds(channel: Channel) -> bool:
    """Whether a response may be fitted: plain numbers, sums and means."""
    plain = (Nature.CONTINUOUS, Nature.NON_NEGATIVE, Nature.FRACTION)
    return channel.nature in plain and channel.kind not in (Kind.MAXIMUM, Kind.MINIMUM)


def _sample(series: Series) -> tuple[slice, slice]:
    """Every n-th row and column, few enough to fit to."""
    rows, columns = series.grid.shape
    values = len(series.time) * max(len(series.channels), 1)
    cells = min(MOST_CELLS, max(MOST_VALUES // values, 256))
    stride = int(np.ceil(np.sqrt(rows * columns / cells)))
    by_row, by_column = min(stride, rows), min(stride, columns)
    return slice(by_row // 2, None, by_row), slice(by_column // 2, None, by_column)


def _pieces(
    series: Series, channels: Sequence[Channel], rows: slice, columns: slice
) -> Iterator[Track]:
    """The series in pieces without gaps, at the sampled cells, with the sun's features."""
    latitude = series.grid.latitude[rows, columns].reshape(1, -1)
    longitude = series.grid.longitude[rows, columns].reshape(1, -1)
    for run, of_periods in _runs(series, channels[0]):
        read = series.read_rates if of_periods else series.read
        values = np.empty((run.stop - run.start, len(channels), latitude.size))
        features = np.empty((len(SUN_FEATURES), len(values), latitude.size))
        begin, end = _bounds(series, channels[0], run)
        for i in range(len(values)):
            frame = read(channels, slice(run.start + i, run.start + i + 1))[0, :, rows, columns]
            values[i] = frame.reshape(len(channels), -1)
        for first in range(0, len(values), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            if of_periods:
                made = sun_feature_means(begin[some], end[some], latitude, longitude)
            else:
                made = sun_features(end[some], latitude, longitude)
            features[:, some] = made[:, :, 0]
        yield Track(values, features, of_periods)


def _runs(series: Series, channel: Channel) -> Iterator[tuple[slice, bool]]:
    """Pieces without gaps, and whether they are of periods."""
    if not channel.kind.is_period:
        yield from ((run, False) for run in series.time.segments())
        return
    edges = series.period_edges(channel)
    lengths = edges[:, 1] - edges[:, 0]
    broken = (edges[1:, 0] != edges[:-1, 1]) | (lengths[1:] != lengths[:-1])
    starts = [0, *(np.flatnonzero(broken) + 1).tolist(), len(lengths)]
    for first, last in itertools.pairwise(starts):
        if lengths[first] > 0:
            yield slice(first, last), True


def _bounds(series: Series, channel: Channel, run: slice) -> tuple[Times, Times]:
    """Begin and end of the periods of a run; of instants the time itself."""
    sun_time = series.time.sun_time[run]
    if not channel.kind.is_period:
        return sun_time, sun_time
    shift = (series.period_edges(channel)[run] - series.time.offset_us[run, None]).astype(
        "timedelta64[us]"
    )
    return sun_time + shift[:, 0], sun_time + shift[:, 1]


def _places(basis: PlaceBasis, grid: Grid, rows: slice, columns: slice) -> Places:
    """Functions of place at the sampled cells."""

    def sampled(values: Float64Array | None) -> Float64Array | None:
        return None if values is None else values[rows, columns].ravel()

    latitude, longitude = (
        grid.latitude[rows, columns].ravel(),
        grid.longitude[rows, columns].ravel(),
    )
    land, elevation = sampled(grid.land_fraction), sampled(grid.elevation_m)
    return Places(
        basis.at(latitude, longitude, land, elevation),
        basis.shared,
        basis.roughness,
        grid.metric.area_weights[rows, columns].ravel(),
    )


def _gap_h(series: Series) -> float:
    """Largest gap between the local solar hours that the series samples anywhere."""
    since_midnight = series.time.sun_time - series.time.sun_time.astype("datetime64[D]")
    hours = np.unique(since_midnight / np.timedelta64(1, "h"))
    eastward = np.unique(np.round(series.grid.longitude[np.isfinite(series.grid.longitude)], 1))
    local = np.unique(np.mod(hours[:, None] + eastward / 15, 24))
    return float(np.diff(local, append=local[0] + 24).max())


def _floor(series: Series, group: Sequence[Channel], rows: slice, columns: slice) -> Float64Array:
    """What a spline at the series' own step misses of each feature, mean square."""
    latitude = series.grid.latitude[rows, columns].reshape(1, -1)
    longitude = series.grid.longitude[rows, columns].reshape(1, -1)
    run, of_periods = max(_runs(series, group[0]), key=lambda one: one[0].stop - one[0].start)
    begin, end = _bounds(series, group[0], slice(run.start, min(run.stop, run.start + 60)))
    step = (end[-1] - end[0]) / max(len(end) - 1, 1) / FINE
    fine = begin[0] + (np.arange(FINE * (len(end) - 1) + 1) * step).astype("timedelta64[us]")
    if of_periods:
        features = sun_feature_means(fine[:-1], fine[1:], latitude, longitude)
    else:
        features = sun_features(fine, latitude, longitude)
    return feature_departures(features[:, :, 0].astype(np.float64), FINE, of_periods=of_periods)
