"""A case: rules, a book, its prices, and how a replay should drive them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trimtab.model.rules import Rules
from trimtab.model.settings import PERCENT, Kind, setting
from trimtab.model.stress_settings import DepthRow
from trimtab.units import WAD


class Mechanism(StrEnum):
    """How the replay's keepers liquidate."""

    BONUS = "bonus"
    FLASH = "flash"
    AUCTION = "auction"


@dataclass(frozen=True, slots=True)
class BookRow:
    """One line of a book: a signed quantity (native units) of an instrument held by an account."""

    account: str
    instrument: str
    quantity: int
    group: str = ""
    category: str = ""
    threshold_wad: int | None = None
    entry_price_wad: int | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Prices (wad) that arrive together: of an asset its price, of a market its mark price."""

    at_ns: int
    prices: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OracleTick:
    """What one source says of an asset: arrives at `at_ns`, was true at `published_ns`.

    Price (above 0) and confidence interval (at least 0) in wad of the quote per whole unit.
    """

    at_ns: int
    asset: str
    source: str
    price_wad: int
    confidence_wad: int
    published_ns: int


@dataclass(frozen=True, slots=True)
class FundingTick:
    """The funding rate of a market from this time on: wad a period, + longs pay, in [-1, 1]."""

    at_ns: int
    market: str
    rate_wad: int


@dataclass(frozen=True, slots=True)
class GasTick:
    """What one liquidation costs from this time on, in wad of the quote."""

    at_ns: int
    cost_wad: int


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """The liquidator policy and the handling of the price history."""

    rebase: bool = setting(
        "rebase",
        Kind.FLAG,
        doc="scale each price series so that its first row equals the asset's own price",
        default=False,
    )
    mechanism: Mechanism = setting(
        "mechanism",
        Kind.CHOICE,
        doc="bonus sale, flash liquidation, or auction",
        default=Mechanism.BONUS,
        choices=Mechanism,
    )
    gas_cost_wad: int = setting(
        "gas_cost",
        Kind.VALUE,
        doc="cost of one liquidation, unless a gas table is given",
        default=0,
    )
    min_profit_wad: int = setting(
        "min_profit", Kind.VALUE, doc="least profit after gas for which a keeper acts", default=0
    )
    capital_wad: int | None = setting(
        "capital",
        Kind.VALUE,
        doc="keepers' capital for one price step; absent: no limit",
        default=None,
    )
    delay_blocks: int = setting(
        "delay_blocks",
        Kind.COUNT,
        doc="blocks between seeing an unsafe account and acting",
        default=0,
    )
    block_seconds: int = setting(
        "block", Kind.SECONDS, doc="time between blocks", default=12, low=1
    )
    auction_discount_wad: int = setting(
        "auction_discount",
        Kind.RATIO,
        doc="discount to the oracle price at which keepers buy a lot",
        default=2 * PERCENT,
        high=WAD - 1,
    )
    backstop_after_seconds: int | None = setting(
        "backstop_after",
        Kind.SECONDS,
        doc="time after which an account no keeper wants goes to the backstop; absent: never",
        default=None,
    )
    position_depth_wad: int | None = setting(
        "position_depth",
        Kind.VALUE,
        doc="notional of each market that takers close in one price step; absent: no limit",
        default=None,
    )
    margin_calls: bool = setting(
        "margin_calls",
        Kind.FLAG,
        doc="call accounts that fall under the initial level",
        default=False,
    )
    checkpoint_steps: int = setting(
        "checkpoint_steps",
        Kind.COUNT,
        doc="price steps between two state hashes",
        default=100,
        low=1,
    )
    max_gap_seconds: int | None = setting(
        "max_gap",
        Kind.SECONDS,
        doc="largest accepted gap in the prices; absent: ten times the median step",
        default=None,
    )


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """Everything that a verb needs, read and validated. Ticks of every kind are in order of time.

    Observations of one time are in order of asset and source, funding rates in order of market,
    rows of depth as their table has them.
    """

    name: str
    rules: Rules
    book: tuple[BookRow, ...]
    ticks: tuple[Tick, ...]
    replay: ReplayRules = ReplayRules()
    gas: tuple[GasTick, ...] = ()
    observations: tuple[OracleTick, ...] = ()
    funding: tuple[FundingTick, ...] = ()
    depth: tuple[DepthRow, ...] = ()
    input_hashes: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"<Case {self.name}: {len(self.book)} book rows, {len(self.ticks)} price rows>"
