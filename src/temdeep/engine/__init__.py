"""Downscaling from end to end: plan the output times, stream the intervals, write whole files."""
