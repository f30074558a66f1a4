"""What a command loads: nothing that it does not need, so that it starts at once."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.making import save, temperature

LEARNING = {"torch", "pytorch_lightning", "safetensors", "tensorboard"}
DRAWING = {"matplotlib", "mpl_toolkits", "rich.progress"}
SCIENCE = {"cv2", "scipy.stats", "scipy.optimize", "scipy.ndimage", "pyproj", "earthkit"}
STORING = {"zarr", "distributed"}
GRIB = {"cfgrib", "eccodes"}
DATA = {"bokeh", "numpy", "xarray", "dask", "zarr", "netCDF4", "rich", "jsonargparse"}

RUN = """
import sys
from temdeep.cli.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def loaded(*arguments: str) -> set[str]:
    """Modules that a command has loaded when it is done."""
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "command", [[], ["info"], ["train"], ["downscale"], ["evaluate"], ["export"], ["view"]]
)
def test_help_loads_no_data_libraries(command: list[str]) -> None:
    found = loaded(*command, "--help")
    assert not found & (LEARNING | DRAWING | SCIENCE | GRIB | DATA)


@pytest.mark.parametrize(
    ("method", "needed"),
    [
        ("linear", set()),
        ("cubic", set()),
        ("solar", {"scipy.optimize", "earthkit"}),
        ("optical_flow", {"cv2", "scipy.ndimage"}),
    ],
)
def test_a_classical_method_loads_only_what_it_needs(
    tmp_path: Path, method: str, needed: set[str]
) -> None:
    source = save(temperature([0, 3, 6, 9]), tmp_path)
    target = tmp_path / "out.nc"
    found = loaded("downscale", str(source), "-o", str(target), "--step", "1h", "--method", method)
    assert needed <= found
    assert not found & (LEARNING | DRAWING | GRIB | STORING | SCIENCE - needed)
    assert target.is_file()
