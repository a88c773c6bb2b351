"""Positions that explain themselves, and how far prices may move for an account that has some."""

from collections.abc import Mapping

from trimtab.engine.boundary import HIGHEST_MULTIPLE, excess_with, last_safe, price_boundary
from trimtab.engine.draft import Draft
from trimtab.engine.margin import Sums
from trimtab.engine.perps.marks import MarketMark, market_mark, root_of
from trimtab.engine.perps.requirement import notional, requirement
from trimtab.engine.perps.sizing import attributed
from trimtab.engine.perps.valuation import NONE_OPEN, owed_cost, pnl, worst_size
from trimtab.engine.scales import EXACT_PER_WAD, WEIGHTED_PER_WAD
from trimtab.model import Account, Level, Position, PositionExplanation
from trimtab.units import WAD, div_down, div_floor, div_up


def explained_positions(
    account: Account, sums: Sums, *, draft: Draft
) -> tuple[PositionExplanation, ...]:
    """Every position of an account, by market."""
    return tuple(
        _explained(account, sums, market=market, draft=draft)
        for market in sorted(account.positions)
    )


def _explained(account: Account, sums: Sums, *, market: str, draft: Draft) -> PositionExplanation:
    mark, position = market_mark(draft, market), account.positions[market]
    size, price = position.size, mark.price_wad
    reach = worst_size(size, account.orders.get(market, NONE_OPEN))
    asked = account.leverage.get(market, 0)
    initial = requirement(
        reach, mark, level=Level.INITIAL, price_wad=mark.high_wad, asked_wad=asked
    )
    maintenance = requirement(size, mark, level=Level.MAINTENANCE, price_wad=price)
    found = market_boundary(account, draft, market=market)
    return PositionExplanation(
        market=market,
        size=size,
        entry_price_wad=entry_price_wad(position, mark),
        mark_price_wad=price,
        notional_wad=div_down(notional(size, mark, price_wad=price), EXACT_PER_WAD),
        pnl_wad=div_floor(pnl(position, mark), EXACT_PER_WAD),
        initial_wad=div_up(initial, WEIGHTED_PER_WAD),
        maintenance_wad=div_up(maintenance, WEIGHTED_PER_WAD),
        liquidation_price_wad=None if found is None else found[0],
        bankruptcy_price_wad=bankruptcy_price_wad(
            position, mark, equity=sums.equity, total=sums.required
        ),
    )


def entry_price_wad(position: Position, mark: MarketMark) -> int:
    """Cost of the open size per contract, funding included; rounded against the account."""
    cost, size = owed_cost(position, mark.state), position.size
    if size == 0:
        return 0
    if mark.rules.is_inverse:
        return 0 if cost == 0 else div_down(abs(size) * WAD * mark.lift, abs(cost))
    if size > 0:
        return max(0, -div_floor(-cost, size * mark.lift))
    return max(0, div_floor(-cost, -size * mark.lift))


def bankruptcy_price_wad(
    position: Position, mark: MarketMark, *, equity: int, total: int
) -> int | None:
    """Mark price at which closing the position would use up its share of the equity (dYdX v4).

    The share goes by requirement (see `own_share`); rounded towards the account's loss, and None
    where even a price of zero leaves something.
    """
    size, price = position.size, mark.price_wad
    if size == 0:
        return None
    own = requirement(size, mark, level=Level.MAINTENANCE, price_wad=price)
    share = attributed(equity, freed=own, total=total)
    if mark.rules.is_inverse:
        # Closing at b instead of p costs |1 / b - 1 / p| of the asset: N |p / b - 1| at p.
        share = div_floor(share * price, mark.index_wad)
        value = abs(size) * WAD * mark.lift
        left = value + share if size > 0 else value - share
        return div_up(price * value, left) if left > 0 else None
    away = div_floor(share, abs(size) * mark.lift)
    found = price - away if size > 0 else price + away
    return found if found > 0 else None


def market_boundary(account: Account, draft: Draft, *, market: str) -> tuple[int, str] | None:
    """The last safe mark price of a market, its asset's other uses moving along with it."""
    mark = market_mark(draft, market)
    if account.positions[market].size == 0:
        return None
    asset = root_of(draft, mark.rules.asset)
    return asset_boundary(account, draft, asset=asset, price_wad=mark.price_wad)


def asset_boundary(
    account: Account, draft: Draft, *, asset: str, price_wad: int
) -> tuple[int, str] | None:
    """The last safe price of an asset, everything that follows its price moving along."""

    def excess(price: int) -> int:
        return excess_with(account, draft, share={asset: (price, price_wad)})

    return price_boundary(excess, price_wad)


def exposed_assets(account: Account, draft: Draft) -> Mapping[str, int]:
    """Assets with prices of their own that the account depends on: the sign of a rise for it."""
    names = {*account.supply, *account.debt}
    names |= {draft.rules.markets[market].asset for market in account.positions}
    roots = set()
    for name in names:
        while draft.rules.assets[name].underlying:
            name = draft.rules.assets[name].underlying
        roots.add(name)
    roots.discard(draft.rules.quote)
    now = excess_with(account, draft, share={})
    found = {}
    for asset in sorted(roots):
        moved = excess_with(account, draft, share={asset: (10**6 + 1, 10**6)})
        found[asset] = (moved > now) - (moved < now)
    return found


def joint_distance_wad(account: Account, draft: Draft, *, up: bool) -> int | None:
    """Fraction by which all that hurts in one direction may move together; None if it never does.

    Down: what the account is net long of falls, at most by all of it. Up: what it is net short
    of rises. 0 for an account that is unsafe already.
    """
    sign = -1 if up else 1
    moving = [asset for asset, side in exposed_assets(account, draft).items() if side == sign]

    def excess(fraction: int) -> int:
        share = (WAD + fraction if up else WAD - fraction, WAD)
        return excess_with(account, draft, share=dict.fromkeys(moving, share))

    most = WAD * HIGHEST_MULTIPLE if up else WAD
    if excess(0) < 0:
        return 0
    if not moving or excess(most) >= 0:
        return None
    return last_safe(excess, 0, unsafe=most)
