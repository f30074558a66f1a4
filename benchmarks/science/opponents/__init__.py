"""Methods of others, run as their users would run them, behind our protocol."""
