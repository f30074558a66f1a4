"""Figures show the numbers they are given."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.cubic import Cubic
from temdeep.methods.spread_fitting import fit_spread
from temdeep.methods.uncertain import Uncertain
from temdeep.verification import examples, figures, maps
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.figure_style import panels, unit_text
from temdeep.verification.gallery import write_figures
from temdeep.verification.spread_figures import draw_reliability, draw_spread_skill, told_of
from temdeep.verification.withholding import thin_out

Maker = Callable[..., xr.Dataset]

BOTH = ("linear", "cubic")


@pytest.fixture
def evaluation(series: Series) -> Evaluation:
    return evaluate(series, methods={"cubic": Cubic()}, withhold=6)


def test_a_snapshot_is_the_hour_that_was_scored(evaluation: Evaluation, series: Series) -> None:
    snapshot = examples.hardest_snapshot(evaluation, "t2m", BOTH)
    when = np.datetime64(snapshot.when.removesuffix(" UTC"))
    index = int(np.flatnonzero(series.time.values == when)[0])
    assert index % 6 == 3
    truth = series.read([series.channel("t2m")], slice(index, index + 1))[0, 0]
    np.testing.assert_array_equal(snapshot.truth, truth)
    np.testing.assert_allclose(
        snapshot.error["linear"], snapshot.filled["linear"] - truth, atol=1e-4
    )
    mean_square = (series.grid.metric.area_weights * snapshot.error["linear"] ** 2).mean()
    assert mean_square == pytest.approx(evaluation.tallies[0].hardest[0][0], rel=1e-6)


def test_maps_share_scales_and_errors_are_symmetric(evaluation: Evaluation) -> None:
    figure = maps.draw_maps(examples.hardest_snapshot(evaluation, "t2m", BOTH), "linear", "cubic")
    limits = [axes.collections[0].get_clim() for axes in figure.axes if axes.get_title()]
    assert len(limits) == 5
    assert limits[0] == limits[1] == limits[2]
    assert limits[3] == limits[4]
    assert limits[3][0] == -limits[3][1]


def test_a_place_passes_through_its_given_points(evaluation: Evaluation) -> None:
    place = examples.telling_place(evaluation, "u10", BOTH, days=2.0)
    assert place.given.sum() >= 8
    assert np.diff(np.flatnonzero(place.given)).tolist() == [6] * (place.given.sum() - 1)
    for method in ("linear", "cubic"):
        np.testing.assert_array_equal(place.filled[method][place.given], place.truth[place.given])
        assert (place.filled[method] != place.truth).any()
    figure = figures.draw_place(place, ["linear", "cubic"])
    assert "UTC" in figure.axes[1].get_xlabel()
    assert "m s" in figure.axes[0].get_ylabel()
    assert "every 1h (given: every 6h)" in figure.axes[0].get_title(loc="left")


def test_periods_at_a_place_keep_their_totals(evaluation: Evaluation) -> None:
    place = examples.telling_place(evaluation, "tp", BOTH, days=2.0)
    assert len(place.hours) == len(place.truth) + 1
    for method in ("linear", "cubic"):
        np.testing.assert_allclose(
            place.filled[method].reshape(-1, 6).sum(axis=1),
            place.truth.reshape(-1, 6).sum(axis=1),
            atol=1e-6,
        )


def test_all_figures_are_written(evaluation: Evaluation, tmp_path: Path) -> None:
    seen: list[int] = []
    files = write_figures(
        evaluation, tmp_path / "png", compared="cubic", progress=lambda n, _: seen.append(n)
    )
    assert sorted(path.name for path in files) == sorted(
        p.name for p in (tmp_path / "png").iterdir()
    )
    assert {"maps_t2m.png", "place_tp.png", "error_by_lead_fraction.png"} <= {p.name for p in files}
    assert all(path.stat().st_size > 10_000 for path in files)
    assert seen == list(range(1, len(files) + 1))


def test_units_are_raised() -> None:
    assert unit_text("kg m-2 s-1") == "kg m$^{-2}$ s$^{-1}$"
    assert unit_text("m s**-1") == "m s$^{-1}$"
    assert unit_text("1") == ""
    assert unit_text("K") == "K"


def test_a_film_has_its_ends_and_even_steps(evaluation: Evaluation, series: Series) -> None:
    film = examples.hardest_film(evaluation, "t2m", BOTH, most=4)
    whole = examples.hardest_film(evaluation, "t2m", BOTH)
    assert [one[-5:] for one in whole.stamps[::2]] == [one[-5:] for one in film.stamps]
    assert whole.given.tolist() == [True, *[False] * 5, True]
    first = int(np.flatnonzero(series.time.values == np.datetime64(whole.stamps[0]))[0])
    truth = series.read([series.channel("t2m")], slice(first, first + 7))[:, 0]
    np.testing.assert_array_equal(whole.truth, truth)
    for method in BOTH:
        np.testing.assert_array_equal(whole.filled[method][[0, -1]], truth[[0, -1]])
        np.testing.assert_allclose(whole.error[method], whole.filled[method] - truth, atol=1e-4)
    rain = examples.hardest_film(evaluation, "tp", BOTH)
    assert len(rain.stamps) == 6
    assert not rain.given.any()


def test_what_a_method_knows_of_its_errors_is_drawn_as_it_was_counted(series: Series) -> None:
    spread = fit_spread(thin_out(series, 6).coarse, Cubic())
    known = evaluate(series, methods={"cubic": Uncertain(Cubic(), spread)}, withhold=6)
    tally = known.tallies[0]
    told = told_of([(tally, index) for index in range(len(tally.channels))])
    assert len(told) == len(tally.channels) == 3
    sums = tally.of_method["cubic"].spread
    assert sums is not None
    lines = {one.get_label(): one for one in draw_reliability(told).axes[0].get_lines()}
    assert set(lines) == {"as it should be", "cubic"}
    inside = np.asarray(lines["cubic"].get_ydata())
    np.testing.assert_allclose(inside[1:-1], 100 * sums.coverage(0))
    record = next(
        row
        for row in known.records
        if (row["variable"], row["method"], row["lead_fraction"]) == ("t2m", "cubic", None)
    )
    assert inside[9] == pytest.approx(record["coverage_90"])
    drawn = draw_spread_skill(told).axes[0].get_lines()[0]
    np.testing.assert_allclose(np.asarray(drawn.get_xdata()), sums.skill(0)[0])
    np.testing.assert_allclose(np.asarray(drawn.get_ydata()), sums.skill(0)[1])


@pytest.mark.parametrize("highest", [1.2, 2.5, 7.4])
def test_a_curve_of_power_never_leaves_the_axis_unmarked(highest: float) -> None:
    figure, (axes,) = panels(1)
    waves = np.array([800.0, 400.0, 200.0])
    ratios = {"linear": np.array([1.0, np.nan, 0.6]), "cubic": np.array([1.0, 1.1, highest])}
    figures.plot_spectra(axes, ratios, waves, BOTH)
    top = axes.get_ylim()[1]
    assert top < 3.1  # what lies around 1 stays readable
    marked = {
        (float(x), float(y))
        for line in axes.lines
        if line.get_marker() == "^"
        for x, y in np.transpose([line.get_xdata(), line.get_ydata()])
    }
    assert marked == ({(200.0, top)} if highest > top else set())
    assert [one.get_text() for one in axes.texts] == (["up to 7.4"] if marked else [])
    assert figure.axes


def test_a_place_is_one_with_values_where_straight_lines_are_exact(make_dataset: Maker) -> None:
    dataset = make_dataset(24 * 5 + 1, wiggle=0.0).drop_vars(["tp", "time_bnds"])
    dataset["v10"] = dataset.v10.where(dataset.lat > 43)  # constant, and missing in the corner
    series = series_from_dataset(dataset, source="line.nc")
    found = evaluate(series, withhold=6, methods=["nearest"])
    place = examples.telling_place(found, "v10", ["linear", "nearest"])
    assert np.isfinite(place.truth).all()
