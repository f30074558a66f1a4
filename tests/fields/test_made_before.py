"""What temdeep filled in is known again in its outputs, and never taken for what was observed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import in_memory, mixed, save

import temdeep
from temdeep.cli.main import main
from temdeep.cli.start_training import main as main_py
from temdeep.errors import RequestError
from temdeep.fields.series import open_series
from temdeep.verification.withholding import thin_out

FLAG = "temdeep_provenance"


@pytest.fixture(scope="module")
def filled() -> xr.Dataset:
    """Nine times 3 h apart, filled in every hour."""
    given = mixed()[["t2m", "sp"]]
    return temdeep.downscale(given, "1h", method="linear")


def commands(source: Path, folder: Path) -> dict[str, Callable[[], int]]:
    run = folder / "run"
    return {
        "evaluate": lambda: main(["evaluate", str(source), "--withhold", "2"]),
        "train": lambda: main(["train", str(source), "-o", str(run)]),
        "main.py": lambda: main_py([f"--data={source}", f"--model_path={run}"]),
    }


@pytest.mark.parametrize("command", ["evaluate", "train", "main.py"])
@pytest.mark.parametrize("name", ["filled.nc", "filled.zarr"])
def test_what_was_made_is_no_truth_and_nothing_to_learn_from(
    filled: xr.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert commands(save(filled, tmp_path, name), tmp_path)[command]() == 2
    told = capsys.readouterr().err
    assert f"16 of 25 times of {name} were filled in by temdeep and not given" in told
    assert f"ds.isel(time=ds.{FLAG}.values != 1)" in told
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_given_times_alone_are_as_good_as_the_series_that_they_were_in(filled: xr.Dataset) -> None:
    given = filled.isel(time=filled[FLAG].values != 1)
    assert len(thin_out(in_memory(given), 2).coarse.time) == 5
    with pytest.raises(RequestError, match=r"16 of 25 .* nothing to test against"):
        temdeep.evaluate(filled, withhold=2, methods=["linear"])
    with pytest.raises(RequestError, match=r"16 of 25 .* nothing to learn from"):
        temdeep.train([given, filled], "run")


def test_several_outputs_as_one_series_are_known_too(filled: xr.Dataset, tmp_path: Path) -> None:
    paths = [save(filled.isel(time=slice(0, 13)), tmp_path, "a.nc")]
    paths += [save(filled.isel(time=slice(13, 25)), tmp_path, "b.nc")]
    with pytest.raises(RequestError, match=r"16 of 25 times of .* and 1 more"):
        thin_out(open_series(paths), 2)


@pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")
def test_periods_that_were_made_are_known_where_the_stamps_are_given() -> None:
    filled = temdeep.downscale(mixed(), "1h", method="linear")
    kept = filled.isel(time=filled[FLAG].values != 1)
    with pytest.raises(RequestError, match=r"9 of 9 times .* it was made of\.$"):
        thin_out(in_memory(kept), 2)
    thin_out(in_memory(kept, variables=["t2m", "sp"]), 2)


@pytest.mark.parametrize("as_array", [False, True])
def test_a_time_that_was_made_stays_flagged(filled: xr.Dataset, as_array: bool) -> None:
    source = filled.set_coords(FLAG)[["t2m"]].copy()
    source["time"].encoding = {}
    again = source["t2m"].temdeep if as_array else source.temdeep
    with pytest.warns(UserWarning, match="16 of 25 times .* were filled in by temdeep before"):
        flag = again.downscale("30min", method="linear")[FLAG]
    np.testing.assert_array_equal(flag, (np.arange(49) % 6 > 0).astype(int))
    assert flag.attrs["flag_meanings"] == "given made given_but_periods_made"


def test_flags_that_everyday_arithmetic_has_changed_are_still_known(filled: xr.Dataset) -> None:
    raw = mixed()[["t2m", "sp"]]
    later = raw.assign_coords(time=raw["time"] + np.timedelta64(25, "h")).isel(time=slice(1, None))
    for changed in (
        filled.assign({FLAG: filled[FLAG].astype(float)}),
        filled.assign({FLAG: filled[FLAG] * (2 / 3)}),
        xr.concat([filled, later], "time"),
    ):
        with pytest.raises(RequestError, match="16 of "):
            temdeep.train(changed, "run")


def test_an_output_and_raw_data_after_it_are_one_series(filled: xr.Dataset, tmp_path: Path) -> None:
    raw = mixed(25, step_h=1)[["t2m", "sp"]]
    later = raw.assign_coords(time=raw["time"] + np.timedelta64(25, "h"))
    paths = [save(filled, tmp_path, "a.nc"), save(later, tmp_path, "b.nc")]
    assert len(open_series(paths).time) == 50
    with pytest.raises(RequestError, match="16 of 50"):
        thin_out(open_series(paths), 2)
