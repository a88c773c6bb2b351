"""The records of a venue's state. A record is never changed, only replaced.

Every balance is a claim in *shares* of one pool, so that a loss, a fee or a transfer moves shares
and never needs cash. Funds, suppliers outside the book and liquidators are accounts like any
other; their names start with `@` where the venue owns them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trimtab.model.market_state import MarketState, OracleState, Orders, Position
from trimtab.model.rules import Rules

INSURANCE = "@insurance"
BACKSTOP = "@backstop"
SUPPLIERS = "@suppliers"
# Followed by an auction's key: who holds its lot and debt. Only auction commands reach it.
AUCTION_HOLDER = "@auction/"
# Followed by a market's name: who takes the side that the book leaves open, and who holds what
# the market owes to those whose gains are not yet paid.
MARKET_POOL = "@pool/"
MARKET_HOLDER = "@market/"


class Table(StrEnum):
    """The tables of the state; a record is named by its table and its key."""

    VENUE = "venue"
    RULES = "rules"
    PRICE = "price"
    POOL = "pool"
    ACCOUNT = "account"
    AUCTION = "auction"
    ISOLATION = "isolation"
    MARKET = "market"
    ORACLE = "oracle"


Key = tuple[Table, str]
SINGLE = ""


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker level that a rule tripped, and when it resets by itself."""

    level: int
    until_s: int


@dataclass(frozen=True, slots=True)
class VenueState:
    """What belongs to no asset and no account.

    `breaker_level` is the operator's; `trips` are those that rules tripped, by cause. The highest
    is in force. `fund_peak_wad` is the insurance fund's highest capital so far, and
    `backstop_capital_wad` what the backstop was given: deposits, and the margin of what it took.
    """

    now_ns: int = 0
    breaker_level: int = 0
    trips: Mapping[str, Trip] = field(default_factory=dict)
    fund_peak_wad: int = 0
    backstop_capital_wad: int = 0
    auctions_started: int = 0
    window_start_s: int = 0
    window_used_wad: int = 0


@dataclass(frozen=True, slots=True)
class Ramp:
    """A weight on its way: linear from `start` at `start_s` to `target` at `end_s`."""

    section: str
    name: str
    field: str
    start: int
    target: int
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class RulesState:
    """The rules in force (ramps at their targets) and the ramps that are not yet over."""

    rules: Rules
    ramps: tuple[Ramp, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceState:
    """Accepted price in wad of the quote; for a yield-bearing asset, its exchange rate in wad."""

    asset: str
    price_wad: int
    at_ns: int
    rate_wad: int = 0
    rate_at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """One asset's ledger, in native units and shares.

    Identity, exact at all times: cash + borrowed + deficit = supplied + reserves + minted.
    `carry_ray` is the fraction of a native unit of interest (in ray) not yet booked.
    """

    asset: str
    cash: int = 0
    supplied: int = 0
    supply_shares: int = 0
    borrowed: int = 0
    borrow_shares: int = 0
    reserves: int = 0
    minted: int = 0
    deficit: int = 0
    carry_ray: int = 0
    accrued_s: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """The unit of margining: one account, or one isolated group of it.

    `supply` and `debt` map asset to shares; `thresholds` overrides the maintenance weight of a
    collateral; `penalties` are the fees (native units) taken since this liquidation began;
    `auctions` counts those that run on the account's behalf; `called_ns` is the first margin call
    not yet met, whose grace runs, and `last_call_ns` its latest repetition. `leverage` are initial
    rates (wad) that the account set for itself, by market; `liquidation_ns` is when the running
    liquidation began, `released_wad` the shortage it has closed since, and `closed_ns` when a
    position was last reduced by it.
    """

    key: str
    supply: Mapping[str, int] = field(default_factory=dict)
    debt: Mapping[str, int] = field(default_factory=dict)
    category: str = ""
    thresholds: Mapping[str, int] = field(default_factory=dict)
    penalties: Mapping[str, int] = field(default_factory=dict)
    in_liquidation: bool = False
    auctions: int = 0
    called_ns: int | None = None
    last_call_ns: int | None = None
    restricted: bool = False
    positions: Mapping[str, Position] = field(default_factory=dict)
    orders: Mapping[str, Orders] = field(default_factory=dict)
    leverage: Mapping[str, int] = field(default_factory=dict)
    liquidation_ns: int | None = None
    released_wad: int = 0
    closed_ns: Mapping[str, int] = field(default_factory=dict)

    @property
    def at_risk(self) -> bool:
        """Whether a price can make the account unsafe: it owes, or it holds positions or orders."""
        return bool(self.debt or self.positions or self.orders)

    @property
    def has_open_positions(self) -> bool:
        """Whether any position has a size."""
        return any(position.size for position in self.positions.values())


@dataclass(frozen=True, slots=True)
class Auction:
    """A lot of collateral put up for a debt and a penalty (native units of the debt asset).

    Lot and debt are held, in shares, by the venue's own account of the auction while it runs.
    """

    key: str
    account: str
    collateral: str
    debt: str
    penalty: int
    top_wad: int
    floor_wad: int
    started_ns: int


@dataclass(frozen=True, slots=True)
class Isolation:
    """Debt shares by asset that stand against one isolated collateral."""

    asset: str
    debt_shares: Mapping[str, int] = field(default_factory=dict)


Record = (
    VenueState
    | RulesState
    | PriceState
    | Pool
    | Account
    | Auction
    | Isolation
    | MarketState
    | OracleState
)


def account_key(account: str, group: str = "") -> str:
    """Key of an account, or of one isolated group of it: `alice` or `alice/basis`."""
    return f"{account}/{group}" if group else account


def split_key(key: str) -> tuple[str, str]:
    """Account and group of a key (a group's name holds no slash)."""
    account, slash, group = key.rpartition("/")
    return (account, group) if slash else (key, "")
