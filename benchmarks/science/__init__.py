"""What the README and docs/science.md measure: every method on every kind of data."""
