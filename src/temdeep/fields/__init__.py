"""What the data mean: variables, time axes, intervals, grids, the sun. Knows xarray, not torch."""
