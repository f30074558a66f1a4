"""What was compared, in words, by the names of the records."""

COMPARED = {
    "model_vs_rife_11_outputs": "learnt model beside RIFE, 11 output times",
    "model_vs_advection_11_outputs": "learnt model beside pysteps' advection, 11 output times",
    "linear_vs_copy": "linear, Zarr, beside a copy of its output",
    "cubic_vs_copy": "cubic, Zarr, beside a copy of its output",
    "linear_vs_xarray": "linear, NetCDF, beside xarray's interp",
    "linear_vs_cdo": "linear, NetCDF, beside CDO's inttime",
}
"""Our speed over another's."""

WORDS = {
    **COMPARED,
    "marginal_output": "learnt model: time of a further output time over that of the first",
    "memory_20x_over_1x_linear": "linear: peak memory of 20 times the length over that of once",
    "memory_20x_over_1x": "cubic: peak memory of 20 times the length over that of once",
    "memory_10x_outputs": "cubic: peak memory of ten times the output times over that of once",
    "train_scaling_2_processes": "training: speed of two processes over that of one",
    "train_scaling_2_by_core_time": "training: the same, by seconds of a core",
}
