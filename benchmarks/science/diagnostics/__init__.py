"""What RMSE does not tell: trajectories, spectra, extremes, budgets, and what happens at any time.

All diagnostics are of one period of a series, filled in by every method from one time in so many,
beside the truth. Each gives flat records with the keys `dataset`, `span_hours`, `method`,
`diagnostic`, `variable`, `value` and `units`, and some of its own.
"""
