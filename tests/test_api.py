"""The Python interface."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import mixed, temperature

import temdeep
from temdeep.api import TemdeepWarning


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, temdeep; temdeep.__version__; temdeep.TemdeepError; dir(temdeep);"
        "print([m for m in ('torch', 'xarray', 'numpy', 'dask', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_filling_classically_loads_no_torch() -> None:
    code = (
        "import sys, temdeep; temdeep.downscale;"
        "print([m for m in ('torch', 'pytorch_lightning', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_exist_and_others_do_not() -> None:
    assert temdeep.__all__ == ["TemdeepError", "__version__", "downscale", "evaluate", "train"]
    assert callable(temdeep.downscale)
    with pytest.raises(AttributeError, match="no attribute 'upscale'"):
        _ = temdeep.upscale


def test_a_dataset_in_gives_a_dataset_out() -> None:
    dataset = temperature([0, 3, 6, 9])
    found = temdeep.downscale(dataset, step="1h", method="linear")
    assert isinstance(found, xr.Dataset)
    np.testing.assert_allclose(found["t2m"][:, 0, 0], np.arange(10), rtol=1e-6)
    assert found["t2m"].dtype == np.float32
    assert found.attrs["temdeep_command"] == ("temdeep.downscale(ds, step='1h', method='linear')")


def test_any_times_may_be_asked_for() -> None:
    times = np.array(["2019-03-01T00:20", "2019-03-01T08:59"], dtype="datetime64[s]")
    found = temdeep.downscale(temperature([0, 3, 6, 9]), times=times)
    np.testing.assert_array_equal(found["time"], times)
    np.testing.assert_allclose(found["t2m"][:, 0, 0], [1 / 3, 8 + 59 / 60], rtol=1e-6)


def test_what_was_not_asked_for_is_warned_of() -> None:
    with pytest.warns(TemdeepWarning, match="tp: .* is given but not written"):
        temdeep.downscale(mixed().drop_vars("sp"), step="1h")
    with pytest.warns(TemdeepWarning, match="whether sp are of an instant or of the periods"):
        temdeep.downscale(mixed(), step="1h", variables=["sp"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        temdeep.downscale(mixed(), step="1h", variables=["t2m"])


def test_mistakes_are_one_sentence() -> None:
    dataset = temperature([0, 3])
    for request, told in [
        ({}, "either step= or times="),
        ({"step": "1h", "times": ["2019-03-01"]}, "either step= or times="),
        ({"step": "1h", "method": "magic"}, "there is no method 'magic'"),
        ({"step": "1h", "method": "linear", "model": "run"}, "not both"),
        ({"step": "1h", "epoch": 3}, "epoch 3 of what"),
        ({"step": "1h", "variables": ["t3m"]}, "no variable 't3m'"),
        ({"step": "1h", "kinds": "t2m=mean:6h"}, "kinds='t2m=mean:6h': say a dictionary"),
        ({"step": "1h", "kinds": {"t2m": 6}}, "kinds={'t2m': 6}: say a dictionary"),
        ({"step": "1h", "static": "x.nc"}, "static='x.nc': give a dataset"),
        ({"step": "1h", "quantiles": ["a"]}, "'a' is no probability of a quantile"),
        ({"step": "1h", "members": 2.5}, "the number of members is 2.5: say a whole number"),
        ({"step": "1h", "members": 3, "seed": "a"}, "the seed of the members is 'a': say a whole"),
        ({"step": "1h", "draw": 1.5}, "the seed of a draw is 1.5: say a whole number"),
    ]:
        with pytest.raises(temdeep.TemdeepError, match=told):
            temdeep.downscale(dataset, **request)  # type: ignore[arg-type]
