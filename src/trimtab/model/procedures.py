"""How a venue acts: liquidations, margin calls, auctions, funds, and changes of its own rules.

Ratios are wad, values wad of the quote, times whole seconds; every field names its key and range.
"""

from dataclasses import dataclass

from trimtab.model.choices import AuctionCurve, BonusCurve, CallExpiry, Sizing, SpiralRule
from trimtab.model.settings import PERCENT, Kind, ratio, setting
from trimtab.units import WAD


@dataclass(frozen=True, slots=True)
class LiquidationRules:
    """Size and price of a liquidation; eligibility is the engine's (excess < 0)."""

    sizing: Sizing = setting(
        "sizing", Kind.CHOICE, doc="how much", default=Sizing.TARGET_HEALTH, choices=Sizing
    )
    target_health_wad: int = ratio(
        "target_health",
        "health after a liquidation sized to it",
        default=105 * PERCENT,
        low=WAD,
        high=10 * WAD,
    )
    close_factor_wad: int = ratio(
        "close_factor",
        "share of a debt that one liquidation may close",
        default=50 * PERCENT,
        low=1,
    )
    full_close_health_wad: int = ratio(
        "full_close_health", "below this health the close factor is 1", default=95 * PERCENT
    )
    bonus_curve: BonusCurve = setting(
        "bonus_curve",
        Kind.CHOICE,
        doc="fixed, or growing with the shortfall from minimum_bonus to liquidation_bonus",
        default=BonusCurve.FIXED,
        choices=BonusCurve,
    )
    minimum_bonus_wad: int = ratio(
        "minimum_bonus",
        "bonus at health 1 on the shortfall curve, and the least that a cut leaves",
        default=PERCENT,
    )
    full_bonus_health_wad: int = ratio(
        "full_bonus_health",
        "health at which the shortfall curve reaches liquidation_bonus",
        default=90 * PERCENT,
        high=WAD - 1,
    )
    spiral: SpiralRule = setting(
        "spiral",
        Kind.CHOICE,
        doc="cut bonus and fee so that health cannot fall, or allow it as some protocols do",
        default=SpiralRule.CUT,
        choices=SpiralRule,
    )
    dust_debt_wad: int = setting(
        "dust_debt", Kind.VALUE, doc="a debt is zero or worth at least this", default=0
    )
    dust_collateral_wad: int = setting(
        "dust_collateral",
        Kind.VALUE,
        doc="a collateral left by a liquidation is zero or worth at least this; "
        "at or below it a bankrupt account is closed out",
        default=0,
    )
    dust_share_wad: int = ratio(
        "dust_share",
        "a bankrupt account whose collateral is worth at most this share of its debt is closed out",
        default=10**15,
    )
    window_seconds: int = setting(
        "window", Kind.SECONDS, doc="length of the window of the notional cap", default=3600, low=1
    )
    window_cap_wad: int | None = setting(
        "window_cap",
        Kind.VALUE,
        doc="largest value repaid by liquidations in a window; absent: no cap",
        default=None,
    )


@dataclass(frozen=True, slots=True)
class MarginCallRules:
    """Calls to accounts between the initial and the maintenance level."""

    interval_seconds: int = setting(
        "interval", Kind.SECONDS, doc="shortest time between two calls", default=86_400
    )
    grace_seconds: int = setting(
        "grace", Kind.SECONDS, doc="time to answer before the call expires", default=86_400
    )
    on_expiry: CallExpiry = setting(
        "on_expiry",
        Kind.CHOICE,
        doc="restrict new risk, or also allow a reduction at par to the initial level",
        default=CallExpiry.RESTRICT,
        choices=CallExpiry,
    )


@dataclass(frozen=True, slots=True)
class AuctionRules:
    """Dutch auctions of seized collateral."""

    curve: AuctionCurve = setting(
        "curve",
        Kind.CHOICE,
        doc="how the price falls",
        default=AuctionCurve.LINEAR,
        choices=AuctionCurve,
    )
    start_multiplier_wad: int = ratio(
        "start_multiplier",
        "start price over the oracle price",
        default=120 * PERCENT,
        low=1,
        high=10 * WAD,
    )
    floor_multiplier_wad: int = ratio(
        "floor_multiplier",
        "lowest price over the oracle price at the start; 0: none",
        default=60 * PERCENT,
    )
    duration_seconds: int = setting(
        "duration",
        Kind.SECONDS,
        doc="time in which a linear auction reaches zero",
        default=21_600,
        low=1,
    )
    step_seconds: int = setting("step", Kind.SECONDS, doc="length of a stair", default=90, low=1)
    cut_wad: int = ratio(
        "cut", "price factor of one stair (of one second, if exponential)", default=99 * PERCENT
    )
    reset_after_seconds: int = setting(
        "reset_after", Kind.SECONDS, doc="an auction older than this must be reset", default=8_400
    )
    reset_below_wad: int = ratio(
        "reset_below", "an auction under this share of its start price must be reset", default=0
    )
    penalty_wad: int = ratio(
        "penalty", "added to the debt that the auction has to raise", default=0
    )
    lot_buffer_wad: int = ratio(
        "lot_buffer",
        "collateral in the lot over debt and penalty at the oracle price",
        default=150 * PERCENT,
        low=WAD,
        high=1000 * WAD,
    )
    keeper_tip_wad: int = setting(
        "keeper_tip", Kind.VALUE, doc="flat reward for starting or resetting", default=0
    )
    keeper_share_wad: int = ratio("keeper_share", "reward as a share of the debt put up", default=0)


@dataclass(frozen=True, slots=True)
class FundRules:
    """A ring-fenced pool of capital in the quote."""

    balance_wad: int = setting("balance", Kind.VALUE, doc="capital at the start", default=0)


@dataclass(frozen=True, slots=True)
class DynamicsRules:
    """Bounds on rule changes: how far and how fast a weight may move."""

    speed_wad: int = ratio(
        "speed", "largest move of a weight a day, as a fraction", default=PERCENT, low=1
    )
    notice_seconds: int = setting(
        "notice",
        Kind.SECONDS,
        doc="time between a rule change and the start of its ramp",
        default=86_400,
    )
    max_bonus_wad: int = ratio("max_bonus", "largest liquidation bonus", default=30 * PERCENT)
    min_threshold_wad: int = ratio(
        "min_threshold", "lowest liquidation threshold a change may set", default=0
    )
