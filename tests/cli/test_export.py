"""`temdeep export`: the program runs without us and gives what `temdeep downscale` gives."""

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from tests.export.making import in_window, motion_of
from tests.training.making import TINY, series

import temdeep
from temdeep import model_store
from temdeep.cli.main import main
from temdeep.export.describing import describe
from temdeep.fields.intervals import Interval
from temdeep.fields.series import open_series, series_from_dataset
from temdeep.training.fit import train

SHAPE = (18, 20)
THETA = np.array([0.0, 0.25, 0.5, 1.0])
TORCH_ALONE = """
import sys
sys.modules["temdeep"] = None  # not to be had
import numpy as np
import torch
given = [torch.from_numpy(one) for one in np.load("given.npz").values()]
fields = torch.export.load("fields.pt2").module()
calm = torch.export.load("fields.calm.pt2").module()
np.savez("made.npz", fields=fields(*given), calm=calm(*given[:3]), one=fields(*given[:3],
         given[3][1:2], given[4]))
assert not [name for name in sys.modules if name.startswith("temdeep.")]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A series, a model whose network keeps all but one of its variables, and what is exported."""
    made = tmp_path_factory.mktemp("export")
    data = series(shape=SHAPE)
    data["u10"].attrs["units"] = data["v10"].attrs["units"] = "m s-1"
    data.to_netcdf(made / "in.nc")
    run = made / "run"
    train(
        data.assign_attrs(license="CC-BY-4.0"), run, settings=replace(TINY, without=("fallback",))
    )
    told = model_store.read(run)
    told["instead"]["v10"] = {"method": "linear", "reason": "it was better"}
    model_store.write_description(run, told)
    assert main(["export", *map(str, (run, made / "in.nc", "-o", made / "fields.pt2"))]) == 0
    return made


def first_interval(folder: Path) -> Interval:
    """The third one: two frames before it, three after."""
    known = open_series([folder / "in.nc"])
    model = model_store.load_method(folder / "run")
    channels = known.instantaneous()
    return [one for _, one in known.intervals(3, [channels[i] for i in model.places(channels)])][2]


def told_in(path: Path) -> dict[str, Any]:
    """The description inside a program's file."""
    with zipfile.ZipFile(path) as parts:
        (name,) = (one for one in parts.namelist() if one.endswith("/extra/temdeep.json"))
        told: dict[str, Any] = json.loads(parts.read(name))
    return told


def test_places_that_the_model_has_not_seen_are_told_of(folder: Path) -> None:
    model, run = model_store.load_method(folder / "run"), folder / "run"
    about = model_store.description(run), model_store.digest(run)
    with xr.open_dataset(folder / "in.nc") as source:
        known, south = source.load(), source.assign_coords(lat=source["lat"] - 30)
    assert describe(model, series_from_dataset(known), *about)["unfamiliar"] == []
    (told,) = describe(model, series_from_dataset(south), *about)["unfamiliar"]
    assert "100% of the places" in told


@pytest.mark.slow
def test_it_gives_what_downscale_gives_in_a_process_that_has_torch_alone(folder: Path) -> None:
    model, interval = model_store.load_method(folder / "run"), first_interval(folder)
    frames = in_window(interval)
    assert np.isnan(frames[0]).all()
    start = np.int64(interval.valid_time.astype("datetime64[s]").astype(np.int64))
    calm = torch.export.load(folder / "fields.calm.pt2").module()
    head = (torch.from_numpy(frames), torch.tensor(start), torch.tensor(interval.span_s).double())
    motion = motion_of(model, interval, calm(*head).numpy())
    assert np.abs(motion).max() > 1
    np.savez(
        folder / "given.npz",
        frames=frames,
        valid_time=start,
        span_s=np.float64(interval.span_s),
        theta=THETA,
        motion=motion,
    )
    subprocess.run([sys.executable, "-c", TORCH_ALONE], cwd=folder, check=True)
    made = np.load(folder / "made.npz")
    np.testing.assert_allclose(made["calm"], calm(*head), atol=1e-6)
    np.testing.assert_array_equal(made["one"], made["fields"][1:2])
    times = interval.valid_time + np.rint(THETA * interval.span_s).astype("timedelta64[s]")
    with xr.open_dataset(folder / "in.nc") as source:
        wanted = temdeep.downscale(source.drop_vars("tp"), times=times, model=folder / "run")
    for i, one in enumerate(told_in(folder / "fields.pt2")["outputs"]):
        size = float(np.abs(wanted[one["name"]]).max())
        np.testing.assert_allclose(made["fields"][:, i], wanted[one["name"]], atol=1e-6 * size)


