"""`ds.temdeep.downscale("15min")`, for datasets and for single arrays.

Loaded as soon as both temdeep and xarray are, in whichever order; see `registration`.
"""

from collections.abc import Callable
from functools import partial

import xarray as xr


@xr.register_dataset_accessor("temdeep")
class DatasetAccessor:
    """What temdeep does with a dataset."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    @property
    def downscale(self) -> Callable[..., xr.Dataset]:
        """Fill it in time: `temdeep.downscale`, with the same arguments."""
        from temdeep.api import downscale  # noqa: PLC0415 - not before it is used

        return partial(downscale, self._dataset)


@xr.register_dataarray_accessor("temdeep")
class DataArrayAccessor:
    """What temdeep does with an array."""

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    @property
    def downscale(self) -> Callable[..., xr.DataArray]:
        """Fill it in time: `temdeep.downscale`, with the same arguments."""
        from temdeep.api import downscale  # noqa: PLC0415 - not before it is used

        return partial(downscale, self._array)
