"""From what a stress file and a depth table say to markets."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from trimtab.kernels.impact import ImpactTerms
from trimtab.model import (
    DepthRow,
    MarketSettings,
    MarketShape,
    Side,
    StressSettings,
    VenueSettings,
)
from trimtab.simulation.markets.curves import Market, MarketCurve, no_impact, terms_of
from trimtab.simulation.markets.ladders import OrderBookLadder, ladder_of, ladder_of_bands
from trimtab.simulation.markets.laws import (
    LinearImpact,
    SquareRootImpact,
    linear_of_depth,
    square_root_of_volume,
)
from trimtab.simulation.markets.pools import (
    ConcentratedPool,
    ConstantProductPool,
    LiquidityRange,
)
from trimtab.simulation.markets.routing import merged
from trimtab.units import DataError, float_of

_WAD_DECIMALS: Final = 18
_BPS: Final = 1e4


def stated_terms(
    settings: StressSettings,
    assets: Sequence[str],
    *,
    depth: Sequence[DepthRow],
    prices: Mapping[str, float],
    volatilities: Mapping[str, float],
    pledged: Collection[str] | None = None,
) -> ImpactTerms:
    """Return the impact terms of assets, in their order, as a stress file and a case say.

    Args:
        depth: rows of the case's depth table; an asset that the file does not name is sold there.
        prices: of the assets now, quote per whole unit.
        volatilities: annual, of the assets' history: the reference where the file names none.
        pledged: assets that accounts hold, which a liquidation may sell; None is all. An asset
            that nobody holds needs no market.

    Raises:
        DataError: a pledged asset without a market, or a market that cannot be.
    """
    markets = {}
    for asset in assets:
        stated = settings.market(asset)
        rows = [row for row in depth if row.asset == asset]
        if stated is None and rows:
            stated = MarketSettings(asset, venues=(VenueSettings(asset, MarketShape.DEPTH),))
        if stated is None:
            if pledged is not None and asset not in pledged:
                markets[asset] = Market(no_impact())
            continue
        markets[asset] = market_of(
            stated, rows, price=prices[asset], volatility=volatilities.get(asset, 1.0)
        )
    return terms_of(
        markets,
        assets,
        decay=_float(settings.impact.volatility_decay_wad),
        feedback=settings.impact.feedback,
    )


def market_of(
    stated: MarketSettings, depth: Sequence[DepthRow], *, price: float, volatility: float
) -> Market:
    """Return one asset's market: its venues merged, with what is stated of their life.

    Args:
        depth: rows of this asset.
        price: quote per whole unit; volatility: annual, where the file states none.
    """
    curves = [venue_curve(one, depth, price=price) for one in stated.venues]
    reference = stated.volatility_ref_wad
    recovery = stated.recovery_seconds
    return Market(
        merged(curves) if len(curves) > 1 else curves[0],
        permanent_share=_float(stated.permanent_share_wad),
        recovery_seconds=math.inf if recovery is None else float(recovery),
        thinning=_float(stated.thinning_wad),
        depth_least=_float(stated.depth_least_wad),
        sigma_ref=volatility if reference is None else _float(reference),
    )


def venue_curve(stated: VenueSettings, depth: Sequence[DepthRow], *, price: float) -> MarketCurve:
    """Return the curve of one venue; a venue of the kind depth takes the rows of the table."""
    if stated.kind is MarketShape.NONE:
        return no_impact()
    if stated.kind is MarketShape.DEPTH:
        return ladder_of_rows(
            depth, price=price, fee=_float(stated.fee_wad), ends=stated.ends, asset=stated.name
        ).curve()
    if stated.kind is MarketShape.CONCENTRATED:
        return _concentrated(stated, price)
    return _SHAPES[stated.kind](stated)


def ladder_of_rows(
    rows: Sequence[DepthRow], *, price: float, fee: float, ends: bool, asset: str
) -> OrderBookLadder:
    """Return the ladder of a depth table's rows of one asset: levels of a book, or bands."""
    if not rows:
        raise DataError(
            "the asset has no depth",
            found=asset,
            expected="rows of it in the depth table",
            hint="add them, or give the market another kind",
        )
    if rows[0].price_wad is not None:
        sides = {
            side: [
                (_float(row.price_wad or 0), _float(row.quantity_wad or 0))
                for row in rows
                if row.side is side
            ]
            for side in Side
        }
        return ladder_of(sides[Side.BID], sides[Side.ASK], fee=fee, ends=ends)
    bids = sorted((_float(row.distance_wad or 0), row) for row in rows if row.side is Side.BID)
    bands, held, worth, near = [], 0.0, 0.0, 0.0
    for distance, row in bids:
        if row.quantity_wad is not None:
            held = _float(row.quantity_wad)
        else:
            # A band's own value is laid at its middle, as its units are.
            value = _float(row.value_wad or 0)
            held += (value - worth) / (price * (1.0 - 0.5 * (near + distance)))
            worth = value
        bands.append((distance * _BPS, held))
        near = distance
    return ladder_of_bands(bands, price=price, fee=fee, ends=ends)


def _linear(stated: VenueSettings) -> MarketCurve:
    fee = _float(stated.fee_wad)
    if stated.coefficient_wad is not None:
        return LinearImpact(_float(stated.coefficient_wad), fee).curve()
    depth, within = _float(stated.depth_wad or 0), _float(stated.within_wad)
    return linear_of_depth(depth=depth, within=within, fee=fee).curve()


def _square_root(stated: VenueSettings) -> MarketCurve:
    fee = _float(stated.fee_wad)
    if stated.coefficient_wad is not None:
        return SquareRootImpact(_float(stated.coefficient_wad), fee).curve()
    return square_root_of_volume(
        daily_volume=_float(stated.daily_volume_wad or 0),
        vol_daily=_float(stated.daily_volatility_wad or 0),
        scale=_float(stated.scale_wad),
        fee=fee,
    ).curve()


def _constant_product(stated: VenueSettings) -> MarketCurve:
    # The curve is of the base reserve alone: the quote's follows from the path's price.
    base = _float(stated.base_reserve_wad or 0)
    return ConstantProductPool(base, base, _float(stated.fee_wad)).curve()


def _concentrated(stated: VenueSettings, price: float) -> MarketCurve:
    ranges = tuple(
        LiquidityRange(one.lower_tick, one.upper_tick, float(one.liquidity))
        for one in stated.ranges
    )
    return ConcentratedPool(
        price, ranges, stated.base_decimals, stated.quote_decimals, _float(stated.fee_wad)
    ).curve()


_SHAPES: Final[Mapping[MarketShape, Callable[[VenueSettings], MarketCurve]]] = MappingProxyType(
    {
        MarketShape.LINEAR: _linear,
        MarketShape.SQUARE_ROOT: _square_root,
        MarketShape.CONSTANT_PRODUCT: _constant_product,
    }
)


def _float(wad: int) -> float:
    return float_of(wad, _WAD_DECIMALS)
