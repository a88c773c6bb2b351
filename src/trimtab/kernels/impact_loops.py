"""How a sale moves a price, as scalar functions for compiled loops and for the interpreter alike.

Every function takes the curves of all assets and a tuple that begins with the asset's number.
Quantities are divided by the asset's depth factor first: x = Q / depth. `integral` never subtracts
two large numbers that are nearly alike, so that a small sale is as exact as a large one.
"""

from __future__ import annotations

import math
from typing import Final

from trimtab.kernels.compiling import compiled_if_possible
from trimtab.kernels.impact import (
    FEE,
    FIRST,
    KIND,
    PERMANENT_SHARE,
    ImpactCurves,
    ImpactKind,
)

NONE, LINEAR = int(ImpactKind.NONE), int(ImpactKind.LINEAR)
SQUARE_ROOT, CONSTANT_PRODUCT = int(ImpactKind.SQUARE_ROOT), int(ImpactKind.CONSTANT_PRODUCT)
# Below this the exponential is taken as its first terms: nothing is left of a difference.
_SMALL: Final = 1e-2


@compiled_if_possible
def segment(curves: ImpactCurves, point: tuple[int, float]) -> int:
    """Return the place of the table's segment that holds x; the last one has no end."""
    asset, x = point
    begin, end = curves.start[asset], curves.start[asset + 1]
    low, high = begin, end - 2
    while low < high:
        middle = (low + high + 1) // 2
        if curves.points[middle, 0] <= x:
            low = middle
        else:
            high = middle - 1
    return int(low)


@compiled_if_possible
def slope(curves: ImpactCurves, place: int) -> float:
    """Return by how much g rises a unit on a segment of a table."""
    rise = curves.points[place + 1, 1] - curves.points[place, 1]
    return float(rise / (curves.points[place + 1, 0] - curves.points[place, 0]))


@compiled_if_possible
def log_impact(curves: ImpactCurves, point: tuple[int, float]) -> float:
    """Return g(x) >= 0: by what the logarithm of the price lies lower with x outstanding."""
    asset, x = point
    kind, first = curves.assets[asset, KIND], curves.assets[asset, FIRST]
    if kind == NONE or x <= 0.0:
        return 0.0
    if kind == LINEAR:
        return float(first * x)
    if kind == SQUARE_ROOT:
        return float(first * math.sqrt(x))
    if kind == CONSTANT_PRODUCT:
        return 2.0 * math.log1p(x / first)
    place = segment(curves, (asset, x))
    return float(curves.points[place, 1] + slope(curves, place) * (x - curves.points[place, 0]))


@compiled_if_possible
def quantity_at(curves: ImpactCurves, point: tuple[int, float]) -> float:
    """Return the least x with g(x) = g; infinite where no quantity reaches it."""
    asset, g = point
    kind, first = curves.assets[asset, KIND], curves.assets[asset, FIRST]
    if g <= 0.0:
        return 0.0
    if kind == NONE:
        return math.inf
    if kind == LINEAR:
        return float(g / first)
    if kind == SQUARE_ROOT:
        return float((g / first) ** 2)
    if kind == CONSTANT_PRODUCT:
        return float(first * math.expm1(0.5 * g))
    place = curves.start[asset]
    last = curves.start[asset + 1] - 2
    while place < last and curves.points[place + 1, 1] < g:
        place += 1
    steep = slope(curves, place)
    if steep <= 0.0:
        return math.inf
    return float(curves.points[place, 0] + (g - curves.points[place, 1]) / steep)


@compiled_if_possible
def falling(rate: float, width: float) -> float:
    """Return the integral of exp(-rate x) from 0 to a width; the width where the rate is 0."""
    y = rate * width
    if y < 1e-8:
        return width * (1.0 - 0.5 * y)
    return -math.expm1(-y) / rate


@compiled_if_possible
def orders(h: float) -> tuple[float, float]:
    """Return 1 - exp(-h) and 1 - (1 + h) exp(-h); the terms up to h^6 where h is small."""
    if h > _SMALL:
        first = -math.expm1(-h)
        return first, first - h * (1.0 - first)
    second = 0.5 - h * (1.0 / 3.0 - h * (0.125 - h * (1.0 / 30.0 - h / 144.0)))
    rest = 1.0 / 6.0 - h * (1.0 / 24.0 - h * (1.0 / 120.0 - h / 720.0))
    return h * (1.0 - h * (0.5 - h * rest)), h * h * second


