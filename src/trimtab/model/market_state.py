"""Records of the oracle and of derivatives markets: part of a venue's state (see `state`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Observation:
    """What one source last said: price and confidence interval in wad, and when it was true."""

    price_wad: int
    confidence_wad: int
    published_ns: int


@dataclass(frozen=True, slots=True)
class StablePrice:
    """A price that follows the accepted one at a bounded speed (see `engine.stable_price`).

    The sums are price x seconds (each step clipped) and seconds of the running delay slot.
    """

    price_wad: int
    updated_s: int
    delays_wad: tuple[int, ...]
    slot: int = 0
    sum_wad: int = 0
    sum_seconds: int = 0


@dataclass(frozen=True, slots=True)
class OracleState:
    """What stands behind an accepted price: sources, stable price, variance, refusals in a row."""

    asset: str
    observations: Mapping[str, Observation] = field(default_factory=dict)
    stable: StablePrice | None = None
    variance_wad: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class MarketState:
    """One derivatives market, in native units of its contract.

    `long` and `short` are the open units of all accounts but the market's pool, whose size is
    short - long. The indices are what a unit of each side has paid since the start, in the exact
    scale of costs (see `Position`). `held` is what the market's holder has been paid in less what
    it paid out, in native units of the settling asset, and `surplus` what roundings left over:
    all accounts' claims and the surplus sum to what is held, to the last digit.
    """

    market: str
    long: int = 0
    short: int = 0
    long_index: int = 0
    short_index: int = 0
    mark_wad: int = 0
    mark_at_ns: int = 0
    rate_wad: int = 0
    funded_s: int = 0
    held: int = 0
    surplus: int = 0
    insured_wad: int = 0
    window: tuple[tuple[int, int], ...] = ()

    @property
    def skew(self) -> int:
        """Long less short, native units; the pool, which takes the other side, is left out."""
        return self.long - self.short


@dataclass(frozen=True, slots=True)
class Position:
    """Signed size, and what it cost less what has been settled of its pnl.

    `size` is in native units of the contract, + long. `cost` is exact: for a linear contract in
    1e-54 of the quote, for an inverse one in 1e-36 of the asset that it settles in. A size of zero
    with a cost is a pnl that could not be settled yet: a claim (cost < 0) or a loss (cost > 0).
    `index` is the funding index of its side up to which the cost holds what it has paid.
    """

    size: int = 0
    cost: int = 0
    index: int = 0


@dataclass(frozen=True, slots=True)
class Orders:
    """Open orders of an account in a market, native units on each side."""

    bids: int = 0
    asks: int = 0
