"""What a stress run is told beside its case: markets, oracles, chain, keepers, horizon.

Exact integers, as rules are; estimates and simulation turn them into floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from trimtab.model.settings import PERCENT, Kind, TickRange, ratio, setting
from trimtab.units import WAD

# Stands for every asset that has no section of its own.
EVERY_ASSET = "*"
# Exponents and multiples of a reference are ratios above 1.
_MANY = 100 * WAD


class MarketShape(StrEnum):
    """How a venue's price falls as it is sold into."""

    NONE = "none"
    LINEAR = "linear"
    SQUARE_ROOT = "square_root"
    CONSTANT_PRODUCT = "constant_product"
    CONCENTRATED = "concentrated"
    DEPTH = "depth"


@dataclass(frozen=True, slots=True)
class VenueSettings:
    """One place where an asset is sold: its kind, and what that kind needs."""

    name: str
    kind: MarketShape = setting(
        "kind",
        Kind.CHOICE,
        doc="none, a law, a pool, or the rows of the depth table",
        choices=MarketShape,
    )
    fee_wad: int = ratio("fee", "of what is sold", default=0, high=WAD - 1)
    coefficient_wad: int | None = setting(
        "coefficient",
        Kind.RATIO,
        doc="linear: fall of the log price per unit; square_root: per root of a unit",
        default=None,
        low=1,
    )
    depth_wad: int | None = setting(
        "depth",
        Kind.AMOUNT,
        doc="linear: units that bring the price down by `within`",
        default=None,
        low=1,
    )
    within_wad: int = ratio(
        "within", "linear: by how much `depth` brings it down", default=PERCENT, low=1, high=WAD - 1
    )
    daily_volume_wad: int | None = setting(
        "daily_volume", Kind.AMOUNT, doc="square_root: units traded a day", default=None, low=1
    )
    daily_volatility_wad: int | None = ratio(
        "daily_volatility",
        "square_root: standard deviation of a day's log return",
        default=None,
        low=1,
        high=_MANY,
    )
    scale_wad: int = ratio(
        "scale",
        "square_root: fall at a day's volume, in daily volatilities",
        default=WAD,
        low=1,
        high=_MANY,
    )
    base_reserve_wad: int | None = setting(
        "base_reserve",
        Kind.AMOUNT,
        doc="constant_product: units of the asset in the pool",
        default=None,
        low=1,
    )
    ranges: tuple[TickRange, ...] = setting(
        "ranges",
        Kind.RANGES,
        doc="concentrated: liquidity between ticks, the asset as token 0",
        default=(),
    )
    base_decimals: int = setting(
        "base_decimals",
        Kind.COUNT,
        doc="concentrated: of the asset's token",
        default=18,
        high=36,
    )
    quote_decimals: int = setting(
        "quote_decimals",
        Kind.COUNT,
        doc="concentrated: of the quote's token",
        default=18,
        high=36,
    )
    ends: bool = setting(
        "ends",
        Kind.FLAG,
        doc="depth: nobody buys beyond the last row; else its mean slope goes on",
        default=False,
    )


