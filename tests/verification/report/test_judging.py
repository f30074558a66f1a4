"""The verdict says what the records show, the bad news too."""

from typing import Any

import pytest

from temdeep.verification.report.judging import Verdict, judge
from temdeep.verification.report.standing import Standing

TITLES = {"t2m": "2 m temperature", "pr": "precipitation"}


def record(variable: str, method: str, rate: float | None, **more: Any) -> dict[str, Any]:
    spread = more.pop("spread", 2.0)
    ends = (None, None) if spread is None or rate is None else (rate - spread, rate + spread)
    return {
        "variable": variable,
        "method": method,
        "lead_fraction": None,
        "rmse": 1.0,
        "restoration_rate": rate,
        "restoration_rate_low": ends[0],
        "restoration_rate_high": ends[1],
        "restoration_rate_mse": None if rate is None else 100 * (1 - (1 - rate / 100) ** 2),
        "kind": "instantaneous",
        "treatment": method,
        "spectrum_ratio": 1.0,
        "extremes_recovered": 80.0,
        **more,
    }


def scores(
    records: list[dict[str, Any]],
    comparisons: list[dict[str, Any]] | None = None,
    *,
    blocks: int = 60,
    unit: str = "day",
    notes: tuple[str, ...] = (),
    breakdown: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    about = {
        "data": {"step_s": 3600.0},
        "split": {
            "span_hours": 6.0,
            "test_first": "2019-03-24T00:00",
            "test_last": "2019-05-24T00:00",
        },
        "bootstrap": {"blocks": blocks, "unit": unit},
        "notes": list(notes),
    }
    return {
        "about": about,
        "records": records,
        "comparisons": comparisons or [],
        "breakdown": breakdown or [],
    }


def beside(variable: str, against: str, gain: float, spread: float | None = 1.0) -> dict[str, Any]:
    ends = (None, None) if spread is None else (gain - spread, gain + spread)
    return {
        "variable": variable,
        "method": "temdeep",
        "against": against,
        "gain": gain,
        "gain_low": ends[0],
        "gain_high": ends[1],
    }


def one_variable(rate: float, comparison: dict[str, Any] | None = None, **more: Any) -> Verdict:
    rows = [record("t2m", "temdeep", rate, **more), record("pooled", "temdeep", rate)]
    both = [] if comparison is None else [comparison, {**comparison, "variable": "pooled"}]
    return judge(scores(rows, both), "temdeep", {"t2m": TITLES["t2m"]})


@pytest.mark.parametrize(
    ("rate", "gain", "spread", "standing"),
    [
        (40.0, 5.0, 1.0, Standing.BEST),
        (40.0, 5.0, 6.0, Standing.LEVEL),  # the interval covers zero
        (40.0, 0.01, 0.001, Standing.LEVEL),  # prints as zero
        (40.0, -5.0, 6.0, Standing.LEVEL),
        (40.0, -5.0, 1.0, Standing.BEHIND),
        (40.0, 5.0, None, Standing.BEST),
        (40.0, -5.0, None, Standing.BEHIND),
        (1.0, 1.0, 0.5, Standing.NO_USE),  # 1 ± 2 %: no better than linear for sure
        (-20.0, -30.0, 1.0, Standing.NO_USE),
    ],
)
def test_a_difference_counts_where_its_interval_leaves_out_zero(
    rate: float, gain: float, spread: float | None, standing: Standing
) -> None:
    verdict = one_variable(rate, beside("t2m", "solar", gain, spread))
    assert verdict.findings[0].standing is standing


def test_the_headline_has_pace_variable_size_and_interval() -> None:
    headline = one_variable(66.3).headline.replace("\N{NO-BREAK SPACE}", " ")
    assert headline == (
        "6-hourly to hourly, 2 m temperature: errors 66 % smaller than straight lines (64 … 68 %)."
    )


def test_a_worse_method_is_called_worse_and_the_better_one_named() -> None:
    verdict = one_variable(-20.0, beside("t2m", "solar", -35.0))
    assert "LARGER than straight lines" in verdict.headline
    assert "LARGER than solar" in verdict.findings[0].text
    assert any("2 m temperature" in one and "use solar" in one for one in verdict.not_for)
    behind = one_variable(40.0, beside("t2m", "optical_flow", -5.0))
    assert "2 m temperature: use optical flow instead." in behind.not_for


def test_an_interval_that_covers_zero_is_said_to() -> None:
    verdict = one_variable(1.0, beside("t2m", "solar", 3.0, 4.0))
    assert verdict.headline.count("covers zero") == 1
    assert "no clear difference" in verdict.findings[0].text


def test_errors_many_times_larger_are_told_as_such() -> None:
    headline = one_variable(-642.0).headline.replace("\N{NO-BREAK SPACE}", " ")
    assert "errors 7.42 TIMES those of straight lines (7.4 … 7.44 times)" in headline
    assert "over 1000 TIMES" in one_variable(-4e8).headline


def test_the_largest_gain_is_told_with_its_hours() -> None:
    """Of those in which straight lines miss something: not the night of sunlight."""
    parts = [
        {"by": "part_of_day", "part": part, "method": "temdeep", "variable": "pooled",
         "restoration_rate": rate}
        for part, rate in (("03-06", 99.0), ("06-09", 70.0), ("15-18", 60.0))
    ]  # fmt: skip
    parts += [
        {"by": "part_of_day", "part": part, "method": "linear", "variable": "t2m",
         "restoration_rate": 0.0, "rmse": rmse}
        for part, rmse in (("03-06", 0.1), ("06-09", 1.0), ("15-18", 1.2))
    ]  # fmt: skip
    rows = [record("t2m", "temdeep", 66.0), record("pooled", "temdeep", 66.0)]
    verdict = judge(scores(rows, breakdown=parts), "temdeep", {"t2m": "T"})
    assert "largest gain between 06 and 09" in verdict.headline


def test_what_the_scores_speak_against_is_named() -> None:
    rows = [
        record("t2m", "temdeep", 40.0, extremes_recovered=31.0, spectrum_ratio=0.6),
        record("pr", "temdeep", 20.0, kind="mean", wet_area_ratio=1.9, spectrum_ratio=1.5),
        record("pooled", "temdeep", 40.0),
        record("pooled_period", "temdeep", 20.0),
    ]
    hour = {"by": "part_of_day", "part": "06-09", "method": "temdeep", "variable": "t2m"}
    south = {**hour, "by": "region", "part": "0-30° S", "restoration_rate": -9.0}
    parts = [{**hour, "restoration_rate": -7.0}, south]
    told = "\n".join(judge(scores(rows, breakdown=parts), "temdeep", TITLES).not_for)
    told = told.replace("\N{NO-BREAK SPACE}", " ")
    assert "at most 31.0 % is recovered for 2 m temperature" in told
    assert "2 m temperature (0.60): too smooth" in told
    assert "precipitation (1.50): too rough" in told
    assert "wet area is 1.90 times" in told
    assert "2 m temperature at 06–09 h local solar time" in told
    assert "2 m temperature in 0–30° S" in told


@pytest.mark.parametrize(
    ("finest", "share", "whole", "told"),
    [
        (1.7, 3.0, 1.0, True),
        (0.5, 3.0, 1.0, True),
        (1.3, 3.0, 1.0, False),  # within a third
        (7.4, 0.03, 1.0, False),  # of next to nothing
        (1.7, 3.0, 1.4, False),  # told already of all waves under six cells
        (None, None, None, False),
    ],
)
def test_the_finest_waves_are_told_where_gradients_rest_on_them(
    finest: float | None, share: float | None, whole: float | None, *, told: bool
) -> None:
    verdict = one_variable(
        40.0, spectrum_ratio=whole, spectrum_ratio_finest=finest, gradient_finest=share
    )
    said = [one for one in verdict.not_for if "Gradients from cell to cell" in one]
    assert bool(said) is told
    assert all(f"2 m temperature ({finest:.2f})" in one for one in said)


def test_a_short_test_is_called_short() -> None:
    rows = [
        record("t2m", "temdeep", 40.0, spread=None),
        record("pooled", "temdeep", 40.0, spread=None),
    ]
    none = scores(rows, blocks=1, unit="none: fewer than five blocks", notes=("these overlap",))
    told = judge(none, "temdeep", {"t2m": "T"}).warnings
    assert "too few days for any interval" in told[0]
    assert told[1] == "These overlap"
    few = judge(scores(rows, blocks=8), "temdeep", {"t2m": "T"}).warnings
    assert "8 days" in few[0]
    assert judge(scores(rows, blocks=60), "temdeep", {"t2m": "T"}).warnings == ()


def exact(rmse: float, **more: Any) -> dict[str, Any]:
    return record("pr", "temdeep", None, rmse=rmse, rounding=1e-7, units="kg m-2", **more)


def test_harm_where_straight_lines_are_exact_is_named() -> None:
    rows = [record("t2m", "temdeep", 40.0), exact(0.13), record("pooled", "temdeep", 40.0)]
    verdict = judge(scores(rows), "temdeep", TITLES)
    (harm,) = (one for one in verdict.findings if one.variable == "pr")
    assert harm.standing is Standing.HARM
    assert "off by 0.13" in harm.text
    assert any("TemDeep is WORSE" in one for one in verdict.summary)
    assert any("recipitation" in one and "use linear" in one for one in verdict.not_for)
    assert not any("recipitation" in one for one in verdict.untested)
    assert verdict.headline.startswith("6-hourly to hourly, 2 m temperature:")


@pytest.mark.parametrize(("rmse", "said"), [(0.13, "TemDeep is not"), (1e-8, "for rounding.")])
def test_a_test_in_which_all_lines_are_exact_has_a_headline(rmse: float, said: str) -> None:
    rows = [exact(rmse), record("pooled", "temdeep", None)]
    headline = judge(scores(rows), "temdeep", {"pr": "rain"}).headline
    assert "straight lines are exact here" in headline
    assert said in headline


def test_a_rival_without_error_is_ahead() -> None:
    verdict = one_variable(40.0, {**beside("t2m", "cubic", 0.0), "gain": None})
    assert verdict.findings[0].standing is Standing.BEHIND


def test_what_was_not_judged_is_not_passed_over() -> None:
    rows = [
        record("t2m", "temdeep", 40.0),
        record("pr", "temdeep", None, kind="mean"),
        record("pooled", "temdeep", 40.0),
    ]
    verdict = judge(scores(rows), "temdeep", TITLES)
    assert [one.variable for one in verdict.findings] == ["t2m"]
    assert verdict.untested[0].startswith("precipitation:")
    assert "2019-03-24 to 2019-05-24" in verdict.untested[1]


def test_a_variable_left_to_another_method_says_so() -> None:
    verdict = one_variable(40.0, beside("t2m", "solar", 0.0, 0.0), treatment="solar: best")
    assert "as large as those of solar, which it uses here" in verdict.findings[0].text
