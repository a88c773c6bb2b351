"""What a venue believes and when it stops: oracle, stable price, breakers, position liquidations.

Ratios are wad, values wad of the quote, times whole seconds.
"""

from dataclasses import dataclass
from enum import StrEnum

from trimtab.model.settings import PERCENT, Kind, ratio, setting
from trimtab.units import WAD


class PriceUse(StrEnum):
    """What an old or uncertain price may still be used for."""

    TRADE = "trade"
    LIQUIDATE = "liquidate"
    WITHDRAW = "withdraw"
    SETTLE = "settle"


class PositionSizing(StrEnum):
    """How much of a position one liquidation closes."""

    SHORTAGE = "shortage"  # shortage / (rate - fees), to the liquidation-end level
    PORTION = "portion"  # a share of the position each block
    LADDER = "ladder"  # a share of a large position first, all of it soon after
    WHOLE = "whole"


class AdlPolicy(StrEnum):
    """Whose positions are cut against a bankrupt one."""

    NONE = "none"
    QUEUE = "queue"  # pnl x leverage, the highest first
    PRO_RATA = "pro_rata"  # in proportion to size
    WATER_FILL = "water_fill"  # the highest leverages down to one level


class AdlPrice(StrEnum):
    """At what price counterparties are cut."""

    BANKRUPTCY = "bankruptcy"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class OracleRules:
    """When a price is accepted, and what may be done while it is old or uncertain."""

    quorum: int = setting(
        "quorum", Kind.COUNT, doc="fresh sources needed for a price", default=1, low=1, high=100
    )
    max_age_seconds: int | None = setting(
        "max_age",
        Kind.SECONDS,
        doc="an observation, and an accepted price, older than this is stale; absent: never",
        default=None,
        low=1,
    )
    max_confidence_wad: int | None = ratio(
        "max_confidence",
        "largest confidence interval of a source over its price; absent: any",
        default=None,
        low=1,
    )
    max_deviation_wad: int | None = ratio(
        "max_deviation",
        "a source further than this from the median is left out; absent: none is",
        default=None,
        low=1,
    )
    max_jump_wad: int | None = ratio(
        "max_jump",
        "largest ratio of a new price to the stable price, either way; absent: any",
        default=None,
        low=WAD,
        high=1000 * WAD,
    )
    stale_allows: tuple[str, ...] = setting(
        "stale_allows",
        Kind.NAMES,
        doc="what a stale price may still be used for: trade, liquidate, withdraw, settle",
        default=(),
    )
    stable_price: bool = setting(
        "stable_price",
        Kind.FLAG,
        doc="keep a rate-limited stable price; the initial level uses the worse of the two",
        default=False,
    )
    delay_slot_seconds: int = setting(
        "delay_slot",
        Kind.SECONDS,
        doc="length of one of the 24 delay slots of the stable price",
        default=3600,
        low=1,
    )
    delay_limit_wad: int = ratio(
        "delay_limit", "largest change from one delay slot to the next", default=6 * PERCENT
    )
    stable_limit_wad: int = ratio(
        "stable_limit",
        "largest change of the stable price a second, before the ratio to the delayed price",
        default=3 * 10**14,
    )


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """What trips the breaker by itself, to which level, and for how long."""

    volatility_sigmas_wad: int | None = setting(
        "volatility_sigmas",
        Kind.RATIO,
        doc="a return beyond so many standard deviations trips; absent: none does",
        default=None,
        low=WAD,
        high=1000 * WAD,
    )
    volatility_decay_wad: int = ratio(
        "volatility_decay",
        "weight of the past in the moving variance of returns",
        default=94 * PERCENT,
        high=WAD - 1,
    )
    volatility_floor_wad: int = ratio(
        "volatility_floor", "least return that may trip", default=2 * PERCENT
    )
    volatility_level: int = setting(
        "volatility_level", Kind.COUNT, doc="level that volatility trips", default=1, low=1, high=3
    )
    oracle_failures: int | None = setting(
        "oracle_failures",
        Kind.COUNT,
        doc="refused prices of an asset in a row that trip; absent: none do",
        default=None,
        low=1,
    )
    oracle_level: int = setting(
        "oracle_level",
        Kind.COUNT,
        doc="level that oracle failure trips",
        default=2,
        low=1,
        high=3,
    )
    outage_blocks: int | None = setting(
        "outage_blocks",
        Kind.COUNT,
        doc="blocks without a command after which the venue counts as down; absent: none do",
        default=None,
        low=1,
    )
    block_seconds: int = setting(
        "block", Kind.SECONDS, doc="time between blocks", default=12, low=1
    )
    outage_level: int = setting(
        "outage_level", Kind.COUNT, doc="level that an outage trips", default=1, low=1, high=3
    )
    fund_loss_wad: int | None = ratio(
        "fund_loss",
        "share of the insurance fund's highest capital whose loss trips; absent: none does",
        default=None,
        low=1,
    )
    loss_level: int = setting(
        "loss_level",
        Kind.COUNT,
        doc="level that a loss of the fund trips",
        default=1,
        low=1,
        high=3,
    )
    hold_seconds: int = setting(
        "hold", Kind.SECONDS, doc="time after which a tripped level resets", default=600, low=1
    )


