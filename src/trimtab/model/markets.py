"""Derivatives markets as data: contract, requirement, funding, prices, fees, and who pays at last.

Ratios and rates are wad, values wad of the quote, amounts native units of the contract, times
whole seconds. A market's requirement at a level is its notional times the sum of what the fields
say: a flat rate or tiers, raised by the size of the position, by the market's skew or, at the
initial level alone, by its open interest.
"""

from dataclasses import dataclass
from enum import StrEnum

from trimtab.model.settings import PERCENT, Kind, ratio, setting
from trimtab.units import WAD


class MarketKind(StrEnum):
    """What is traded in a market."""

    PERP = "perp"  # linear: so many units of the asset, settled in the quote
    INVERSE_PERP = "inverse_perp"  # contracts of one quote unit each, settled in the asset


class Funding(StrEnum):
    """What sets the funding rate."""

    NONE = "none"
    PREMIUM = "premium"  # clamp(premium of mark over index + interest)
    VELOCITY = "velocity"  # the skew moves the rate, which is kept
    RECORDED = "recorded"  # as `SetFunding` says it


class Socialize(StrEnum):
    """Whom a position's loss reaches when every other payer is empty."""

    FUNDING = "funding"  # every open unit of the market, both sides
    DEPOSITS = "deposits"  # the suppliers of the asset that the market settles in


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates of the part of a notional from `floor_wad` on; deductions keep the sum continuous."""

    floor_wad: int
    initial_wad: int
    maintenance_wad: int


@dataclass(frozen=True, slots=True)
class MarketRules:
    """A derivatives market."""

    name: str
    initial_margin_wad: int = ratio(
        "initial_margin", "requirement at the initial level", low=1, ramped=True
    )
    maintenance_margin_wad: int = ratio(
        "maintenance_margin", "requirement at the maintenance level", low=1, ramped=True
    )
    kind: MarketKind = setting(
        "kind", Kind.CHOICE, doc="what is traded", default=MarketKind.PERP, choices=MarketKind
    )
    asset: str = setting("asset", Kind.TEXT, doc="asset whose price it follows", default="")
    decimals: int | None = setting(
        "decimals",
        Kind.COUNT,
        doc="native units per whole contract, as a power of ten; "
        "absent: the asset's (of an inverse contract: the quote's)",
        default=None,
        high=36,
    )
    liquidation_end_margin_wad: int | None = ratio(
        "liquidation_end_margin",
        "requirement at the liquidation-end level; absent: maintenance_margin",
        default=None,
    )
    tiers: tuple[Tier, ...] = setting(
        "tiers",
        Kind.TIERS,
        doc="[notional from, initial, maintenance] rows that replace the flat rates",
        default=(),
    )
    size_factor_wad: int = ratio(
        "size_factor",
        "rates are at least size_discount x rate + size_factor x sqrt(whole units)",
        default=0,
        high=WAD,
        ramped=True,
    )
    size_discount_wad: int = ratio(
        "size_discount",
        "share of the flat rate that size_factor adds to",
        default=80 * PERCENT,
        ramped=True,
    )
    skew_scale: int | None = setting(
        "skew_scale",
        Kind.AMOUNT,
        doc="skew at which the premium of the pool's price is 1; absent: no price impact",
        default=None,
        low=1,
    )
    skew_margin_wad: int = ratio(
        "skew_margin",
        "added to the initial rate at a size of skew_scale; other levels in proportion",
        default=0,
        high=1000 * WAD,
        ramped=True,
    )
    position_margin_wad: int = setting(
        "position_margin", Kind.VALUE, doc="flat requirement of an open position", default=0
    )
    oi_lower_wad: int = setting(
        "oi_lower",
        Kind.VALUE,
        doc="open interest from which the initial rate rises towards 1",
        default=0,
    )
    oi_upper_wad: int = setting(
        "oi_upper",
        Kind.VALUE,
        doc="open interest at which the initial rate is 1; 0: it does not rise",
        default=0,
    )
    oi_cap_wad: int | None = setting(
        "oi_cap",
        Kind.VALUE,
        doc="largest open interest (of the larger side); absent: no cap",
        default=None,
    )
    initial_gain_weight_wad: int = ratio(
        "initial_gain_weight",
        "weight of a positive unrealized pnl at the initial level: profits do not buy leverage",
        default=0,
    )
    gain_weight_wad: int = ratio(
        "gain_weight",
        "weight of a positive unrealized pnl at the other levels",
        default=WAD,
        ramped=True,
    )
    gain_cap_wad: int | None = setting(
        "gain_cap",
        Kind.VALUE,
        doc="largest positive unrealized pnl counted at the initial level; absent: no cap",
        default=None,
    )
    withdrawal_margin_wad: int = ratio(
        "withdrawal_margin",
        "share of the notional that must stay as equity when collateral is withdrawn",
        default=10 * PERCENT,
    )
    funding: Funding = setting(
        "funding",
        Kind.CHOICE,
        doc="what sets the funding rate",
        default=Funding.NONE,
        choices=Funding,
    )
    funding_period_seconds: int = setting(
        "funding_period",
        Kind.SECONDS,
        doc="time over which the premium is paid once",
        default=28_800,
        low=1,
    )
    funding_interest_wad: int = ratio(
        "funding_interest", "added to the premium of each period", default=0, low=-WAD
    )
    funding_cap_wad: int | None = ratio(
        "funding_cap", "largest funding rate a period; absent: no cap", default=None, high=10 * WAD
    )
    funding_clamp_wad: int | None = ratio(
        "funding_clamp",
        "largest funding rate a period as a multiple of initial less maintenance margin; "
        "absent: no clamp",
        default=None,
        high=100 * WAD,
    )
    funding_velocity_wad: int = ratio(
        "funding_velocity",
        "change of the daily rate in a day at full skew (velocity funding)",
        default=0,
        high=100 * WAD,
    )
    mark_band_wad: int | None = ratio(
        "mark_band",
        "largest distance of an accepted mark price from the index price; absent: any",
        default=None,
        low=1,
    )
    taker_fee_wad: int = ratio("taker_fee", "trading fee of the taker", default=0)
    maker_fee_wad: int = ratio("maker_fee", "trading fee of the maker", default=0)
    liquidator_fee_wad: int = ratio(
        "liquidator_fee", "discount to the mark price at which a position is taken over", default=0
    )
    liquidator_fee_max_wad: int = ratio(
        "liquidator_fee_max",
        "what liquidator_fee rises to while nobody takes the position",
        default=0,
    )
    insurance_fee_wad: int = ratio(
        "insurance_fee", "most that a liquidation pays to the insurance fund", default=0
    )
    insurance_ring: str = setting(
        "insurance_ring",
        Kind.TEXT,
        doc="name of the market's own insurance fund; empty: the venue's",
        default="",
    )
    insurance_balance_wad: int = setting(
        "insurance_balance",
        Kind.VALUE,
        doc="capital of its own insurance fund at the start",
        default=0,
    )
    insurance_cap_wad: int | None = setting(
        "insurance_cap",
        Kind.VALUE,
        doc="most that insurance ever pays for this market; absent: no cap",
        default=None,
    )
    pool_balance_wad: int | None = setting(
        "pool_balance",
        Kind.VALUE,
        doc="quote capital of the pool that takes the side the book leaves open; "
        "absent: the notional it takes at the start",
        default=None,
    )
    window_seconds: int = setting(
        "window",
        Kind.SECONDS,
        doc="length of the sliding window of liquidated size",
        default=30,
        low=1,
    )
    window_cap: int | None = setting(
        "window_cap",
        Kind.AMOUNT,
        doc="largest size liquidated in a window; absent: no cap",
        default=None,
    )
    socialize: Socialize = setting(
        "socialize",
        Kind.CHOICE,
        doc="whom a loss reaches when every other payer is empty",
        default=Socialize.FUNDING,
        choices=Socialize,
    )

    @property
    def is_inverse(self) -> bool:
        """Whether a contract is one quote unit, settled in the asset."""
        return self.kind is MarketKind.INVERSE_PERP

    @property
    def end_margin_wad(self) -> int:
        """Flat rate at the liquidation-end level."""
        end = self.liquidation_end_margin_wad
        return self.maintenance_margin_wad if end is None else end
