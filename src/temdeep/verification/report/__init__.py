"""An evaluation as one page for people: words first, then tables, maps and curves."""
