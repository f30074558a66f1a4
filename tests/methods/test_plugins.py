"""Methods that other packages bring are known by name; a package at fault is named."""

import json
import re
from pathlib import Path

import pytest
from tests.engine.making import save, temperature

import temdeep
from temdeep.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[0]
"""The method that CONTRIBUTING.md shows."""
BUILD = """

def build(series):
    return Smoothstep()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where packages can be put so that Python finds them."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(place: Path, code: str, package: str, declared: str = "smoothstep = {}:build") -> None:
    """Put a package of one module there, as an installer would."""
    (place / f"{package}.py").write_text(code)
    about = place / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[temdeep.methods]\n{declared.format(package)}\n")


def test_a_method_of_another_package_is_used_by_name(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(place, EXAMPLE + BUILD, "curves_one")
    source = save(temperature([0, 3, 6, 9]), place)
    target = place / "out.nc"
    asked = [str(source), "-o", str(target), "--step", "90min", "--method", "smoothstep", "--json"]
    assert main(["downscale", *asked]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["variables"] == {"t2m": "smoothstep"}
    found = temdeep.downscale(temperature([0, 3, 6, 9]), "45min", method="smoothstep")
    quarter = (1 / 4) ** 2 * (
        3 - 2 / 4
    )  # θ²(3 - 2θ) at θ = ¼, of the 3 K from one time to the next
    assert float(found["t2m"][1, 0, 0]) == pytest.approx(3 * quarter, rel=1e-6)


def test_it_is_listed_where_a_name_is_unknown(place: Path) -> None:
    install(place, EXAMPLE + BUILD, "curves_two")
    with pytest.raises(temdeep.TemdeepError, match="optical_flow, auto, smoothstep, or a model"):
        temdeep.downscale(temperature([0, 3]), "1h", method="magic")


@pytest.mark.parametrize(
    ("package", "code", "declared", "told"),
    [
        ("gone", "import nowhere_to_be_found", "smoothstep = gone:build", "No module named 'now"),
        ("bare", "", "smoothstep = bare:build", "module 'bare' has no attribute 'build'"),
        ("torn", "def build(:", "smoothstep = torn:build", "invalid syntax"),
        ("flat", "build = 3", "smoothstep = flat:build", "flat:build is a int, not a function"),
        ("void", "def build(series): return None", "smoothstep = void:build", "makes a NoneType"),
        (
            "alias",
            EXAMPLE + BUILD,
            "other = alias:build",
            "its method calls itself 'smoothstep'",
        ),
    ],
)
def test_a_package_at_fault_is_named_in_a_sentence(
    place: Path, package: str, code: str, declared: str, told: str
) -> None:
    install(place, code, package, declared)
    name = declared.partition(" ")[0]
    with pytest.raises(temdeep.TemdeepError, match=f"'{name}' of {package} 1.0 cannot be") as found:
        temdeep.downscale(temperature([0, 3]), "1h", method=name)
    assert told in str(found.value)
    assert str(found.value).count("\n") == 0
    temdeep.downscale(temperature([0, 3]), "1h", method="linear")  # others are as before


def test_the_doctor_tells_of_both(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(place, EXAMPLE + BUILD, "curves_five")
    install(place, "import nowhere_to_be_found", "gone_two", "lost = {}:build")
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "smoothstep  curves_five 1.0\n" in told
    assert "lost        the method 'lost' of gone_two 1.0 cannot be used (No module" in told


def test_one_name_in_two_packages_is_refused(place: Path) -> None:
    install(place, EXAMPLE + BUILD, "curves_three")
    install(place, EXAMPLE + BUILD, "curves_four")
    with pytest.raises(temdeep.TemdeepError, match=r"curves_\w+ 1\.0 and in curves_\w+ 1\.0: un"):
        temdeep.downscale(temperature([0, 3]), "1h", method="smoothstep")
