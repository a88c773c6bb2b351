"""How an oracle speaks: by its threshold and its heartbeat, late, not at all, or wrongly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.clearing import NO_LIMIT, OracleTerms, oracle_terms
from trimtab.quant import OracleCadence
from trimtab.units import DataError, UsageError

Floats = NDArray[np.float64]

# A threshold that no move reaches: the heartbeat alone makes the oracle speak.
NEVER: Final = 1e9
Span = tuple[float, float]
_NO_SPAN: Final[Span] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class OracleBehavior:
    """How one asset's oracle behaves; times in seconds from the start of the run.

    Args:
        deviation: fraction by which the price moves before a new one is published; 0 is every step.
        heartbeat_seconds: longest time between two publications; 0 is none.
        delay_seconds: from publication until it is reported.
        outage: from, to: nothing is published in between; alike is none.
        sources: how many there are; the oracle publishes their median.
        lie_factor: what one of the sources multiplies the price by, in `lie`, from and to.
    """

    deviation: float = 0.0
    heartbeat_seconds: float = 0.0
    delay_seconds: float = 0.0
    outage: Span = _NO_SPAN
    sources: int = 1
    lie_factor: float = 1.0
    lie: Span = _NO_SPAN

    def __post_init__(self) -> None:
        for name in ("deviation", "heartbeat_seconds", "delay_seconds"):
            value = getattr(self, name)
            if not value >= 0.0:
                raise _wrong(name, found=f"{value:g}", expected="0 or more")
        for name in ("outage", "lie"):
            begin, end = getattr(self, name)
            if not 0.0 <= begin <= end:
                raise _wrong(name, found=f"{begin:g} to {end:g}", expected="a time from 0 to later")
        if self.sources < 1:
            raise _wrong("sources", found=str(self.sources), expected="at least one")
        if not 0.0 < self.lie_factor < math.inf:
            raise _wrong("lie_factor", found=f"{self.lie_factor:g}", expected="above 0")

    @property
    def published_lie(self) -> float:
        """Return by what the median of all sources is off when one lies.

        All of a single source's lie, half of it between two; three or more outvote it.
        """
        if self.sources > 2:
            return 1.0
        return self.lie_factor if self.sources == 1 else 0.5 * (1.0 + self.lie_factor)


def oracle_of(fit: OracleCadence, *, delay_seconds: float = 0.0) -> OracleBehavior:
    """Return an oracle as its rounds showed it."""
    return OracleBehavior(fit.deviation_, fit.heartbeat_seconds_, delay_seconds)


def oracle_terms_of(
    behaviors: Mapping[str, OracleBehavior], assets: Sequence[str], *, step_seconds: float
) -> OracleTerms:
    """Return the terms of assets in their order; an asset that is not named has no delay.

    Times become steps, rounded up: what happens within a step is seen at its end.
    """
    if not step_seconds > 0.0:
        raise UsageError(f"a step lasts longer than 0 seconds, found {step_seconds:g}")
    chosen = [behaviors.get(asset, OracleBehavior()) for asset in assets]

    def steps(seconds: float) -> int:
        return min(math.ceil(seconds / step_seconds - 1e-9), NO_LIMIT)

    return oracle_terms(
        assets,
        deviation=[min(one.deviation, NEVER) for one in chosen],
        heartbeat_steps=[steps(one.heartbeat_seconds) for one in chosen],
        delay_steps=[steps(one.delay_seconds) for one in chosen],
        outage=(
            [steps(one.outage[0]) for one in chosen],
            [steps(one.outage[1]) for one in chosen],
        ),
        lie_factor=[one.published_lie for one in chosen],
        lie=([steps(one.lie[0]) for one in chosen], [steps(one.lie[1]) for one in chosen]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class OracleState:
    """What the oracles of assets remember; arrays end in an axis of assets.

    last: what was published last; spoken: at which step; recent: `last` of this step and of the
    steps before it, as many as the longest delay needs.
    """

    last: Floats
    spoken: NDArray[np.int64]
    recent: tuple[Floats, ...]


def begun(first_prices: Floats, terms: OracleTerms) -> OracleState:
    """Return the oracles at step 0, at which they published the first prices."""
    first = np.asarray(first_prices, dtype=np.float64)
    if first.shape[-1] != len(terms.assets):
        raise UsageError(f"{first.shape[-1]} prices for the oracles of {len(terms.assets)} assets")
    return OracleState(first, np.zeros(first.shape, dtype=np.int64), (first,))


def heard(
    state: OracleState, prices: Floats, *, step: int, terms: OracleTerms
) -> tuple[OracleState, Floats]:
    """Return the oracles after they saw the market prices of a step, and what they report.

    Args:
        prices: of the market, ending in an axis of assets.
        step: 1 or later, one after the state's.
    """
    lies = (terms.lie_from <= step) & (step < terms.lie_to)
    seen = np.asarray(prices, dtype=np.float64) * np.where(lies, terms.lie_factor, 1.0)
    silent = (terms.outage_from <= step) & (step < terms.outage_to)
    moved = np.abs(seen / state.last - 1.0) >= terms.deviation
    due = (terms.heartbeat_steps > 0) & (step - state.spoken >= terms.heartbeat_steps)
    speaks = ~silent & (moved | due)
    last = np.where(speaks, seen, state.last)
    keep = int(terms.delay_steps.max(initial=0)) + 1
    recent = (last, *state.recent[: keep - 1])
    said = np.stack(
        [
            recent[min(late, len(recent) - 1)][..., asset]
            for asset, late in enumerate(terms.delay_steps.tolist())
        ],
        axis=-1,
    )
    return OracleState(last, np.where(speaks, step, state.spoken), recent), said


def report(prices: Floats, terms: OracleTerms) -> Floats:
    """Return what is reported along paths whose prices do not depend on it.

    Args:
        prices: any shape that ends in steps + 1 by assets, the first at step 0.
    """
    market = np.asarray(prices, dtype=np.float64)
    state = begun(market[..., 0, :], terms)
    out = np.empty_like(market)
    out[..., 0, :] = market[..., 0, :]
    for step in range(1, market.shape[-2]):
        state, out[..., step, :] = heard(state, market[..., step, :], step=step, terms=terms)
    return out


def _wrong(name: str, *, found: str, expected: str) -> DataError:
    return DataError("an oracle cannot behave so", column=name, found=found, expected=expected)
