"""A trained model as a program of PyTorch's own, which runs without this package.

Knows: models, grids, torch. Must not know: training, the engine, the command line.
"""
