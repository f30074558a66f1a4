"""The viewer: a local page on which a filled series is looked at beside the straight line."""
