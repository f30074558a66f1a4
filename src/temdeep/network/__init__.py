"""The learnt part: one pass per interval gives coefficients, a closed form renders any time.

Knows: torch. Must not know: xarray, files.
"""
