"""Rules as data: what distinguishes one venue from another.

Ratios are wad (1e18 = 1), values wad of the quote, amounts native units, times whole seconds.
Each field names its key in `rules.toml`, its unit and its range (see `settings`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trimtab.model.choices import Accrual
from trimtab.model.guards import (
    BreakerRules,
    DeleveragingRules,
    OracleRules,
    PositionLiquidationRules,
)
from trimtab.model.markets import MarketRules
from trimtab.model.procedures import (
    AuctionRules,
    DynamicsRules,
    FundRules,
    LiquidationRules,
    MarginCallRules,
)
from trimtab.model.settings import PERCENT, Kind, ratio, setting
from trimtab.units import WAD


@dataclass(frozen=True, slots=True)
class AssetRules:
    """One asset of the venue: its collateral weights, its debt, its pool and its price."""

    name: str
    decimals: int = setting(
        "decimals", Kind.COUNT, doc="native units per whole unit, as a power of ten", high=36
    )
    max_ltv_wad: int = ratio("max_ltv", "collateral weight at the initial level", default=0)
    liquidation_end_wad: int = ratio(
        "liquidation_end",
        "collateral weight at the liquidation-end level; defaults to liquidation_threshold",
        default=0,
        ramped=True,
    )
    liquidation_threshold_wad: int = ratio(
        "liquidation_threshold",
        "collateral weight at the maintenance level",
        default=0,
        ramped=True,
    )
    liquidation_bonus_wad: int = ratio(
        "liquidation_bonus", "to the liquidator, on top of par", default=0
    )
    liquidation_fee_wad: int = ratio(
        "liquidation_fee", "to the insurance fund, on top of the bonus", default=0
    )
    liability_weight_wad: int = setting(
        "borrow_factor",
        Kind.FACTOR,
        doc="debt is divided by it; stored as the weight ceil(1 / factor)",
        default=WAD,
        low=WAD,
        high=1000 * WAD,
        ramped=True,
    )
    size_factor_wad: int = ratio(
        "size_factor",
        "f: a balance of s whole units weighs at most 1.1 / (1 + f sqrt(s)), a debt at least "
        "0.8 w + f sqrt(s)",
        default=0,
        ramped=True,
    )
    borrowable: bool = setting("borrowable", Kind.FLAG, doc="may be borrowed", default=True)
    mintable: bool = setting(
        "mintable",
        Kind.FLAG,
        doc="borrowing mints the asset (a vault's stablecoin) instead of lending deposits",
        default=False,
    )
    supply_cap: int | None = setting(
        "supply_cap", Kind.AMOUNT, doc="largest total supply; absent: no cap", default=None
    )
    borrow_cap: int | None = setting(
        "borrow_cap", Kind.AMOUNT, doc="largest total debt; absent: no cap", default=None
    )
    isolated: bool = setting(
        "isolated", Kind.FLAG, doc="collateral that must be an account's only one", default=False
    )
    debt_ceiling_wad: int | None = setting(
        "debt_ceiling",
        Kind.VALUE,
        doc="largest debt against this isolated collateral, venue-wide; absent: no ceiling",
        default=None,
    )
    borrowable_in_isolation: bool = setting(
        "borrowable_in_isolation",
        Kind.FLAG,
        doc="may be borrowed against an isolated collateral",
        default=False,
    )
    base_rate_wad: int = ratio(
        "base_rate", "borrow rate a year at zero utilization", default=0, high=10 * WAD
    )
    slope1_wad: int = ratio(
        "slope1", "rise of the rate from zero utilization to the kink", default=0, high=10 * WAD
    )
    slope2_wad: int = ratio(
        "slope2", "rise of the rate from the kink to full use", default=0, high=100 * WAD
    )
    kink_wad: int = ratio(
        "kink", "utilization at which the slope changes", default=80 * PERCENT, low=1, high=WAD - 1
    )
    accrual: Accrual = setting(
        "accrual",
        Kind.CHOICE,
        doc="interest between two touches of the pool",
        default=Accrual.COMPOUNDED,
        choices=Accrual,
    )
    reserve_factor_wad: int = ratio(
        "reserve_factor", "share of the interest kept by the venue", default=0
    )
    external_supply: int | None = setting(
        "external_supply",
        Kind.AMOUNT,
        doc="supply of holders that the book does not list; absent: what keeps utilization at 0.8",
        default=None,
    )
    underlying: str = setting(
        "underlying",
        Kind.TEXT,
        doc="asset in which the exchange rate of a yield-bearing asset is quoted; empty: none",
        default="",
    )
    exchange_rate_wad: int = setting(
        "exchange_rate",
        Kind.RATIO,
        doc="underlying per whole unit at the start",
        default=WAD,
        low=1,
        high=10**6 * WAD,
    )
    max_rate_growth_wad: int | None = setting(
        "max_rate_growth",
        Kind.RATIO,
        doc="largest growth of the exchange rate a year; absent: no cap",
        default=None,
        high=10 * WAD,
    )
    price_wad: int | None = setting(
        "price",
        Kind.PRICE,
        doc="the book's own price, used before the first row of prices and by rebase",
        default=None,
        low=1,
    )


@dataclass(frozen=True, slots=True)
class CategoryRules:
    """Correlated-asset mode: weights for its assets, which alone may be borrowed in it."""

    name: str
    assets: tuple[str, ...] = setting("assets", Kind.NAMES, doc="members of the category", low=1)
    max_ltv_wad: int = ratio("max_ltv", "weight at the initial level")
    liquidation_threshold_wad: int = ratio(
        "liquidation_threshold", "weight at the maintenance level", ramped=True
    )
    liquidation_bonus_wad: int = ratio("liquidation_bonus", "bonus of its members", default=0)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a venue. Mappings are keyed by name and are never mutated."""

    venue: str
    quote: str
    assets: Mapping[str, AssetRules]
    categories: Mapping[str, CategoryRules]
    liquidation: LiquidationRules = LiquidationRules()
    margin_call: MarginCallRules = MarginCallRules()
    auction: AuctionRules = AuctionRules()
    insurance: FundRules = FundRules()
    backstop: FundRules = FundRules()
    dynamics: DynamicsRules = DynamicsRules()
    markets: Mapping[str, MarketRules] = field(default_factory=dict)
    oracle: OracleRules = OracleRules()
    breakers: BreakerRules = BreakerRules()
    position_liquidation: PositionLiquidationRules = PositionLiquidationRules()
    deleveraging: DeleveragingRules = DeleveragingRules()


def contract_decimals(rules: Rules, market: MarketRules) -> int:
    """Decimals of a market's contract: its own, or those of what it counts."""
    if market.decimals is not None:
        return market.decimals
    counted = rules.quote if market.is_inverse else market.asset
    return rules.assets[counted].decimals