@dataclass(frozen=True, slots=True)
class PositionLiquidationRules:
    """Size, pace and price of the liquidation of positions."""

    sizing: PositionSizing = setting(
        "sizing",
        Kind.CHOICE,
        doc="how much one liquidation closes",
        default=PositionSizing.SHORTAGE,
        choices=PositionSizing,
    )
    portion_wad: int = ratio(
        "portion", "share of a position that one block may close", default=10 * PERCENT, low=1
    )
    portion_min_wad: int = setting(
        "portion_min",
        Kind.VALUE,
        doc="notional that one block may close of a smaller portion",
        default=1000 * WAD,
    )
    block_seconds: int = setting(
        "block", Kind.SECONDS, doc="time between two portions of a position", default=1
    )
    ladder_from_wad: int = setting(
        "ladder_from",
        Kind.VALUE,
        doc="notional above which the ladder closes a share first",
        default=100_000 * WAD,
    )
    ladder_share_wad: int = ratio(
        "ladder_share", "share that the ladder closes first", default=20 * PERCENT, low=1
    )
    ladder_window_seconds: int = setting(
        "ladder_window",
        Kind.SECONDS,
        doc="time after that share in which all of it may be closed; later, a share again",
        default=30,
    )
    backstop_below_wad: int = ratio(
        "backstop_below",
        "the backstop takes positions once equity is under this share of their requirement",
        default=WAD,
    )
    release_seconds: int = setting(
        "release",
        Kind.SECONDS,
        doc="time over which the shortage may be closed; 0: at once",
        default=0,
    )
    release_start_wad: int = ratio(
        "release_start", "share of the shortage that may be closed at once", default=10 * PERCENT
    )
    release_whole_below_wad: int = setting(
        "release_whole_below",
        Kind.VALUE,
        doc="a shortage below this may be closed at once",
        default=50 * WAD,
    )
    fee_ramp_delay_seconds: int = setting(
        "fee_ramp_delay",
        Kind.SECONDS,
        doc="time after which the liquidator's fee starts to rise",
        default=600,
    )
    fee_ramp_wad: int = ratio("fee_ramp", "rise of that fee a second since the start", default=0)
    fee_margin_share_wad: int = ratio(
        "fee_margin_share",
        "share of the margin left in the closed notional that fees may take",
        default=95 * PERCENT,
    )
    bankruptcy_adjustment_wad: int = ratio(
        "bankruptcy_adjustment",
        "how fast the fillable price nears its worst as margin is used up",
        default=WAD,
        high=1000 * WAD,
    )
    fillable_spread_wad: int = ratio(
        "fillable_spread",
        "how far from the mark a taker's own price may go at worst, in maintenance rates",
        default=0,
        high=1000 * WAD,
    )


@dataclass(frozen=True, slots=True)
class DeleveragingRules:
    """Who is cut against a bankrupt position, at what price, and what starts it."""

    policy: AdlPolicy = setting(
        "policy",
        Kind.CHOICE,
        doc="whose positions are cut",
        default=AdlPolicy.WATER_FILL,
        choices=AdlPolicy,
    )
    price: AdlPrice = setting(
        "price",
        Kind.CHOICE,
        doc="at what price they are cut",
        default=AdlPrice.BANKRUPTCY,
        choices=AdlPrice,
    )
    backstop_loss_wad: int | None = ratio(
        "backstop_loss",
        "share of the backstop's capital whose loss lets its positions be cut; absent: all of it",
        default=None,
        low=1,
    )
    pool_gain_wad: int | None = ratio(
        "pool_gain",
        "traders' pnl over the pool's value above which their positions may be cut; absent: never",
        default=None,
        low=1,
    )
    pool_gain_after_wad: int = ratio(
        "pool_gain_after", "share that such a cut may not go below", default=0
    )
