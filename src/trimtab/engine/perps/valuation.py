"""What a position adds to its account's sums: pnl by sign and level, requirement, notional."""

from dataclasses import dataclass, replace

from trimtab.engine.draft import Draft
from trimtab.engine.perps.marks import MarketMark, market_mark
from trimtab.engine.perps.requirement import notional, requirement
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import Account, Level, MarketState, Orders, Position
from trimtab.units import WAD, div_floor

NONE_OPEN = Orders()


@dataclass(frozen=True, slots=True)
class Terms:
    """Sums over positions: exact values (1e-54) and weighted values (1e-72).

    `gains` and `losses` are unrealized pnl by sign; `initial_gains` what counts of them at the
    initial level, `weighted_gains` at the other two; `initial_losses` are losses at the worse of
    mark and stable price; requirements are by level.
    """

    gains: int = 0
    losses: int = 0
    initial_gains: int = 0
    weighted_gains: int = 0
    initial_losses: int = 0
    requirement_initial: int = 0
    requirement_end: int = 0
    requirement_maintenance: int = 0
    notional: int = 0


def side_index(position: Position, state: MarketState) -> int:
    """Funding index of the side that a position is on."""
    return state.long_index if position.size > 0 else state.short_index


def owed_cost(position: Position, state: MarketState) -> int:
    """Cost of a position with the funding that it has not booked yet, in the scale of costs."""
    if position.size == 0:
        return position.cost
    pending = side_index(position, state) - position.index
    return position.cost + abs(position.size) * pending


def pnl(position: Position, mark: MarketMark) -> int:
    """Unrealized pnl (exact, 1e-54) at the mark price.

    Linear: size x mark - cost. Inverse: a contract is one quote unit and costs its asset, so that
    its pnl is -size / mark - cost of the asset, which is worth the index price; rounded down.
    """
    cost, size = owed_cost(position, mark.state), position.size
    if not mark.rules.is_inverse:
        return size * mark.price_wad * mark.lift - cost
    value = div_floor(-size * WAD * mark.lift * mark.index_wad, mark.price_wad)
    return value - cost * mark.index_wad


def pnl_at(position: Position, mark: MarketMark, *, price_wad: int) -> int:
    """Unrealized pnl (exact, 1e-54) if mark and index were one price."""
    return pnl(position, replace(mark, price_wad=price_wad, index_wad=price_wad))


def worst_size(size: int, orders: Orders) -> int:
    """The larger of the sizes that result if all bids, or all asks, are filled."""
    bought, sold = size + orders.bids, size - orders.asks
    return bought if abs(bought) >= abs(sold) else sold


def position_terms(account: Account, draft: Draft) -> Terms:
    """The terms of all positions and orders of an account.

    Refuses with `price_missing` where the asset of a market has no price.
    """
    total = [0] * 9
    for market in sorted(account.positions.keys() | account.orders.keys()):
        mark = market_mark(draft, market)
        position = account.positions.get(market, Position())
        orders = account.orders.get(market, NONE_OPEN)
        asked = account.leverage.get(market, 0)
        found = terms_of(position, mark, orders=orders, asked_wad=asked)
        for place, value in enumerate(found):
            total[place] += value
    return Terms(*total)


def terms_of(
    position: Position, mark: MarketMark, *, orders: Orders = NONE_OPEN, asked_wad: int = 0
) -> tuple[int, ...]:
    """The terms of one position, in the order of the fields of `Terms`."""
    rules, size, price = mark.rules, position.size, mark.price_wad
    now = pnl(position, mark)
    # Linear in the price, so that one of the two ends is the worst, whatever the signs are.
    ends = (pnl_at(position, mark, price_wad=at) for at in (mark.low_wad, mark.high_wad))
    worst = min(now, *ends)
    counted = max(0, worst)
    if rules.gain_cap_wad is not None:
        counted = min(counted, rules.gain_cap_wad * EXACT_PER_WAD)
    reach = worst_size(size, orders)
    # The dearer price never understates a notional, whichever side the worst size is on.
    initial = requirement(
        reach, mark, level=Level.INITIAL, price_wad=mark.high_wad, asked_wad=asked_wad
    )
    end = requirement(size, mark, level=Level.LIQUIDATION_END, price_wad=price)
    maintenance = requirement(size, mark, level=Level.MAINTENANCE, price_wad=price)
    return (
        max(0, now),
        max(0, -now),
        counted * rules.initial_gain_weight_wad,
        max(0, now) * rules.gain_weight_wad,
        max(0, -worst) * WAD,
        initial,
        end,
        maintenance,
        notional(size, mark, price_wad=price),
    )
