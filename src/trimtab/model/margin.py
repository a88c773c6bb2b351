"""The record in which every margin answer explains itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The three margin levels, strictest first."""

    INITIAL = "initial"
    LIQUIDATION_END = "liquidation_end"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class PositionExplanation:
    """One position. Size in native units of the contract; values wad of the quote, prices wad.

    `entry_price_wad` is what the open size cost, with the funding paid since. The liquidation
    price is the mark at which the account's maintenance excess is zero, all else held, and the
    bankruptcy price the mark at which the position has used up its share of the equity (by
    maintenance requirement); None where no price does.
    """

    market: str
    size: int
    entry_price_wad: int
    mark_price_wad: int
    notional_wad: int
    pnl_wad: int
    initial_wad: int
    maintenance_wad: int
    liquidation_price_wad: int | None
    bankruptcy_price_wad: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where an account stands, and why. Values are wad of the quote, prices wad.

    Decisions (`liquidatable`, `binding`) come from exact integers; the values beside them are
    rounded against the account: collateral down, debt up, excess down. `health_wad` is None
    without liabilities, `leverage_wad` None without equity. `distance_wad` is the fraction by which
    all that the account is net long of, but the quote, must fall together for the maintenance
    excess to reach zero (1: never), and `distance_up_wad` the fraction by which all that its
    positions are net short of must rise together (None: no rise does).
    `liquidation_price_wad` is per asset the last safe price with all others held; its side is
    "below" where the account is unsafe under that price and "above" where it is over it.
    """

    account: str
    group: str
    collateral_wad: int
    weighted_collateral_wad: int
    debt_wad: int
    weighted_debt_wad: int
    equity_wad: int
    health_wad: int | None
    leverage_wad: int | None
    excess_wad: Mapping[Level, int]
    liquidatable: bool
    binding: str
    liquidation_price_wad: Mapping[str, int]
    liquidation_side: Mapping[str, str]
    distance_wad: int
    withdrawable: Mapping[str, int]
    borrowable: Mapping[str, int]
    unrealized_pnl_wad: int = 0
    notional_wad: int = 0
    requirement_wad: int = 0
    distance_up_wad: int | None = None
    positions: tuple[PositionExplanation, ...] = ()
