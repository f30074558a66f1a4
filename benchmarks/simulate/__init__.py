"""Simulated hourly atmospheres, made anew: longer, from another start, at another resolution.

    python -m benchmarks.simulate atlantic

Runs JAX-GCM (`jcm` 3.0.0: spectral core `dinosaur`, SPEEDY physics, 8 sigma layers, 15 min step)
and writes one CF NetCDF file with every hour, like the simulated series that the benchmark of the
science reads. Knows nothing of `temdeep` and no torch: a virtual environment with `jcm` alone runs
it (numpy, netCDF4 and rich come along). What is decided here, beyond what those files say:

- The start is at rest on 2000-01-01 at 00:15 UTC, with noise of 0.5 K in temperature, drawn from
  the seed, in every layer and cell, so that no seed gives the weather of another run. Seeds share
  the sea, the sun and the season; their weather parts during the spin-up. The start from rest
  rings: at T31 `ps` changes by 0.25 hPa an hour on day 25 and by 0.20 after day 61, and winds on
  day 25 vary 70 % as much as later. Keep the presets' spin-up for anything that is scored.
- Physics sees the state and the sun at the beginning of a step. `t2m` and `skt` come from the step
  that begins at the label, `u10`, `ps` and all on pressure levels from the state at the label;
  means over an hour are over the four steps that begin in it.
- The day's cycle: the sun at the top of the atmosphere is that of `jax_solar` (1361 W m-2 at mean
  distance) for each step and place; absorption by ozone scales with it; the path through the air
  (`zenit`) and the cooling of the polar night stay SPEEDY's, which are made for daily means.
- z500 is Φ / 9.80665 m s-2; below the lowest layer (the highest ground) hydrostatic, 6.5 K km-1.
- A value that its packing cannot hold, or that is not finite, ends the run: nothing is clipped.
"""
