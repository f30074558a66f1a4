"""Everything that fills an interval, behind one protocol."""
