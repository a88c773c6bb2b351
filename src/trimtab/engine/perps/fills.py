"""A fill: what a change of size does to a position, to its market, and to realized pnl."""

from dataclasses import dataclass, replace

from trimtab.engine.draft import Draft
from trimtab.engine.perps.marks import (
    MarketMark,
    market_mark,
    market_state,
    pool_key,
    put_market,
)
from trimtab.engine.perps.settlement import position_of, put_position, realize
from trimtab.engine.refusal import require
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import MarketRules, MarketState, Position, Reason
from trimtab.units import WAD, div_floor, mul_div_down


@dataclass(frozen=True, slots=True)
class Change:
    """A position after a fill, and the pnl (scale of costs) that the closed part realized."""

    position: Position
    realized: int


def fill_cost(size: int, mark: MarketMark, *, price_wad: int) -> int:
    """Cost (exact scale of costs) of buying a signed size at a price.

    Linear: size x price, exact. Inverse: a contract bought costs -1 / price of the asset; rounded
    down, and the seller's cost is its negative, so that nothing is lost between them.
    """
    if mark.rules.is_inverse:
        return -div_floor(size * WAD * mark.lift, price_wad)
    return size * price_wad * mark.lift


def changed(position: Position, size: int, *, cost: int) -> Change:
    """A position after `size` was added to it at `cost`.

    The closed part takes its share of the old cost and of the fill's; the old share rounds up, so
    that the pnl which is realized is rounded against the account and the rest stays open.
    """
    before = position.size
    after = Position(before + size, position.cost + cost, position.index)
    if before == 0 or (before > 0) == (size > 0):
        return Change(after, 0)
    closed = min(abs(before), abs(size))
    old = -div_floor(-position.cost * closed, abs(before))
    new = -div_floor(-cost * closed, abs(size))
    return Change(after, -old - new)


def apply_fill(draft: Draft, key: str, *, market: str, size: int, cost: int) -> int:
    """Change an account's position and its market, and settle what was realized.

    Returns:
        The native units of the settling asset paid to the account (negative: by it).
    """
    position = position_of(draft, key, market=market)
    change = changed(position, size, cost=cost)
    after = change.position
    if key != pool_key(market):
        _count(draft, market, before=position.size, after=after.size)
    state = market_state(draft, market)
    index = state.long_index if after.size > 0 else state.short_index
    index = index if after.size else 0
    put_position(draft, key, market=market, position=replace(after, index=index))
    if change.realized == 0:
        return 0
    return realize(draft, key, market=market, exact=change.realized)


def hand_over(draft: Draft, source: str, *, target: str, market: str) -> None:
    """Move a whole position at its cost: no pnl is realized by the source."""
    position = position_of(draft, source, market=market)
    if position.size:
        _count(draft, market, before=position.size, after=0)
    put_position(draft, source, market=market, position=Position())
    if position.size:
        apply_fill(draft, target, market=market, size=position.size, cost=position.cost)
        return
    taken = position_of(draft, target, market=market)
    cost = taken.cost + position.cost
    put_position(draft, target, market=market, position=replace(taken, cost=cost))


def _count(draft: Draft, market: str, *, before: int, after: int) -> None:
    """Open units by side; the market's pool is not counted."""
    state = market_state(draft, market)
    long = state.long + max(0, after) - max(0, before)
    short = state.short + max(0, -after) - max(0, -before)
    assert min(long, short) >= 0, "open units are never negative"
    put_market(draft, replace(state, long=long, short=short))


def require_open_interest(draft: Draft, market: str, *, before: MarketState) -> None:
    """Open interest may not grow beyond the market's cap."""
    mark = market_mark(draft, market)
    cap, state = mark.rules.oi_cap_wad, mark.state
    larger = max(state.long, state.short)
    if cap is None or larger <= max(before.long, before.short):
        return
    price = WAD if mark.rules.is_inverse else mark.price_wad
    interest = larger * price * mark.lift
    require(
        interest <= cap * EXACT_PER_WAD,
        Reason.OPEN_INTEREST_CAP,
        cap=cap,
        after=mul_div_down(interest, 1, EXACT_PER_WAD),
    )


def pool_price_wad(rules: MarketRules, state: MarketState, *, size: int, price_wad: int) -> int:
    """Price at which the market's pool sells a signed size (negative: buys it).

    price x (1 + mean of the premiums before and after), premium = skew / scale (Synthetix v3);
    rounded against the taker. Without a scale it is the price itself.
    """
    if rules.skew_scale is None:
        return price_wad
    # Twice the mean skew over twice the scale.
    skew = 2 * state.skew + size
    scale = 2 * rules.skew_scale
    moved = price_wad * (scale + skew)
    return -div_floor(-moved, scale) if size > 0 else div_floor(moved, scale)
