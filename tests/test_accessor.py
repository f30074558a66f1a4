"""`ds.temdeep.downscale(…)` does what `temdeep.downscale(ds, …)` does."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import temperature

import temdeep


def test_a_dataset_fills_itself() -> None:
    dataset = temperature([0, 3, 6, 9])
    found = dataset.temdeep.downscale("1h", method="linear")
    np.testing.assert_allclose(found["t2m"][:, 0, 0], np.arange(10), rtol=1e-6)
    wanted = temdeep.downscale(dataset, step="1h", method="linear")
    xr.testing.assert_identical(found.drop_attrs(deep=False), wanted.drop_attrs(deep=False))


@pytest.mark.parametrize("name", ["t2m", None])
def test_an_array_fills_itself_and_stays_an_array(name: str | None) -> None:
    array = temperature([0, 3, 6, 9])["t2m"].rename(name)
    found = array.temdeep.downscale("1h", method="linear")
    assert isinstance(found, xr.DataArray)
    assert found.name == name
    assert found.attrs == {**array.attrs, "temdeep_method": "linear"}
    np.testing.assert_allclose(found[:, 0, 0], np.arange(10), rtol=1e-6)
    np.testing.assert_array_equal(found.sel(time=array.time), array)
    given = found["temdeep_provenance"] == 0
    np.testing.assert_array_equal(found.time[given], array.time)


@pytest.mark.parametrize("dim", ["variable", "channel"])
def test_an_array_of_several_variables_fills_each_as_a_dataset_does(dim: str) -> None:
    """As earth2studio hands them: start, lead time, variable, and no attributes at all."""
    names, lead = np.array(["u10m", "t2m", "z500"]), np.arange(5) * np.timedelta64(6, "h")
    values = np.random.default_rng(0).normal(280, 1, (1, 5, 3, 4, 5)).astype(np.float32)
    array = xr.DataArray(
        values,
        dims=("time", "lead_time", dim, "lat", "lon"),
        coords={
            "time": [np.datetime64("2024-01-01", "ns")],
            "lead_time": lead.astype("timedelta64[ns]"),
            dim: names,
            "lat": np.linspace(50, 47, 4),
            "lon": np.linspace(0, 4, 5),
        },
        attrs={"model": "some"},
    )
    found = array.temdeep.downscale("1h", method="linear")
    assert found.dims == array.dims
    assert found.sizes["lead_time"] == 25
    assert found.attrs["model"] == "some"
    np.testing.assert_array_equal(found[dim], names)
    np.testing.assert_array_equal(found.sel(lead_time=array.lead_time), array)
    wanted = temdeep.downscale(array.to_dataset(dim), step="1h", method="linear")
    for name in names:
        np.testing.assert_array_equal(found.sel({dim: name}), wanted[name])
    one = array.temdeep.downscale("1h", method="linear", variables=["t2m"])
    assert list(one[dim].values) == ["t2m"]
    with pytest.raises(temdeep.TemdeepError, match=rf"array\.to_dataset\(dim='{dim}'\)"):
        temdeep.downscale(array, "1h", method="linear", uncertainty=True)
    picked = array.isel({dim: 1}).temdeep.downscale("1h", method="linear")
    np.testing.assert_array_equal(picked, found.isel({dim: 1}))
    with pytest.raises(temdeep.TemdeepError, match=r"'lat' along .* is the name of a coordinate"):
        array.assign_coords({dim: ["t2m", "lat", "z"]}).temdeep.downscale("1h", method="linear")
    with pytest.raises(temdeep.TemdeepError, match="'t2m' stands twice"):
        array.assign_coords({dim: ["t2m", "t2m", "z"]}).temdeep.downscale("1h", method="linear")


def test_a_mistake_is_a_sentence_and_an_unknown_argument_is_refused() -> None:
    dataset = temperature([0, 3])
    with pytest.raises(temdeep.TemdeepError, match="no method 'magic'"):
        dataset.temdeep.downscale("1h", method="magic")
    with pytest.raises(TypeError, match="'stepp'"):
        dataset.temdeep.downscale(stepp="1h")


@pytest.mark.parametrize(
    "imports", ["import temdeep, xarray", "import xarray, temdeep", "import temdeep, xarray.core"]
)
def test_the_order_of_imports_does_not_matter(imports: str) -> None:
    code = (
        f"{imports}; import sys, importlib.util; from xarray import Dataset, DataArray;"
        "print(Dataset.temdeep.downscale, DataArray.temdeep.downscale);"
        "print(type(importlib.util.find_spec('xarray').loader).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("property object") == 2
    assert "SourceFileLoader" in done.stdout
