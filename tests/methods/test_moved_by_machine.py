"""Machine code looks fields up as NumPy and SciPy do."""

import numpy as np
import pytest

from temdeep.compiling import kernels_of
from temdeep.methods import motion
from temdeep.methods.motion import warp


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 4), (21, 34)])
@pytest.mark.parametrize("cells", [0.3, 3.0, 1e4])
def test_fields_are_moved_as_without(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], cyclic: bool, cells: float
) -> None:
    """To rounding, with values missing, around the globe and beyond edges, and not at all."""
    rng = np.random.default_rng(0)
    fields = rng.normal(size=(3, *shape)).astype(np.float32)
    fields[2][rng.random(shape) < 0.1] = np.nan
    columns, rows = cells * rng.normal(size=(2, *shape))
    columns[0, 0] = rows[0, 0] = 0.0
    columns[-1, -1] = np.nan
    found = {}
    assert kernels_of("temdeep.methods") is not None
    for least in (0, 10**9):
        monkeypatch.setattr(motion, "LEAST_CELLS", least)
        found[least] = warp(fields, columns, rows, cyclic=cyclic)
        known = warp(fields[:2], columns, rows, cyclic=cyclic)
        assert shape == (1, 1) or np.isnan(known[:, -1, -1]).all()
        assert shape == (1, 1) or (known[:, 0, 0] == fields[:2, 0, 0]).all()
    np.testing.assert_allclose(found[0], found[10**9], rtol=0, atol=2e-6)
