"""Who pays what a position's own margin does not: the waterfall, paid into the account.

The payers are those of `engine.waterfall`, in the same order. What they pay becomes balance of the
account, so that its equity is whole again and no debt has to be written off.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from trimtab.engine.breaker import watch_fund
from trimtab.engine.draft import Draft
from trimtab.engine.ledger import swap_at_oracle, value_of_supply
from trimtab.engine.margin import account_sums, amount_down, amount_up, value_wad
from trimtab.engine.perps.marks import (
    MarketMark,
    fund_key,
    market_mark,
    market_state,
    pool_key,
    put_market,
)
from trimtab.engine.perps.settlement import give, position_of, put_position
from trimtab.engine.pools import shares_to_mint, supply_amount
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import BACKSTOP, INSURANCE, EventKind, Payer, Socialize
from trimtab.units import WAD, div_down, div_up, mul_div_down


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of one account in one market, exact (1e-54)."""

    account: str
    market: str
    exact: int


def cover(draft: Draft, loss: Loss, *, backstop: bool = True) -> int:
    """Let penalties, the insurance fund and the backstop pay a loss; returns what is left (1e-54).

    Each pays whole native units into the account, rounded up at most to the loss's own last unit.
    """
    left = loss.exact
    payers: list[tuple[Payer, Callable[[int], int]]] = [
        (Payer.PENALTY, lambda units: _from_penalties(draft, loss, units=units)),
        (Payer.INSURANCE, lambda units: _from_insurance(draft, loss, units=units)),
    ]
    if backstop and loss.account != BACKSTOP:
        payers.append((Payer.BACKSTOP, lambda units: _from_backstop(draft, loss, units=units)))
    for payer, pay in payers:
        if left <= 0:
            break
        asset = draft.mark(market_mark(draft, loss.market).settle_asset)
        paid = pay(amount_up(left, asset))
        if paid:
            tell_loss(draft, loss, payer=payer, exact=min(left, paid * asset.unit))
            left -= paid * asset.unit
    return max(0, left)


def tell_loss(draft: Draft, loss: Loss, *, payer: Payer, exact: int) -> None:
    """Book a part of a loss to its payer."""
    mark = market_mark(draft, loss.market)
    asset = draft.mark(mark.settle_asset)
    draft.tell(
        EventKind.LOSS,
        account=loss.account,
        asset=asset.asset,
        quantity=amount_up(exact, asset),
        price=asset.price_wad,
        value=div_up(exact, EXACT_PER_WAD),
        payer=payer,
        reason=loss.market,
    )


def _from_penalties(draft: Draft, loss: Loss, *, units: int) -> int:
    """Fees that this liquidation took, given back out of the fund they went to."""
    asset = market_mark(draft, loss.market).settle_asset
    account = draft.account(loss.account)
    taken = account.penalties.get(asset, 0)
    paid = _fund_gives(draft, loss, units=min(units, taken))
    if paid:
        rest = {name: fee for name, fee in account.penalties.items() if name != asset}
        if taken > paid:
            rest[asset] = taken - paid
        draft.put_account(replace(draft.account(loss.account), penalties=rest))
    return paid


def _from_insurance(draft: Draft, loss: Loss, *, units: int) -> int:
    """The market's insurance fund, up to what it may ever pay for this market."""
    mark = market_mark(draft, loss.market)
    asset = draft.mark(mark.settle_asset)
    cap = mark.rules.insurance_cap_wad
    if cap is not None:
        left = max(0, cap - mark.state.insured_wad)
        units = min(units, amount_down(left * EXACT_PER_WAD, asset))
    before = value_of_supply(draft, fund_key(mark.rules))
    paid = _fund_gives(draft, loss, units=units)
    if paid:
        state = market_state(draft, loss.market)
        insured = state.insured_wad + value_wad(paid, asset)
        put_market(draft, replace(state, insured_wad=insured))
        if not mark.rules.insurance_ring:
            watch_fund(draft, before=before, after=value_of_supply(draft, INSURANCE))
    return paid


def _fund_gives(draft: Draft, loss: Loss, *, units: int) -> int:
    mark = market_mark(draft, loss.market)
    return _gives(draft, fund_key(mark.rules), loss=loss, units=units)


