"""Requirements that grow faster than the notional: tiers and the square root of the size.

A requirement is notional x rate; where the rate depends on the position itself it is no term of a
linear sum, but a *curve* of its term. What depends on the whole market (open interest, skew, a
rule) scales the curve, or simply moves the coefficient of a term whose rate is constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats, finite
from trimtab.units import DataError

NO_CURVE = -1
# Rates are whole multiples of 1e-18, rounded up some times on their way.
ROUNDED_RATE = 1e-17


@dataclass(frozen=True, slots=True)
class Tiers:
    """Rates by notional (quote): `rates[k]` from `bounds[k]` up, `bounds[0]` = 0, rates rising.

    `marginal`: each slice of the notional pays its own rate; else the whole pays that of its tier,
    which it reaches at the bound.
    """

    bounds: tuple[float, ...]
    rates: tuple[float, ...]
    marginal: bool = True
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class SquareRoot:
    """A rate of max(floor, lead + factor x sqrt(units)) x (1 + slope x quantity).

    `unit` says how many units a unit of quantity is; None takes the notional. With a `cap` the
    rate is max(floor, lead - cap / (1 + factor x sqrt(units))): what a weight of `lead` loses that
    is at most cap / (1 + factor x sqrt(units)).
    """

    floor: float
    factor: float
    lead: float = 0.0
    unit: float | None = None
    slope: float = 0.0
    scale: float = 1.0
    cap: float = 0.0


class Gains(NamedTuple):
    """Terms of one `bundle` make a position, whose value counts `weight` (0 to 1) if positive."""

    bundle: int
    weight: float


Rule = Tiers | SquareRoot


def open_interest_scale(open_interest: float, *, low: float, high: float, most: float) -> float:
    """How much a requirement grows with its market's open interest.

    Linear from 1 at `low` to `most` at `high` and beyond, as venues that scale initial margin by
    open interest do (dYdX v4: lower and upper cap).

    Arguments:
        open_interest: notional of the market, quote.
        low: notional from which it grows; high: where it stops, above `low`.
        most: the largest scale, at least 1.
    """
    finite([open_interest, low, most - 1.0, high - low], "open interest and its caps", low=0.0)
    if open_interest <= low:
        return 1.0
    return min(1.0 + (most - 1.0) * (open_interest - low) / (high - low), most)


class Curves(NamedTuple):
    """Curves as columns: of each term its curve (or NO_CURVE) and its mark price.

    Of each curve its first piece and a scale; factor, lead, unit and cap of its root (factor 0:
    none), and its slope in the quantity. A piece is a line in the notional from `bound` up:
    rate x notional + offset. Of each term its bundle (-1: none) and the weight of its gains.
    """

    curve: NDArray[np.int32]
    mark: Floats
    scale: Floats
    root: Floats
    lead: Floats
    unit: Floats
    slope: Floats
    cap: Floats
    first: NDArray[np.int32]
    bound: Floats
    rate: Floats
    offset: Floats
    bundle: NDArray[np.int32]
    gain: Floats

    @property
    def some(self) -> bool:
        """Whether any term has a curve, or gains that count less than losses."""
        return self.scale.size > 0 or bool((self.bundle >= 0).any())

    @property
    def bent(self) -> NDArray[np.bool_]:
        """Which terms make an account's excess other than a sum of quantity x coefficient."""
        return (self.curve >= 0) | (self.bundle >= 0)


def no_curves(terms: int) -> Curves:
    """All requirements are linear."""
    none, nothing = np.full(terms, NO_CURVE, np.int32), np.empty(0)
    first = np.zeros(1, np.int32)
    flat = np.zeros(terms)
    apart, full = np.full(terms, NO_CURVE, np.int32), np.ones(terms)
    return Curves(none, flat, *(nothing,) * 6, first, *(nothing,) * 3, apart, full)


