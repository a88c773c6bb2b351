"""Commands about prices of several sources, and about positions in derivatives markets.

Times are ns UTC, sizes native units of the contract, prices wad.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubmitPrice:
    """What one source says: a price and its confidence interval (wad), and when it was true.

    A price that the rules refuse is an event with its reason; the last accepted one stays.
    """

    at_ns: int
    asset: str
    source: str
    price_wad: int
    confidence_wad: int
    published_ns: int


@dataclass(frozen=True, slots=True)
class SubmitMark:
    """Named inputs of a market's mark price (wad); their median is taken, within the band."""

    at_ns: int
    market: str
    inputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SetFunding:
    """The funding rate (wad a period) of a market whose funding is recorded."""

    at_ns: int
    market: str
    rate_wad: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill: `taker` buys `size` (negative: sells) from `maker` at a price.

    Where the maker is the market's pool its price is computed, and `price_wad` is the worst that
    the taker accepts.
    """

    at_ns: int
    market: str
    taker: str
    maker: str
    size: int
    price_wad: int


@dataclass(frozen=True, slots=True)
class SetOrders:
    """All open orders of an account in a market, summed by side."""

    at_ns: int
    account: str
    market: str
    bids: int
    asks: int


@dataclass(frozen=True, slots=True)
class SetLeverage:
    """A higher initial rate (wad) that an account asks of itself; 0 takes it back."""

    at_ns: int
    account: str
    market: str
    initial_wad: int


@dataclass(frozen=True, slots=True)
class Settle:
    """Pay what an account has lost in a market to it, or what it has won and closed from it."""

    at_ns: int
    account: str
    market: str


@dataclass(frozen=True, slots=True)
class LiquidatePosition:
    """Close a position of an unsafe account against `taker`.

    `size` (positive) None means as much as the rules allow; `price_wad` None the mark price less
    the liquidator's fee.
    """

    at_ns: int
    account: str
    market: str
    taker: str
    size: int | None = None
    price_wad: int | None = None


@dataclass(frozen=True, slots=True)
class Deleverage:
    """Cut counterparties against a position that nobody can pay for.

    `counterparties` must be all accounts that hold the other side: the engine checks that their
    sizes sum to it, and its rules say who is cut.
    """

    at_ns: int
    account: str
    market: str
    counterparties: tuple[str, ...]
    size: int | None = None
