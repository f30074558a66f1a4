"""Coverage as tables: what is counted is what the records say."""

from typing import Any

from benchmarks.uncertainty_tables import by_method, coverage_by_lead, overall, table

LEADS = (0.25, 0.5, 0.75)


def records(method: str, coverages: tuple[float, ...], variable: str = "t2m") -> list[Any]:
    """Of one variable: at each lead fraction, and of all together."""
    mean = sum(coverages) / len(coverages)
    each = zip((*LEADS, None), (*coverages, mean), strict=True)
    return [
        {
            "variable": variable, "method": method, "lead_fraction": lead, "coverage_90": coverage,
            "crps": 0.6, "mae": 0.8, "spread_over_rmse": 1.1,
        }
        for lead, coverage in each
    ]  # fmt: skip


FEW = [
    *records("linear", (91.0, 93.0, 80.0)),
    *records("solar", (89.0, 90.0, 97.0)),
    *records("linear", (87.9, 92.1, 95.0), "ps"),
    *records("solar", (88.0, 92.0, 90.0), "ps"),
]


def broken(text: str) -> str:
    """With spaces at which a line may break."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_methods_stand_by_how_often_they_have_what_was_asked_for() -> None:
    found = by_method({"one": FEW, "other": records("linear", (90.0, 90.0, 10.0))})
    rows = [[broken(cell) for cell in row] for row in found.groups[0]]
    assert rows == [
        ["solar", "5 of 6", "–", "5 of 6", "83", "83"],
        ["linear", "1 of 6", "2 of 3", "3 of 9", "33", "78"],
    ]


def test_a_methods_coverage_is_shown_at_each_lead_fraction_and_bold_where_asked_for() -> None:
    found = coverage_by_lead("part", FEW, "linear")
    assert found is not None
    assert found.header == ("variable", "θ = 0.25", "θ = 0.50", "θ = 0.75", "all θ")
    assert found.groups[0][0] == ("t2m", "**91.0**", "93.0", "80.0", "**88.0**")
    assert found.groups[0][1] == ("ps", "87.9", "92.1", "95.0", "**91.7**")
    assert coverage_by_lead("part", FEW, "temdeep") is None


def test_means_over_variables_are_taken_at_each_lead_fraction() -> None:
    means = table("part", FEW).groups[-1]
    first = [broken(cell) for cell in means[0]]
    assert first == ["mean of all", "linear", "89.8", "89 93 88", "1 of 3", "25", "1.10"]
    assert broken(means[1][3]) == "88 91 94"


def test_the_best_and_the_worst_method_are_named() -> None:
    told = broken(overall(FEW))
    assert told.startswith("Of 12 variables, methods and lead fractions 50 % have")
    assert told.endswith("by solar (5 of 6), least often by linear (1 of 6).")