def curves_of(
    terms: int,
    rules: Mapping[int, Rule],
    *,
    marks: Mapping[int, float],
    gains: Mapping[int, Gains] | None = None,
) -> Curves:
    """The curves of some terms.

    Arguments:
        terms: how many terms there are.
        rules: by term.
        marks: mark price of these terms, quote per unit of quantity.
        gains: terms of positions whose gains count less than their losses.

    Raises:
        DataError: bounds that do not start at 0 and rise, rates that fall, or a number that is
            none or negative.
    """
    found = no_curves(terms)
    numbers = {term: number for number, term in enumerate(sorted(rules))}
    pieces = [_pieces(rules[term]) for term in sorted(rules)]
    for term, number in numbers.items():
        found.curve[term] = number
        found.mark[term] = float(finite([marks[term]], "mark", low=0.0)[0])
    for term, cut in (gains or {}).items():
        found.bundle[term] = cut.bundle
        found.gain[term] = float(finite([cut.weight], "weight", low=0.0)[0])
    every = np.concatenate([np.empty((0, 3)), *pieces])
    roots = [_root(rules[term], mark=marks[term]) for term in sorted(rules)]
    root = finite(np.array(roots).reshape(-1, 5), "factor, lead, unit, slope and cap", low=0.0)
    return found._replace(
        scale=finite([rules[term].scale for term in sorted(rules)], "scale", low=0.0),
        root=root[:, 0].copy(),
        lead=root[:, 1].copy(),
        unit=root[:, 2].copy(),
        slope=root[:, 3].copy(),
        cap=root[:, 4].copy(),
        first=np.cumsum([0, *(len(piece) for piece in pieces)]).astype(np.int32),
        bound=every[:, 0].copy(),
        rate=every[:, 1].copy(),
        offset=every[:, 2].copy(),
    )


def _root(rule: Rule, *, mark: float) -> tuple[float, float, float, float, float]:
    if isinstance(rule, Tiers):
        return 0.0, 0.0, 0.0, 0.0, 0.0
    unit = mark if rule.unit is None else rule.unit
    return rule.factor, rule.lead, unit, rule.slope, rule.cap


def _pieces(rule: Rule) -> Floats:
    """Bound, rate and offset of each piece."""
    if isinstance(rule, SquareRoot):
        return np.array([[0.0, float(finite([rule.floor], "floor", low=0.0)[0]), 0.0]])
    bounds, rates = finite(rule.bounds, "bounds", low=0.0), finite(rule.rates, "rates", low=0.0)
    rises = bounds.size > 0 and bounds[0] == 0 and (np.diff(bounds) > 0).all()
    if bounds.shape != rates.shape or not rises or (np.diff(rates) < 0).any():
        raise DataError(
            "the tiers are not in order",
            column="tiers",
            found=f"bounds {rule.bounds}, rates {rule.rates}",
            expected="bounds that rise from 0, and as many rates that do not fall",
        )
    steps = np.concatenate([[0.0], np.cumsum(np.diff(rates) * bounds[1:])])
    return np.stack([bounds, rates, -steps if rule.marginal else np.zeros(rates.size)], axis=1)


def rooted_rates(curves: Curves, number: int | NDArray[np.int32], *, quantity: Floats) -> Floats:
    """Rate of a curve, or of one for each quantity, by its root alone."""
    premium = curves.root[number] * np.sqrt(quantity * curves.unit[number])
    lost = curves.cap[number] / (1.0 + premium)
    return np.asarray(curves.lead[number] + np.where(curves.cap[number] > 0, -lost, premium))


def steepest(curves: Curves, largest: Floats) -> tuple[Floats, Floats]:
    """Per term, bounds of requirement over notional: the least and the largest anyone can owe.

    Arguments:
        largest: upper bound of the quantity of each term.
    """
    low, high = np.zeros(curves.mark.size), np.zeros(curves.mark.size)
    for term in np.flatnonzero(curves.curve >= 0).tolist():
        number = int(curves.curve[term])
        own = slice(curves.first[number], curves.first[number + 1])
        root = rooted_rates(curves, number, quantity=largest[term : term + 1])[0]
        steep = 1.0 + curves.slope[number] * largest[term]
        low[term] = curves.rate[own].min() * curves.scale[number]
        high[term] = max(float(curves.rate[own].max()), float(root)) * curves.scale[number] * steep
    wide = 2.0**-40
    return low * curves.mark * (1 - wide), high * curves.mark * (
        1 + wide
    ) + ROUNDED_RATE * curves.mark