def test_the_file_tells_what_goes_in_and_out_and_what_is_missing(folder: Path) -> None:
    told = told_in(folder / "fields.pt2")
    assert told["version"] == temdeep.__version__
    assert [one["name"] for one in told["inputs"]] == ["t2m", "u10", "v10"]
    assert told["outputs"] == [{"name": "t2m", "units": "K"}, {"name": "u10", "units": "m s-1"}]
    assert told["not_filled_in"]["v10"] == {"method": "linear", "reason": "it was better"}
    assert set(told["not_filled_in"]) == {"v10", "tp"}
    by_name = {one["name"]: one for one in told["arguments"]}
    assert list(by_name) == ["frames", "valid_time", "span_s", "theta", "motion"]
    assert by_name["frames"]["shape"] == [8, 3, *SHAPE]
    assert by_name["motion"]["shape"] == [len(told["levels"]), 2, *SHAPE]
    assert told["grid"]["latitude_deg"] == [50 - 0.5 * i for i in range(SHAPE[0])]
    assert told["model"]["data"] == [{"license": "CC-BY-4.0"}]
    assert told["model"]["sha256"] == model_store.digest(folder / "run")
    other = told_in(folder / "fields.calm.pt2")
    assert (other["program"], told["program"]) == ("calm", "fields")
    assert [one["name"] for one in other["arguments"]] == ["frames", "valid_time", "span_s"]
    for path in folder.glob("*.pt2"):
        assert str(Path(temdeep.__file__).parent).encode() not in path.read_bytes()


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The sentence with which the command ends."""
    assert main(["export", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_nothing_is_overwritten_unasked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in folder.glob("*.pt2")}
    asked = folder / "run", folder / "in.nc", "-o"
    sentence = told(capsys, *asked, folder / "fields.pt2")
    assert sentence == (
        f"temdeep: {folder / 'fields.pt2'} exists already: say --overwrite, or choose another"
        " name.\n"
    )
    (folder / "other.calm.pt2").write_bytes(b"mine")
    assert "other.calm.pt2 exists already" in told(capsys, *asked, folder / "other.pt2")
    (folder / "other.calm.pt2").unlink()
    assert {path: path.read_bytes() for path in folder.glob("*.pt2")} == before


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("fields.onnx", "fields.onnx is no program of PyTorch by its suffix: end it in .pt2."),
        ("none/fields.pt2", "no folder none to write fields.pt2 in."),
        ("s3://bucket/fields.pt2", "s3://bucket/fields.pt2 is a URL"),
        ("folder.pt2", "folder.pt2 is a folder, and is not replaced."),
    ],
)
def test_a_target_that_cannot_be_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    target: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.pt2").mkdir()
    assert words in told(capsys, "run", "in.nc", "-o", target, "--overwrite")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.pt2"]


def test_a_model_that_does_not_fit_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "fields.pt2"
    run = Path(shutil.copytree(folder / "run", tmp_path / "run"))
    assert "there is no model" in told(capsys, tmp_path / "none", folder / "in.nc", "-o", target)
    asked = run, folder / "in.nc", "-o", target
    assert "the model also needs v10" in told(capsys, *asked, "--variable", "t2m,u10")
    with xr.open_dataset(folder / "in.nc") as data:
        data["t2m"].attrs["units"] = "degC"
        data.to_netcdf(tmp_path / "celsius.nc")
    assert "'t2m' is in 'degC'" in told(capsys, run, tmp_path / "celsius.nc", "-o", target)
    told_of = model_store.read(run)
    left = {"method": "solar", "reason": "it was better"}
    told_of["instead"] = dict.fromkeys([*told_of["instead"], "t2m", "u10"], left)
    model_store.write_description(run, told_of)
    sentence = told(capsys, *asked)
    assert "left every variable to a classical method" in sentence
    assert "t2m: solar" in sentence
    assert not target.exists()


def test_a_grid_without_rows_and_columns_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with xr.open_dataset(folder / "in.nc") as data:
        places = data.isel(lat=slice(4), lon=slice(4)).stack(place=("lat", "lon"))
        places.reset_index("place").drop_vars("tp").to_netcdf(tmp_path / "places.nc")
    sentence = told(capsys, folder / "run", tmp_path / "places.nc", "-o", tmp_path / "fields.pt2")
    assert "a network needs rows and columns" in sentence
