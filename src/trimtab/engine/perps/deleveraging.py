"""Auto-deleveraging: a position that nobody can pay for is closed against its counterparties.

Three things start it: a bankrupt account that the payers before it cannot make whole, a backstop
whose ring-fenced capital has lost its share, and a pool whose traders have won too much of it. A
bankrupt position is closed at the price at which its share of the account's equity is zero, less
what the payers gave; the other two, and where the rules say so, at the mark price.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft
from trimtab.engine.ledger import value_of_supply
from trimtab.engine.liquidation import close_or_release, unsafe_account
from trimtab.engine.margin import account_sums
from trimtab.engine.oracle import require_account_usable
from trimtab.engine.perps.attribution import own_share, whole_offer
from trimtab.engine.perps.fills import apply_fill, fill_cost
from trimtab.engine.perps.losses import Loss, cover, socialize, tell_loss
from trimtab.engine.perps.marks import MarketMark, market_mark, market_state, pool_key
from trimtab.engine.perps.policies import Candidate, cuts, ranked
from trimtab.engine.perps.requirement import notional
from trimtab.engine.perps.settlement import position_of
from trimtab.engine.perps.sizing import contract_unit
from trimtab.engine.perps.trading import cancel_orders
from trimtab.engine.perps.valuation import pnl
from trimtab.engine.pools import debt_amount, supply_amount
from trimtab.engine.refusal import require
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import BACKSTOP, Account, AdlPolicy, AdlPrice, EventKind, Payer, PriceUse, Reason
from trimtab.model.commands import Deleverage
from trimtab.units import WAD, div_down, div_floor, div_up, mul_div_down, wad_mul_down


@dataclass(frozen=True, slots=True)
class Rank:
    """An account's place in the order in which a policy would cut it, and of how many."""

    place: int
    among: int


def deleverage(draft: Draft, command: Deleverage) -> None:
    """Close a position against its counterparties; refuses where nothing calls for it."""
    require_open(draft, 2)
    key, market = command.account, command.market
    policy = draft.rules.deleveraging.policy
    require(policy is not AdlPolicy.NONE, Reason.ADL_NOT_DUE, policy=str(policy))
    market_state(draft, market)
    position = position_of(draft, key, market=market)
    require(position.size != 0, Reason.INSUFFICIENT_BALANCE, account=key, market=market)
    cancel_orders(draft, key)
    quantity = _quantity(draft, command, size=position.size)
    found = candidates(draft, key, market=market, names=command.counterparties)
    reach = sum(candidate.size for candidate in found)
    require(quantity <= reach, Reason.ADL_TOO_LITTLE, quantity=quantity, held=reach)
    shared = _unpaid(draft, key, market=market, quantity=quantity)
    _cut(draft, command, found=found, quantity=quantity, shared=shared)
    if not key.startswith("@"):
        close_or_release(draft, key)


def _quantity(draft: Draft, command: Deleverage, *, size: int) -> int:
    """How much of the position is closed: as asked, within what its cause allows."""
    key, market = command.account, command.market
    most = abs(size)
    if key == pool_key(market):
        require_account_usable(draft, key, use=PriceUse.LIQUIDATE)
        most = _pool_excess(draft, market)
    elif key == BACKSTOP:
        require_account_usable(draft, key, use=PriceUse.LIQUIDATE)
        require(backstop_is_spent(draft), Reason.ADL_NOT_DUE, account=key)
    else:
        _, sums = unsafe_account(draft, key)
        require(sums.equity < 0, Reason.ADL_NOT_DUE, account=key, equity=sums.equity)
    asked = most if command.size is None else command.size
    require(0 < asked <= most, Reason.AMOUNT_NOT_POSITIVE, size=asked, most=most)
    return asked


def backstop_is_spent(draft: Draft) -> bool:
    """Whether the backstop has lost the share of its own capital that lets its positions be cut.

    Only what it was given counts: capital that other purposes share would hide the loss.
    """
    equity = account_sums(draft.account(BACKSTOP), draft).equity
    capital = draft.venue.backstop_capital_wad
    share = draft.rules.deleveraging.backstop_loss_wad or WAD
    floor = (capital - wad_mul_down(capital, share)) * EXACT_PER_WAD
    return equity <= floor


def pool_gain_wad(traders_pnl: int, pool_value: int) -> int:
    """Traders' pnl over the value of the pool that owes it, wad, signed, rounded down."""
    return div_floor(traders_pnl * WAD, max(1, pool_value))


def _pool_excess(draft: Draft, market: str) -> int:
    """Units of the pool's position whose cut brings the traders' gain back to its limit (GMX)."""
    rules, mark = draft.rules.deleveraging, market_mark(draft, market)
    pool = position_of(draft, pool_key(market), market=market)
    owed = -pnl(pool, mark)
    value = value_of_supply(draft, pool_key(market))
    limit = rules.pool_gain_wad
    gain = pool_gain_wad(owed, value)
    due = limit is not None and gain > limit
    require(due, Reason.ADL_NOT_DUE, gain=gain, limit=limit or 0)
    keep = wad_mul_down(value, rules.pool_gain_after_wad)
    return max(1, mul_div_down(abs(pool.size), owed - keep, owed))


