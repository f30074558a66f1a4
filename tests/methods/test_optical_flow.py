"""Motions that are imposed on fields and must be found again."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

import temdeep
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval
from temdeep.fields.variables import Channel, Kind
from temdeep.methods import motion as module
from temdeep.methods.motion import estimate, warp
from temdeep.methods.optical_flow import OpticalFlow
from temdeep.metric import Float32Array, Float64Array, GridMetric

SPAN_S = 3600.0
CELL_M = 10_000.0


def blobs(seed: int, shape: tuple[int, int], *, cyclic: bool = False) -> Float32Array:
    """Smooth random fields, four cells wide, shape (1, y, x)."""
    rng = np.random.default_rng(seed)
    mode = "wrap" if cyclic else "reflect"
    field: Float32Array = gaussian_filter(rng.normal(size=shape), 4, mode=("reflect", mode))
    standard: Float32Array = (field / field.std()).astype(np.float32)[None]
    return standard


def moved(
    shape: tuple[int, int], cells: tuple[float, float], theta: float, seed: int = 0
) -> Float32Array:
    """A window on a larger field that moves by (rows, columns) in an hour."""
    margin = 12
    whole = blobs(seed, (shape[0] + 2 * margin, shape[1] + 2 * margin))
    zeros = np.zeros(whole.shape[1:])
    there = warp(whole, zeros - theta * cells[1], zeros - theta * cells[0], cyclic=False)
    return there[:, margin:-margin, margin:-margin]


def interval(
    start: npt.NDArray[np.float32], end: npt.NDArray[np.float32], metric: GridMetric
) -> Interval:
    shape = start.shape[1:]
    grid = Grid(
        y_dim="y",
        x_dim="x",
        latitude=np.full(shape, 50.0),
        longitude=np.full(shape, 5.0),
        metric=metric,
    )
    names = [f"q{i}" for i in range(len(start))]
    return Interval(
        start=start,
        end=end,
        span_s=SPAN_S,
        valid_time=np.datetime64("2019-03-05T12:00", "us"),
        channels=tuple(Channel(name, name, "1", Kind.INSTANTANEOUS) for name in names),
        grid=grid,
        before=start[None, :][:0],
        after=start[None, :][:0],
    )


@pytest.mark.parametrize("cells", [(0.0, 3.0), (-2.5, 1.5), (2.0, -4.0)])
def test_a_known_motion_is_retrieved_in_metres_per_second(cells: tuple[float, float]) -> None:
    shape = (40, 48)
    metric = GridMetric(np.full(shape, CELL_M), np.full(shape, -CELL_M))  # rows run southward
    motion = estimate(moved(shape, cells, 0), moved(shape, cells, 1), SPAN_S, metric)
    inner = slice(8, -8)
    speed = CELL_M / SPAN_S
    assert np.median(motion.u_m_s[inner, inner]) == pytest.approx(cells[1] * speed, abs=0.8)
    assert np.median(motion.v_m_s[inner, inner]) == pytest.approx(-cells[0] * speed, abs=0.8)


def test_moving_fields_are_filled_in_far_better_than_linearly() -> None:
    shape, cells = (40, 48), (1.0, 5.0)
    start, middle, end = (moved(shape, cells, t) for t in (0.0, 0.5, 1.0))
    filled = OpticalFlow().fill(
        interval(start, end, GridMetric.uniform(CELL_M, shape)), np.array([0.5])
    )[0]
    inner = (slice(None), slice(6, -6), slice(6, -6))
    flow_error = np.abs(filled - middle)[inner].mean()
    linear_error = np.abs((start + end) / 2 - middle)[inner].mean()
    assert flow_error < 0.2 * linear_error


def test_fields_of_one_level_move_together() -> None:
    """A field without a pattern of its own is carried along by the one that has one."""
    shape, cells = (40, 48), (0.0, 4.0)
    metric = GridMetric.uniform(CELL_M, shape)
    flat = np.zeros((1, *shape), np.float32)
    start = np.concatenate([moved(shape, cells, 0), flat])
    end = np.concatenate([moved(shape, cells, 1), flat])
    motion = estimate(start, end, SPAN_S, metric)
    assert np.median(motion.u_m_s) == pytest.approx(4 * CELL_M / SPAN_S, rel=0.15)


def test_patterns_cross_the_seam_of_the_globe() -> None:
    shape = (32, 48)
    whole = blobs(3, shape, cyclic=True)
    start, middle, end = (np.roll(whole, shift, axis=2) for shift in (0, 2, 4))
    plain = GridMetric.uniform(CELL_M, shape)
    metric = GridMetric(plain.dx_m, plain.dy_m, cyclic=True)
    filled = OpticalFlow().fill(interval(start, end, metric), np.array([0.5]))[0]
    seam = [0, 1, 2, 45, 46, 47]
    linear = (start + end) / 2
    flow_error = np.abs(filled - middle)[..., seam].mean()
    linear_error = np.abs(linear - middle)[..., seam].mean()
    assert flow_error < 0.05 * linear_error


def test_no_displacement_leaves_a_field_untouched() -> None:
    field = blobs(4, (20, 24)) * np.float32(1e-6)
    zeros = np.zeros((20, 24))
    np.testing.assert_array_equal(warp(field, zeros, -zeros, cyclic=False), field)


def test_whole_cells_are_moved_exactly_and_the_edge_is_repeated() -> None:
    field = blobs(5, (20, 24))
    ones = np.ones((20, 24))
    moved_field = warp(field, ones, 0 * ones, cyclic=False)
    np.testing.assert_array_equal(moved_field[..., :-1], field[..., 1:])
    np.testing.assert_array_equal(moved_field[..., -1], field[..., -1])
    np.testing.assert_array_equal(
        warp(field, ones, 0 * ones, cyclic=True), np.roll(field, -1, axis=2)
    )


def test_fractions_of_a_cell_are_looked_up_with_a_parabola_exactly() -> None:
    x = np.arange(24.0)
    field = np.broadcast_to((0.1 * x**2 - x).astype(np.float32), (1, 20, 24))
    shift = np.full((20, 24), 0.3)
    expected = 0.1 * (x + 0.3) ** 2 - (x + 0.3)
    found = warp(field, shift, 0 * shift, cyclic=False)
    np.testing.assert_allclose(found[0, 5, 1:-2], expected[1:-2], atol=1e-5)


def keys(distance: Float64Array) -> Float64Array:
    """The kernel of Keys (1981), doi:10.1109/TASSP.1981.1163711, a = -½, which is Catmull-Rom's."""
    d = np.abs(distance)
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("band_cells", [1, 60, 2**13])
def test_each_cell_is_its_sixteen_neighbours_weighted(
    monkeypatch: pytest.MonkeyPatch, band_cells: int, cyclic: bool
) -> None:
    """Whatever the bands of rows, and up to offsets beyond all edges."""
    monkeypatch.setattr(module, "BAND_CELLS", band_cells)
    height, width = 11, 14
    rng = np.random.default_rng(3)
    fields = rng.normal(size=(2, height, width)).astype(np.float32)
    columns, rows = rng.normal(0, 6, (2, height, width))
    wanted = np.zeros(fields.shape)
    for row, column in np.ndindex(height, width):
        x, y = column + columns[row, column], np.clip(row + rows[row, column], 0, height - 1)
        x = x if cyclic else np.clip(x, 0, width - 1)
        for j in np.floor(y) + np.arange(-1, 3):
            for i in np.floor(x) + np.arange(-1, 3):
                beside = int(i) % width if cyclic else int(np.clip(i, 0, width - 1))
                found = fields[:, int(np.clip(j, 0, height - 1)), beside]
                wanted[:, row, column] += keys(y - j) * keys(x - i) * found
    np.testing.assert_allclose(warp(fields, columns, rows, cyclic=cyclic), wanted, atol=2e-6)


