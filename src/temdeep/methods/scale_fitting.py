"""The scale of errors as a function of what is known of them, fitted.

Least Σ log σ + |e|/σ over the errors e: the likelihood of Laplace's law, which few large errors do
not rule (Koenker and Machado 1999, doi:10.1080/01621459.1999.10473882), by Fisher scoring.

Knows: arrays. Must not know: series, methods.
"""

from dataclasses import dataclass

import numpy as np

from temdeep.metric import Float64Array

RIDGE = 1e-3
"""Relative weight of the wish for small coefficients."""

START = 0.25
"""Quantile of the errors at which a floor is first sought."""

STEPS, HALVINGS, LONGEST, ENOUGH = 60, 8, 1.0, 1e-5
"""Most steps; how often one that goes too far is halved; the longest, and the shortest of use."""


@dataclass(frozen=True, eq=False)
class Scale:
    """What was fitted.

    Attributes:
        coefficients: c, shape (coefficient,).
        floor: m; None: there is no floor.
        scale: σ, shape (error,).
    """

    coefficients: Float64Array
    floor: float | None
    scale: Float64Array


def fit_scale(
    design: Float64Array,
    size: Float64Array,
    offset: Float64Array | float,
    free: int,
    floor: Float64Array | None = None,
) -> Scale:
    """Fit log σ = u, or σ² = exp 2u + exp 2v where there is a floor and it makes errors likelier.

        u = offset + design · c,   v = m + floor

    Args:
        design: Shape (error, coefficient).
        size: |e|, shape (error,); not all 0.
        offset: Part of u that is known.
        free: So many first coefficients are not drawn to 0.
        floor: Part of v that is known, shape (error,); None: no floor.
    """
    known = np.broadcast_to(np.asarray(offset, np.float64), size.shape)
    start = np.zeros(design.shape[1])
    start[:free] = np.log(size.mean())
    problem = _Problem(design, size, known, free, None)
    found = problem.solve(start)
    plain = Scale(found, None, problem.scale(found))
    if floor is None:
        return plain
    problem = _Problem(design, size, known, free, floor)
    lowest = float(np.log(max(np.quantile(size, START), 1e-300)))
    both = problem.solve(np.append(found, lowest))
    if not problem.loss(both) < _loss(size, plain.scale):
        return plain
    return Scale(both[:-1], float(both[-1]), problem.scale(both))


def _loss(size: Float64Array, scale: Float64Array) -> float:
    return float(np.mean(np.log(scale) + size / scale))


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is sought; with a floor, m is the last of the numbers."""

    design: Float64Array
    size: Float64Array
    offset: Float64Array
    free: int
    floor: Float64Array | None

    def solve(self, found: Float64Array) -> Float64Array:
        """By steps that make errors likelier, from a first guess."""
        ridge = np.full(len(found), RIDGE * len(self.size))
        ridge[: self.free] = 0.0
        if self.floor is not None:
            ridge[-1] = 0.0
        loss = self.loss(found)
        for _ in range(STEPS):
            slope, scale = self._slope(found)
            ratio = np.minimum(self.size / scale, 50.0)
            information = slope.T @ slope + np.diag(ridge + 1e-9 * len(self.size))
            step = np.linalg.solve(information, slope.T @ (ratio - 1) - ridge * found)
            step = np.clip(step, -LONGEST, LONGEST)
            for _ in range(HALVINGS):
                nearer = self.loss(found + step)
                if nearer < loss:
                    break
                step = step / 2
            else:
                return found
            found, loss = found + step, nearer
            if np.abs(step).max() < ENOUGH:
                break
        return found

    def loss(self, found: Float64Array) -> float:
        """Mean of log σ + |e|/σ, and the wish for small coefficients."""
        drawn = found[self.free : self.design.shape[1]]
        return _loss(self.size, self.scale(found)) + 0.5 * RIDGE * float(drawn @ drawn)

    def scale(self, found: Float64Array) -> Float64Array:
        """σ."""
        scale: Float64Array = np.exp(self.offset + self.design @ found[: self.design.shape[1]])
        if self.floor is not None:
            scale = np.hypot(scale, np.exp(found[-1] + self.floor))
        return scale

    def _slope(self, found: Float64Array) -> tuple[Float64Array, Float64Array]:
        """How log σ changes with each number, shape (error, number), and σ."""
        scale = self.scale(found)
        if self.floor is None:
            return self.design, scale
        share = (np.exp(found[-1] + self.floor) / scale) ** 2
        return np.column_stack([(1 - share)[:, None] * self.design, share]), scale
