"""The command line: parses, calls the layers below, tells the outcome."""