def _from_backstop(draft: Draft, loss: Loss, *, units: int) -> int:
    """The backstop's capital, but for the margin that its own positions and debts stand on."""
    backstop = draft.account(BACKSTOP)
    if backstop.at_risk:
        free = max(0, account_sums(backstop, draft).excess_maintenance)
        asset = draft.mark(market_mark(draft, loss.market).settle_asset)
        units = min(units, amount_down(div_down(free, WAD), asset))
    return _gives(draft, BACKSTOP, loss=loss, units=units)


def _gives(draft: Draft, source: str, *, loss: Loss, units: int) -> int:
    """Units of the settling asset from a fund to the account: its balance, then what it sells."""
    asset = market_mark(draft, loss.market).settle_asset
    paid = give(draft, source, target=loss.account, asset=asset, units=units)
    for sold in sorted(draft.account(source).supply):
        if paid >= units:
            break
        if sold == asset or draft.mark_if_priced(sold) is None:
            continue
        bought = swap_at_oracle(draft, source, sold=sold, bought=asset, need=units - paid)
        paid += _claim(draft, loss.account, asset=asset, units=bought)
    return paid


def _claim(draft: Draft, key: str, *, asset: str, units: int) -> int:
    """Book units that are in the pool already as balance of an account."""
    if units == 0:
        return 0
    pool = draft.pool(asset)
    shares = shares_to_mint(pool, units)
    draft.put_pool(
        replace(pool, supplied=pool.supplied + units, supply_shares=pool.supply_shares + shares)
    )
    draft.shift_supply(key, asset, shares=shares)
    return units


def socialize(draft: Draft, loss: Loss) -> None:
    """Book what is left of a loss on the open units of the market, or on the suppliers."""
    if loss.exact <= 0:
        return
    mark = market_mark(draft, loss.market)
    if mark.rules.socialize is Socialize.FUNDING and _open_units(draft, loss):
        _through_funding(draft, loss, mark=mark)
        carried = loss.exact
    else:
        carried = _through_deposits(draft, loss, mark=mark)
    if carried:
        tell_loss(draft, loss, payer=Payer.SOCIALIZED, exact=carried)


def _open_units(draft: Draft, loss: Loss) -> int:
    """Open units of all others than the account whose loss it is."""
    state = market_state(draft, loss.market)
    pool = draft.account(pool_key(loss.market)).positions.get(loss.market)
    others = state.long + state.short + (abs(pool.size) if pool is not None else 0)
    return others - abs(position_of(draft, loss.account, market=loss.market).size)


def funding_charge(exact: int, open_units: int) -> int:
    """What every open unit of both sides pays for a loss, rounded up (Drift v2)."""
    return div_up(exact, open_units)


def _through_funding(draft: Draft, loss: Loss, *, mark: MarketMark) -> None:
    """Both funding indices rise; the account's cost falls by the loss; dust is the surplus.

    What the account still has open does not pay for its own loss.
    """
    units = _open_units(draft, loss)
    # The scale of costs: quote for a linear contract, the asset for an inverse one.
    exact = div_up(loss.exact, mark.index_wad) if mark.rules.is_inverse else loss.exact
    charged = funding_charge(exact, units)
    position = position_of(draft, loss.account, market=loss.market)
    put_position(
        draft,
        loss.account,
        market=loss.market,
        position=replace(position, cost=position.cost - exact - charged * abs(position.size)),
    )
    state = market_state(draft, loss.market)
    changed = replace(
        state,
        long_index=state.long_index + charged,
        short_index=state.short_index + charged,
        surplus=state.surplus + charged * units - exact,
    )
    put_market(draft, changed)


def _through_deposits(draft: Draft, loss: Loss, *, mark: MarketMark) -> int:
    """The account gets new shares of the pool for nothing: every other supplier's index falls.

    s = S x L / (O - L) raises the account's claim by L, where O is what the others claim: its own
    balance is not diluted. Others are diluted to their last tenth; the rest of the loss stays in
    the position.
    Returns what is carried (1e-54).
    """
    asset = draft.mark(mark.settle_asset)
    pool = draft.pool(mark.settle_asset)
    held = draft.account(loss.account).supply.get(mark.settle_asset, 0)
    others = pool.supplied - supply_amount(pool, held)
    units = min(amount_up(loss.exact, asset), mul_div_down(others, 9, 10))
    if units == 0:
        return 0
    shares = mul_div_down(pool.supply_shares, units, others - units)
    draft.put_pool(replace(pool, supply_shares=pool.supply_shares + shares))
    draft.shift_supply(loss.account, mark.settle_asset, shares=shares)
    return min(loss.exact, units * asset.unit)
