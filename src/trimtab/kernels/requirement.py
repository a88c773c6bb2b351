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
    """A rate of factor x sqrt(notional), `floor` at least."""

    floor: float
    factor: float
    scale: float = 1.0


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

    Of each curve its first piece, a scale, and the factor of its root (0: none). A piece is a line
    in the notional from `bound` up: rate x notional + offset.
    """

    curve: NDArray[np.int32]
    mark: Floats
    scale: Floats
    root: Floats
    first: NDArray[np.int32]
    bound: Floats
    rate: Floats
    offset: Floats

    @property
    def some(self) -> bool:
        """Whether any term has a curve."""
        return self.scale.size > 0


def no_curves(terms: int) -> Curves:
    """All requirements are linear."""
    none, nothing = np.full(terms, NO_CURVE, np.int32), np.empty(0)
    first = np.zeros(1, np.int32)
    return Curves(none, np.zeros(terms), nothing, nothing, first, nothing, nothing, nothing)


def curves_of(terms: int, rules: Mapping[int, Rule], *, marks: Mapping[int, float]) -> Curves:
    """The curves of some terms.

    Arguments:
        terms: how many terms there are.
        rules: by term.
        marks: mark price of these terms, quote per unit of quantity.

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
    every = np.concatenate([np.empty((0, 3)), *pieces])
    roots = [r.factor if isinstance(r, SquareRoot) else 0.0 for _, r in sorted(rules.items())]
    scales = [rule.scale for _, rule in sorted(rules.items())]
    return found._replace(
        scale=finite(scales, "scale", low=0.0),
        root=finite(roots, "factor", low=0.0),
        first=np.cumsum([0, *(len(piece) for piece in pieces)]).astype(np.int32),
        bound=every[:, 0].copy(),
        rate=every[:, 1].copy(),
        offset=every[:, 2].copy(),
    )


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


def steepest(curves: Curves, largest: Floats) -> tuple[Floats, Floats]:
    """Per term, bounds of requirement over notional: the least and the largest anyone can owe.

    Arguments:
        largest: upper bound of the quantity of each term.
    """
    low, high = np.zeros(curves.mark.size), np.zeros(curves.mark.size)
    for term in np.flatnonzero(curves.curve >= 0).tolist():
        number = int(curves.curve[term])
        own = slice(curves.first[number], curves.first[number + 1])
        root = curves.root[number] * np.sqrt(largest[term] * curves.mark[term])
        low[term] = curves.rate[own].min() * curves.scale[number]
        high[term] = max(float(curves.rate[own].max()), float(root)) * curves.scale[number]
    return low * curves.mark, high * curves.mark