@compiled_if_possible
def over_table(curves: ImpactCurves, span: tuple[int, float, float]) -> float:
    """Return the integral of exp(g(x) - g) over a table, segment by segment."""
    asset, x, left = span
    place, last = segment(curves, (asset, x)), curves.start[asset + 1] - 2
    fallen = log_impact(curves, (asset, x))
    total = 0.0
    while left > 0.0:
        width = left
        if place < last:
            width = min(left, max(curves.points[place + 1, 0] - x, 0.0))
        steep = slope(curves, place)
        begin = curves.points[place, 1] + steep * (x - curves.points[place, 0])
        total += math.exp(fallen - begin) * falling(steep, width)
        if place == last:
            break
        left -= width
        place += 1
        x = curves.points[place, 0]
    return total


@compiled_if_possible
def retained(curves: ImpactCurves, span: tuple[int, float, float]) -> float:
    """Return the integral of exp(g(x) - g) from x over a width: a sale at the price before it.

    LINEAR: (1 - exp(-a w)) / a. SQUARE_ROOT, u = a sqrt(x), h the rise of u:
    2 / a^2 (u (1 - exp(-h)) + 1 - (1 + h) exp(-h)). CONSTANT_PRODUCT: what a pool pays.
    """
    asset, x, width = span
    kind, first = curves.assets[asset, KIND], curves.assets[asset, FIRST]
    if kind == NONE or width <= 0.0:
        return max(width, 0.0)
    if kind == LINEAR:
        return falling(first, width)
    if kind == SQUARE_ROOT:
        u, end = first * math.sqrt(x), first * math.sqrt(x + width)
        h = first * first * width / (u + end)
        one, two = orders(h)
        return float(2.0 / (first * first) * (u * one + two))
    if kind == CONSTANT_PRODUCT:
        return float(width * (first + x) / (first + x + width))
    return over_table(curves, span)


@compiled_if_possible
def integral(curves: ImpactCurves, span: tuple[int, float, float]) -> float:
    """Return the integral of exp(-g) from x over a width."""
    asset, x, _ = span
    return math.exp(-log_impact(curves, (asset, x))) * retained(curves, span)


@compiled_if_possible
def proceeds(curves: ImpactCurves, sale: tuple[int, float, float, float]) -> float:
    """Return what a sale brings over what a unit is worth before any impact, after the fee.

    `sale`: asset, units outstanding before, units sold, depth factor.
    """
    asset, outstanding, amount, depth = sale
    brought = integral(curves, (asset, outstanding / depth, amount / depth))
    return float(curves.assets[asset, FEE] * depth * brought)


@compiled_if_possible
def absorbed(curves: ImpactCurves, sale: tuple[int, float, float, float]) -> tuple[float, float]:
    """Return the units outstanding after a sale, and by how much `permanent` falls.

    A share of what the sale adds to g becomes permanent and leaves the units outstanding, so that
    the price right after the sale is the one that its last unit was sold at.
    """
    asset, outstanding, amount, depth = sale
    share = curves.assets[asset, PERMANENT_SHARE]
    if share == 0.0 or amount <= 0.0:
        return outstanding + max(amount, 0.0), 0.0
    before = log_impact(curves, (asset, outstanding / depth))
    added = log_impact(curves, (asset, (outstanding + amount) / depth)) - before
    if added <= 0.0:
        return outstanding + amount, 0.0
    if share == 1.0:
        return outstanding, added
    rest = before + (1.0 - share) * added
    return depth * quantity_at(curves, (asset, rest)), share * added


@compiled_if_possible
def depth_factor(thinning: float, thin: tuple[float, float]) -> float:
    """Return clip(calm**thinning, least, 1) for (calm, least), calm = sigma_ref / sigma_t."""
    calm, least = thin
    if thinning == 0.0 or calm >= 1.0:
        return 1.0
    return float(max(calm**thinning, least))
