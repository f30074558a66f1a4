"""Whether filling in was worth it: withheld truth, scores, their spread, tables and figures."""