@pytest.mark.parametrize("cyclic", [False, True])
def test_an_offset_that_is_no_number_spoils_its_own_cell_alone(cyclic: bool) -> None:
    field = blobs(4, (12, 14))
    columns, rows = np.random.default_rng(5).normal(0, 2, (2, 12, 14))
    sound = warp(field, columns, rows, cyclic=cyclic)
    columns[3, 4], rows[6, 7] = np.nan, np.nan
    with np.errstate(invalid="ignore"):
        found = warp(field, columns, rows, cyclic=cyclic)
    assert np.argwhere(np.isnan(found)).tolist() == [[0, 3, 4], [0, 6, 7]]
    np.testing.assert_array_equal(found[~np.isnan(found)], sound[~np.isnan(found)])


def test_missing_cells_lend_no_zeros_to_their_neighbours() -> None:
    field = np.full((1, 20, 24), 280, np.float32)
    field[0, 5:9, 7:12] = np.nan
    shift = np.full((20, 24), 0.4)
    found = warp(field, shift, -2 * shift, cyclic=False)
    np.testing.assert_allclose(found[np.isfinite(found)], 280, rtol=1e-6)
    assert np.isfinite(found[np.isfinite(field)]).all()


def test_small_grids_and_grounded_variables_say_why_they_stay() -> None:
    shape = (9, 30)
    small = interval(blobs(6, shape), blobs(7, shape), GridMetric.uniform(CELL_M, shape))
    words = OpticalFlow().treatment(small.channels[0], small.grid)
    assert words == "linear: the grid has fewer than 16 cells a side"
    large = (30, 30)
    grid = interval(blobs(6, large), blobs(7, large), GridMetric.uniform(CELL_M, large)).grid
    pressure = Channel("ps", "ps", "Pa", Kind.INSTANTANEOUS, ground=True)
    assert OpticalFlow().treatment(pressure, grid) == "linear: tied to the ground"


def test_members_of_an_ensemble_move_each_on_its_own_way() -> None:
    """What one member does is no news of another: together they are what each is alone."""
    shape, ways = (24, 32), ((0.0, 3.0), (2.0, -3.0))
    frames = [[moved(shape, way, t, seed=i) for t in (0.0, 1.0)] for i, way in enumerate(ways)]
    values = np.array(frames)[:, :, 0]
    point = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"}
    ensemble = xr.Dataset(
        {"t": (("number", "time", "lat", "lon"), values, point)},
        coords={
            "time": np.array(["2019-03-01T00", "2019-03-01T01"], "datetime64[ns]"),
            "lat": ("lat", 40 + 0.1 * np.arange(shape[0]), {"units": "degrees_north"}),
            "lon": ("lon", 0.1 * np.arange(shape[1]), {"units": "degrees_east"}),
        },
    )
    together = temdeep.downscale(ensemble, "30min", method="optical_flow").t
    for number in ([0], [1]):
        alone = temdeep.downscale(ensemble.isel(number=number), "30min", method="optical_flow").t
        np.testing.assert_array_equal(together.isel(number=number), alone)


def test_the_number_of_threads_changes_no_bit() -> None:
    """On a grid of more cells than OpenCV and the loops leave to one."""
    start, end = (moved((230, 250), (2.0, -3.0), theta) for theta in (0.0, 1.0))
    one = interval(start, end, GridMetric.uniform(CELL_M, shape=(230, 250)))
    before = cv2.getNumThreads()
    made = []
    try:
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            made.append(OpticalFlow().fill(one, np.array([0.3, 0.5])))
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(made[1], made[0])
    np.testing.assert_array_equal(made[2], made[0])