def candidates(draft: Draft, key: str, *, market: str, names: Sequence[str]) -> list[Candidate]:
    """The counterparties of an account's position; refuses a list that lacks one.

    The sizes of the list must sum to the open units of the other side: no holder may be left out.
    The market's pool may be listed, and need not.
    """
    own = position_of(draft, key, market=market)
    state, side = market_state(draft, market), -1 if own.size > 0 else 1
    require(len(set(names)) == len(names), Reason.NOT_COUNTERPARTIES, market=market)
    found = [_candidate(draft, name, market=market, side=side) for name in names if name != key]
    require(all(c.size > 0 for c in found), Reason.NOT_COUNTERPARTIES, market=market)
    listed = sum(c.size for c in found if c.key != pool_key(market))
    whole = state.long if side > 0 else state.short
    require(listed == whole, Reason.NOT_COUNTERPARTIES, listed=listed, open=whole)
    return found


def _candidate(draft: Draft, key: str, *, market: str, side: int) -> Candidate:
    mark, account = market_mark(draft, market), draft.account(key)
    position = position_of(draft, key, market=market)
    size = max(0, side * position.size)
    delta = _delta(draft, account, mark=mark)
    naked = max(0, min(size, div_floor(side * delta, contract_unit(mark))))
    return Candidate(
        key,
        size,
        naked,
        account_sums(account, draft).equity,
        pnl(position, mark),
        notional(size, mark, price_wad=mark.price_wad),
    )


def _delta(draft: Draft, account: Account, *, mark: MarketMark) -> int:
    """Net exposure (exact, 1e-54) of an account to a market's asset, over all that it holds."""
    asset, total = mark.rules.asset, 0
    for market, position in account.positions.items():
        other = market_mark(draft, market)
        if other.rules.asset == asset:
            side = 1 if position.size > 0 else -1
            total += side * notional(position.size, other, price_wad=other.price_wad)
    for name, shares in account.supply.items():
        if _follows(draft, name, asset=asset):
            held = draft.mark(name)
            total += supply_amount(held.pool, shares) * held.unit
    for name, shares in account.debt.items():
        if _follows(draft, name, asset=asset):
            owed = draft.mark(name)
            total -= debt_amount(owed.pool, shares) * owed.unit
    return total


def _follows(draft: Draft, name: str, *, asset: str) -> bool:
    """Whether an asset is another, or is redeemed for it."""
    while name and name != asset:
        name = draft.rules.assets[name].underlying
    return bool(name)


def _unpaid(draft: Draft, key: str, *, market: str, quantity: int) -> int:
    """The loss (1e-54) that counterparties carry: what no payer before them could."""
    if key == pool_key(market):
        return 0
    share = own_share(whole_offer(draft, key, market=market), quantity)
    loss = Loss(key, market, max(0, -share))
    left = cover(draft, loss)
    due = left > 0 or key == BACKSTOP
    require(due, Reason.ADL_NOT_DUE, account=key, covered=loss.exact)
    if left == 0:
        return 0
    if draft.rules.deleveraging.price is AdlPrice.MARK:
        socialize(draft, replace(loss, exact=left))
        return 0
    tell_loss(draft, replace(loss, exact=left), payer=Payer.ADL, exact=left)
    return left


def _cut(
    draft: Draft, command: Deleverage, *, found: list[Candidate], quantity: int, shared: int
) -> None:
    """Close the position against the cuts; each carries the loss in proportion to its cut."""
    key, market = command.account, command.market
    mark = market_mark(draft, market)
    side = 1 if position_of(draft, key, market=market).size > 0 else -1
    sizes = cuts(found, quantity, policy=draft.rules.deleveraging.policy)
    # In the scale of costs: the quote, or the asset that an inverse contract settles in.
    loss = div_up(shared, mark.index_wad) if mark.rules.is_inverse else shared
    total = 0
    left = quantity
    for name, size in sizes.items():
        if size == 0:
            continue
        carried = mul_div_down(loss, size, left)
        loss, left = loss - carried, left - size
        cost = fill_cost(side * size, mark, price_wad=mark.price_wad) + carried
        total += cost
        apply_fill(draft, name, market=market, size=side * size, cost=cost)
        _tell_cut(draft, name, mark=mark, size=side * size, carried=carried, reason=key)
    apply_fill(draft, key, market=market, size=-side * quantity, cost=-total)


def _tell_cut(
    draft: Draft, key: str, *, mark: MarketMark, size: int, carried: int, reason: str
) -> None:
    """A cut, at the price that the counterparty effectively gets."""
    exact = notional(size, mark, price_wad=mark.price_wad)
    away = carried * mark.price_wad if mark.rules.is_inverse else carried
    price = mark.price_wad
    if exact:
        worse = mul_div_down(mark.price_wad, away, exact)
        price = price + worse if size > 0 else max(0, price - worse)
    draft.tell(
        EventKind.DELEVERAGE,
        account=key,
        asset=mark.name,
        quantity=size,
        price=price,
        value=div_down(exact, EXACT_PER_WAD),
        reason=reason,
    )


def adl_order(draft: Draft, market: str, *, long: bool, names: Sequence[str]) -> list[str]:
    """The holders of one side in the order in which the policy reaches them, the first cut first.

    `names` are all accounts that hold that side. Empty where the policy cuts all alike, or none.
    """
    policy = draft.rules.deleveraging.policy
    if policy in (AdlPolicy.NONE, AdlPolicy.PRO_RATA):
        return []
    side = 1 if long else -1
    found = [_candidate(draft, name, market=market, side=side) for name in names]
    return [c.key for c in ranked([c for c in found if c.size], policy=policy)]


def adl_rank(draft: Draft, key: str, *, market: str, names: Sequence[str]) -> Rank | None:
    """Where an account stands among the holders of its side; None where all are cut alike."""
    position = position_of(draft, key, market=market)
    order = adl_order(draft, market, long=position.size > 0, names=names)
    return Rank(order.index(key) + 1, len(order)) if key in order else None
