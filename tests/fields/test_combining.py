"""Files are joined where they mean the same, and refused by the name of what differs."""

from pathlib import Path

import pytest
import xarray as xr
from tests.fields.making import dataset

from temdeep.errors import InputError, VariableError
from temdeep.fields.series import open_series


def saved(data: xr.Dataset, folder: Path, name: str) -> Path:
    data.to_netcdf(folder / name)
    return folder / name


@pytest.mark.parametrize("height", [10.0, 2.0])
def test_two_heights_do_not_stand_side_by_side(tmp_path: Path, height: float) -> None:
    one = saved(dataset().assign_coords(height=2.0), tmp_path, "t2m.nc")
    other = saved(dataset(name="u10", seed=1).assign_coords(height=height), tmp_path, "u10.nc")
    if height == 2.0:
        assert len(open_series([one, other]).channels) == 2
        return
    with pytest.raises(InputError, match=r"'height' in u10.nc is not .* \(10.0, not 2.0\)"):
        open_series([one, other])


@pytest.mark.parametrize("raised", [0.0, 100.0])
def test_a_static_field_is_the_same_in_all_files(tmp_path: Path, raised: float) -> None:
    whole = dataset()
    ground = (whole.t2m[0] * 0 + 300).drop_vars("time")
    ground.attrs = {"units": "m", "standard_name": "surface_altitude"}
    parts = [
        whole.isel(time=slice(6 * i, 6 * i + 6)).assign(orog=(ground + i * raised))
        for i in range(2)
    ]
    for part in parts:
        part["orog"].attrs = ground.attrs
    paths = [saved(part, tmp_path, f"{i}.nc") for i, part in enumerate(parts)]
    if not raised:
        assert open_series(paths).statics == {"orog": "elevation"}
        return
    with pytest.raises(VariableError, match=r"'orog', which does not change .* 0.nc and 1.nc"):
        open_series(paths)
    missing = saved(parts[1].drop_vars("orog"), tmp_path, "without.nc")
    assert open_series([paths[0], missing]).statics == {"orog": "elevation"}
    assert open_series([saved(parts[0].drop_vars("orog"), tmp_path, "a.nc"), paths[1]])
