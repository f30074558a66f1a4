"""The page tells how well a method knows how wrong it is, in words that fit the scores."""

import re

import numpy as np
import pytest
import xarray as xr

from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.cubic import Cubic
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear
from temdeep.methods.spread import ChannelSpread, Spread
from temdeep.methods.uncertain import Uncertain
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.report.page import write_report
from temdeep.verification.report.spread_section import _headline
from temdeep.verification.report.words import FIT, FITS, fit_of, inside
from temdeep.verification.tables import whole_rows

TIED = "\N{NO-BREAK SPACE}"


def series() -> Series:
    """Two variables that straight lines and curves are wrong of; five days, hourly."""
    hours = np.arange(5 * 24 + 1)
    phase = np.random.default_rng(5).uniform(0, 6.0, (2, 5, 6))
    wave = np.sin(2 * np.pi * hours[:, None, None, None] / 13 + phase)
    stamps = np.datetime64("2019-03-24", "ns") + hours.astype("timedelta64[h]")
    told = {"cell_methods": "time: point"}
    dims = ("time", "lat", "lon")
    return series_from_dataset(
        xr.Dataset(
            {
                "t2m": (dims, 280 + 5 * wave[:, 0], {"units": "K", **told}),
                "ps": (dims, 1e5 + 300 * wave[:, 1], {"units": "Pa", **told}),
            },
            coords={
                "time": stamps,
                "lat": ("lat", np.linspace(50, 58, 5), {"units": "degrees_north"}),
                "lon": ("lon", np.linspace(-8, 6, 6), {"units": "degrees_east"}),
            },
        ),
        source="week.nc",
    )


def says(units: str, deviation: float) -> ChannelSpread:
    """The same deviation in the middle of every interval, with normal tails."""
    sizes = np.sort(np.abs(np.random.default_rng(1).normal(size=4000)))
    told = tuple(np.quantile(sizes, (np.arange(50) + 0.5) / 50))
    nothing = ((0.0,) * 4,)
    return ChannelSpread(
        units, (21_600.0,), (float(np.log(deviation)),), nothing, (0.0,) * 4, 0.5, told
    )


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Of temperature much too little is said, of pressure too much."""
    spread = Spread({"t2m": says("K", 0.2), "ps": says("Pa", 1200.0)})
    methods: dict[str, Method] = {"linear": Linear(), "cubic": Uncertain(Cubic(), spread)}
    return evaluate(series(), methods=methods, withhold=6)


@pytest.fixture(scope="module")
def text(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("report") / "r.html"
    return write_report(evaluation, target, subject="cubic").read_text(encoding="utf-8")


def section(text: str) -> str:
    found = re.search(r'<section id="spread">.*?</section>', text, re.DOTALL)
    assert found
    return found[0]


def test_words_say_what_the_scores_say(evaluation: Evaluation, text: str) -> None:
    held = [whole_rows(evaluation.records, name)["cubic"]["coverage_90"] for name in ("t2m", "ps")]
    assert held[0] < 40
    assert held[1] > 98
    told = section(text)
    assert f"holds {np.mean(held):.0f}{TIED}% of the truth on average over 2 variables" in told
    assert "for none of them it is as it should be" in told
    assert f"<li>Far too narrow: t2m ({held[0]:.0f}{TIED}%).</li>" in told
    assert f"<li>Far too wide: ps ({held[1]:.0f}{TIED}%).</li>" in told


def test_the_table_shows_the_numbers_of_the_scores(evaluation: Evaluation, text: str) -> None:
    for name in ("t2m", "ps"):
        row = whole_rows(evaluation.records, name)["cubic"]
        for score in ("coverage_90", "crps", "mae", "spread_over_rmse"):
            assert f'data-value="{row[score]}"' in section(text)
        under = 100 * (1 - row["crps"] / row["mae"])
        assert f'data-value="{under}">{under:.0f}<' in section(text)


def test_each_curve_is_told_to_those_who_cannot_see_it(text: str) -> None:
    alts = re.findall(r'<svg class="chart" role="img" aria-label="(.*?)"', section(text))
    assert len(alts) == 3 * 2  # by lead fraction, reliability, spread and skill; two variables
    assert "t2m inside the 90 % interval" in alts[0]
    assert "far too narrow" in alts[0]
    assert "linear" not in "".join(alts)  # says nothing of its errors
    assert "0.1" in alts[4]
    assert "K" in alts[4]


def test_too_narrow_error_bars_are_warned_of_in_the_verdict(text: str) -> None:
    verdict = text[: text.index('<section id="scores">')]
    assert "Risks that rest on the standard deviation of t2m" in verdict
    assert "of ps" not in verdict[verdict.index("Risks that rest") :]


def test_every_share_has_its_words() -> None:
    shares = np.linspace(0.0, 100.0, 1001)
    words = list(dict.fromkeys(fit_of(float(share)) for share in shares))
    assert words == list(FITS)
    assert fit_of(90.0) == "as it should be"
    assert fit_of(86.0) == "a little too narrow"
    assert fit_of(100.0 + 1e-9) == "far too wide"  # rounding of sums


def test_the_share_that_is_shown_is_the_one_that_is_judged() -> None:
    """87.7 is too narrow and shows so, where 88 to 92 are said to be as they should be."""
    for share in np.linspace(60.0, 100.0, 4001):
        shown = float(inside(float(share)).removesuffix(f"{TIED}%"))
        assert fit_of(shown) == fit_of(float(share))
        assert (FIT[0] <= shown <= FIT[1]) is (fit_of(float(share)) == "as it should be")
    assert inside(87.7) == f"87.7{TIED}%"
    assert inside(87.97) == inside(88.0) == f"88{TIED}%"
    assert inside(62.3) == f"62{TIED}%"


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([87.7], "holds 87.7 % of the truth: a little too narrow."),
        ([90.0, 91.0], "holds 90 % of the truth on average over 2 variables; for each of them it"),
        ([97.0, 90.0, 79.0], "over 3 variables; for 1 of them it is as it should be."),
    ],
)
def test_a_mean_that_is_right_by_chance_is_not_praised(shares: list[float], said: str) -> None:
    rows = {f"x{i}": {"coverage_90": share} for i, share in enumerate(shares)}
    told = _headline(rows, "auto").replace(TIED, " ")
    assert said in told
    assert told.count("as it should be") <= 1