@dataclass(frozen=True, slots=True)
class MarketSettings:
    """Where one asset is sold, and how that market recovers and thins."""

    name: str
    permanent_share_wad: int = ratio("permanent_share", "of each fall, for good", default=0)
    recovery_seconds: int | None = setting(
        "recovery",
        Kind.SECONDS,
        doc="time in which 1 - 1/e of what was sold is absorbed; absent: never",
        default=None,
        low=1,
    )
    thinning_wad: int = ratio(
        "thinning", "exponent by which depth falls with volatility", default=0, high=_MANY
    )
    depth_least_wad: int = ratio(
        "depth_least", "share of its depth that a market keeps", default=5 * PERCENT, low=1
    )
    volatility_ref_wad: int | None = ratio(
        "volatility_ref",
        "annual volatility at which depth and gas are as stated; absent: the history's",
        default=None,
        low=1,
        high=_MANY,
    )
    venues: tuple[VenueSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class OracleSettings:
    """How the oracle of one asset behaves; times from the start of the run."""

    name: str
    deviation_wad: int = ratio(
        "deviation", "move at which a new price is published; 0: every step", default=0
    )
    heartbeat_seconds: int = setting(
        "heartbeat",
        Kind.SECONDS,
        doc="longest time between two publications; 0: none",
        default=0,
    )
    delay_seconds: int = setting(
        "delay", Kind.SECONDS, doc="from publication until it is reported", default=0
    )
    outage_from_seconds: int = setting(
        "outage_from", Kind.SECONDS, doc="from when nothing is published", default=0
    )
    outage_to_seconds: int = setting("outage_to", Kind.SECONDS, doc="until when", default=0)
    sources: int = setting(
        "sources", Kind.COUNT, doc="the oracle publishes their median", default=1, low=1
    )
    lie_factor_wad: int = ratio(
        "lie_factor", "what one source multiplies the price by", default=WAD, low=1, high=_MANY
    )
    lie_from_seconds: int = setting(
        "lie_from", Kind.SECONDS, doc="from when that source lies", default=0
    )
    lie_to_seconds: int = setting("lie_to", Kind.SECONDS, doc="until when", default=0)


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """The chain that keepers' transactions go through."""

    block_seconds: int = setting(
        "block", Kind.SECONDS, doc="time between blocks", default=12, low=1
    )
    gas_cost_wad: int = setting(
        "gas_cost", Kind.VALUE, doc="of one liquidation at the reference volatility", default=0
    )
    gas_slope_wad: int = ratio(
        "gas_slope",
        "by how much of itself gas rises where volatility doubles",
        default=0,
        high=_MANY,
    )
    landings_per_block: int | None = setting(
        "landings_per_block",
        Kind.COUNT,
        doc="most liquidations in a block; absent: no limit",
        default=None,
        low=1,
    )
    failure_wad: int = ratio(
        "failure", "probability that a keeper's transactions do not land", default=0
    )
    halt_from_seconds: int = setting(
        "halt_from", Kind.SECONDS, doc="from when the venue stands still", default=0
    )
    halt_to_seconds: int = setting("halt_to", Kind.SECONDS, doc="until when", default=0)


@dataclass(frozen=True, slots=True)
class KeeperSettings:
    """What keepers want and have."""

    min_profit_wad: int = setting(
        "min_profit", Kind.VALUE, doc="least profit after gas for which they act", default=0
    )
    capital_wad: int | None = setting(
        "capital",
        Kind.VALUE,
        doc="debt that they repay in one step; absent: no limit",
        default=None,
    )
    delay_seconds: int = setting(
        "delay", Kind.SECONDS, doc="between seeing an unsafe account and acting", default=0
    )
    halvings: int = setting(
        "halvings",
        Kind.COUNT,
        doc="how often they halve an offer that does not pay whole; 0: whole or not at all",
        default=0,
        high=20,
    )


@dataclass(frozen=True, slots=True)
class ImpactSettings:
    """How sales act on the price that accounts are marked at."""

    feedback: bool = setting(
        "feedback", Kind.FLAG, doc="accounts are marked at the price after sales", default=True
    )
    volatility_decay_wad: int = ratio(
        "volatility_decay",
        "weight of the past in the volatility of a step",
        default=94 * PERCENT,
        high=WAD - 1,
    )


@dataclass(frozen=True, slots=True)
class HorizonSettings:
    """How far, how fine, how often."""

    length_seconds: int = setting(
        "length", Kind.SECONDS, doc="of each path", default=7 * 86400, low=1
    )
    step_seconds: int = setting("step", Kind.SECONDS, doc="of the clock", default=3600, low=1)
    paths: int = setting("paths", Kind.COUNT, doc="how many", default=1000, low=1)


@dataclass(frozen=True, slots=True)
class StressSettings:
    """All sections of a stress file; an asset without a section takes that of "*", if any."""

    markets: Mapping[str, MarketSettings] = field(default_factory=lambda: MappingProxyType({}))
    oracles: Mapping[str, OracleSettings] = field(default_factory=lambda: MappingProxyType({}))
    impact: ImpactSettings = ImpactSettings()
    chain: ChainSettings = ChainSettings()
    keepers: KeeperSettings = KeeperSettings()
    horizon: HorizonSettings = HorizonSettings()

    def market(self, asset: str) -> MarketSettings | None:
        """Return where an asset is sold; None where the file does not say."""
        return self.markets.get(asset, self.markets.get(EVERY_ASSET))

    def oracle(self, asset: str) -> OracleSettings:
        """Return how an asset's oracle behaves; one that is not named reports each step."""
        found = self.oracles.get(asset, self.oracles.get(EVERY_ASSET))
        return OracleSettings(asset) if found is None else found


class Side(StrEnum):
    """Of an order book."""

    BID = "bid"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class DepthRow:
    """One row of a depth table, all in wad.

    Either a level, `price_wad` and `quantity_wad` of a book; or a band, what is offered in all
    within `distance_wad` (a fraction) of the price: `quantity_wad` in whole units, or `value_wad`.
    """

    asset: str
    side: Side
    price_wad: int | None = None
    distance_wad: int | None = None
    quantity_wad: int | None = None
    value_wad: int | None = None
