"""Whether something grows: the slope of a straight line through measurements, and how well it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, linear_regression

BLOCKS = 40
"""Neighbouring samples resemble each other and would make the error look smaller than it is: blocks hardly do."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth in a unit of the abscissa, with the standard error of the least squares."""

    a_unit: float
    error: float


def slope_of(samples: Sequence[tuple[float, float]]) -> Slope:
    """The line through the means of blocks of samples."""
    size = max(1, len(samples) // BLOCKS)
    blocks = [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]
    xs = [fmean(x for x, _ in block) for block in blocks]
    ys = [fmean(y for _, y in block) for block in blocks]
    if len(xs) < 3:
        return Slope(0.0, inf)
    slope, intercept = linear_regression(xs, ys)
    left = sum((y - intercept - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    middle = fmean(xs)
    return Slope(slope, sqrt(left / (len(xs) - 2) / sum((x - middle) ** 2 for x in xs)))
