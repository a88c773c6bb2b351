"""Liquidation at a bonus: eligibility, size, settlement, and what follows a bankruptcy.

Rounding: the liquidator loses first (pays up, receives down), then the borrower, never the pool.
What is seized is measured on what the account's debt really fell by, so that a liquidation inside
the spiral bound cannot lower health by a rounding either.
"""

from dataclasses import dataclass, replace

from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft, shifted
from trimtab.engine.ledger import move_supply, pay_out, shares_for, taken_within
from trimtab.engine.margin import (
    Sums,
    account_sums,
    amount_down,
    is_unsafe,
    value_wad,
    value_wad_up,
    weights,
)
from trimtab.engine.oracle import require_account_usable
from trimtab.engine.perps.settlement import settle_closed
from trimtab.engine.pools import debt_amount, debt_shares_to_burn, remove_debt
from trimtab.engine.refusal import require
from trimtab.engine.release import release_if_safe
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.engine.sizing import (
    Pair,
    Terms,
    collateral_cap,
    largest_repay,
    pair_of,
    terms_of,
    without_dust,
)
from trimtab.engine.waterfall import realize_bad_debt
from trimtab.model import INSURANCE, Account, EventKind, PriceUse, Reason
from trimtab.model.commands import CloseOut, Liquidate
from trimtab.units import WAD, div_down, mul_div_down


@dataclass(frozen=True, slots=True)
class Quote:
    """What a liquidation of a pair would pay and take, native units."""

    pair: Pair
    terms: Terms
    repay: int


def unsafe_account(draft: Draft, key: str) -> tuple[Account, Sums]:
    """The account and its sums; refuses one that is safe (excess = 0 is safe)."""
    account = draft.known_account(key)
    require_account_usable(draft, key, use=PriceUse.LIQUIDATE)
    sums = account_sums(account, draft)
    excess = sums.excess_maintenance
    require(is_unsafe(account, sums), Reason.HEALTHY, account=key, excess=excess)
    return account, sums


def quote(draft: Draft, key: str, *, debt: str, collateral: str) -> Quote:
    """Terms and largest repayment of a pair of an unsafe account; refuses a safe account."""
    account, sums = unsafe_account(draft, key)
    pair = pair_in(draft, account, debt=debt, collateral=collateral)
    rules = draft.rules.liquidation
    category = draft.category_rules(account.category)
    terms = terms_of(sums, pair, rules=rules, category=category)
    factor = WAD + terms.bonus_wad + terms.fee_wad
    repay = min(
        largest_repay(sums, pair, rules=rules, factor_wad=factor), collateral_cap(pair, factor)
    )
    return Quote(pair, terms, without_dust(pair, repay, rules=rules, factor_wad=factor))


def pair_in(draft: Draft, account: Account, *, debt: str, collateral: str) -> Pair:
    """The pair of an account at its maintenance weight; refuses what it does not owe or hold."""
    require(debt in account.debt, Reason.INSUFFICIENT_BALANCE, debt=debt)
    require(collateral in account.supply, Reason.INSUFFICIENT_BALANCE, collateral=collateral)
    mark = draft.mark(collateral)
    category = draft.category_rules(account.category)
    weight = weights(account, mark.rules, category=category)
    return pair_of(
        account,
        draft.mark(debt),
        collateral=mark,
        weight=weight.maintenance,
        end_weight=weight.liquidation_end,
    )


def liquidate(draft: Draft, command: Liquidate) -> None:
    """Repay debt of an unsafe account for collateral at a bonus; then settle what is left."""
    require_open(draft, 2)
    other = command.liquidator != command.account
    require(other, Reason.SELF_LIQUIDATION, account=command.account)
    offer = quote(draft, command.account, debt=command.debt, collateral=command.collateral)
    asked = command.repay
    if asked is None:
        asked = _within_window(draft, offer)
    repay = _requested(draft, offer, asked=asked)
    _use_window(draft, value_wad_up(repay, offer.pair.debt))
    if command.flash_payment is not None:
        paid = command.flash_payment
        require(paid >= repay, Reason.FLASH_PAYMENT_SHORT, paid=paid, required=repay)
    _settle_liquidation(draft, command, offer=offer, repay=repay)
    close_or_release(draft, command.account)


def _requested(draft: Draft, offer: Quote, *, asked: int | None) -> int:
    """The repayment after the liquidator's wish and the dust rules on both sides."""
    require(asked is None or asked > 0, Reason.AMOUNT_NOT_POSITIVE, amount=asked or 0)
    repay = offer.repay if asked is None else min(asked, offer.repay)
    require(repay > 0, Reason.AMOUNT_TOO_SMALL, repay=repay)
    factor = WAD + offer.terms.bonus_wad + offer.terms.fee_wad
    clean = without_dust(offer.pair, repay, rules=draft.rules.liquidation, factor_wad=factor)
    require(clean == repay, Reason.DUST, repay=repay, needed=clean)
    return repay


def _within_window(draft: Draft, offer: Quote) -> int | None:
    """As much as the window's notional cap has room for, where the liquidator asks for the most."""
    used, cap = _window_used(draft), draft.rules.liquidation.window_cap_wad
    if cap is None or value_wad_up(offer.repay, offer.pair.debt) <= cap - used:
        return None
    require(cap > used, Reason.WINDOW_CAP, cap=cap, used=used)
    return max(1, amount_down((cap - used) * EXACT_PER_WAD, offer.pair.debt))


def _window_used(draft: Draft) -> int:
    """Value (wad) that liquidations have repaid in the running window; 0 once it is over."""
    venue, length = draft.venue, draft.rules.liquidation.window_seconds
    return 0 if draft.now_s - venue.window_start_s >= length else venue.window_used_wad


def _use_window(draft: Draft, value: int) -> None:
    """Count a repaid value against the notional cap of the running window."""
    rules = draft.rules.liquidation
    if rules.window_cap_wad is None:
        return
    venue, used, cap = draft.venue, _window_used(draft), rules.window_cap_wad
    require(used + value <= cap, Reason.WINDOW_CAP, cap=cap, used=used, value=value)
    over = draft.now_s - venue.window_start_s >= rules.window_seconds
    start = draft.now_s if over else venue.window_start_s
    draft.put_venue(replace(venue, window_start_s=start, window_used_wad=used + value))


def _settle_liquidation(draft: Draft, command: Liquidate, *, offer: Quote, repay: int) -> None:
    pair, terms, key = offer.pair, offer.terms, command.account
    before = account_sums(draft.account(key), draft)
    closed = end_debt(draft, key, asset=command.debt, amount=repay)
    closed_value = closed.fallen * pair.debt.unit
    sold = pair.collateral
    entitled = min(
        amount_down(mul_div_down(closed_value, WAD + terms.bonus_wad, WAD), sold), pair.held
    )
    seized = taken_within(draft, key, asset=sold.asset, amount=entitled)
    fee = amount_down(mul_div_down(closed_value, terms.fee_wad, WAD), sold)
    # A fee stops where the margin stops: it may take what equity is left, and no more.
    left = before.equity + closed_value - entitled * sold.unit
    fee = min(fee, pair.held - entitled, amount_down(max(0, left), sold))
    price = pair.collateral.price_wad
    flow = pay_out(draft, key, receiver=command.liquidator, asset=command.collateral, amount=seized)
    draft.tell(
        EventKind.SEIZE,
        account=key,
        asset=command.collateral,
        quantity=-seized,
        price=price,
        value=value_wad(seized, pair.collateral),
        reason=command.liquidator,
        flow=flow,
    )
    draft.tell(
        EventKind.LIQUIDATE,
        account=key,
        asset=command.debt,
        quantity=-repay,
        price=pair.debt.price_wad,
        value=value_wad(repay, pair.debt),
        reason=command.liquidator,
        flow=closed.flow,
    )
    bonus = max(0, seized * pair.collateral.unit - repay * pair.debt.unit)
    draft.tell(EventKind.BONUS, account=key, value=div_down(bonus, EXACT_PER_WAD))
    _take_fee(draft, key, pair=pair, fee=fee)


def _take_fee(draft: Draft, key: str, *, pair: Pair, fee: int) -> None:
    asset = pair.collateral.asset
    fee = taken_within(draft, key, asset=asset, amount=fee)
    shares = shares_for(draft, key, asset=asset, amount=fee) if fee else 0
    if shares == 0:
        return
    move_supply(draft, key, target=INSURANCE, asset=asset, shares=shares)
    account = draft.account(key)
    penalties = shifted(account.penalties, asset, by=fee)
    draft.put_account(replace(account, penalties=penalties))
    draft.tell(
        EventKind.FEE,
        account=key,
        asset=asset,
        quantity=-fee,
        price=pair.collateral.price_wad,
        value=value_wad(fee, pair.collateral),
    )


@dataclass(frozen=True, slots=True)
class Closed:
    """By how much an account's debt fell (native units), and what flowed in for it."""

    fallen: int
    flow: int


def end_debt(draft: Draft, key: str, *, asset: str, amount: int) -> Closed:
    """Pay `amount` of an account's debt from outside; the shares ended round down."""
    account, pool = draft.account(key), draft.pool(asset)
    held = account.debt[asset]
    owed = debt_amount(pool, held)
    shares = held if amount >= owed else debt_shares_to_burn(pool, amount)
    require(shares > 0, Reason.AMOUNT_TOO_SMALL, amount=amount)
    changed = remove_debt(pool, amount, shares=shares)
    draft.put_pool(changed)
    draft.shift_debt(key, asset, shares=-shares)
    return Closed(owed - debt_amount(changed, held - shares), changed.cash - pool.cash)


def close_or_release(draft: Draft, key: str) -> None:
    """After a liquidation: realize bad debt if the account is spent, else note where it stands."""
    settle_closed(draft, key)
    account = draft.account(key)
    sums = account_sums(account, draft)
    if is_spent(account, sums, draft=draft):
        realize_bad_debt(draft, key)
        return
    began = draft.now_ns if account.liquidation_ns is None else account.liquidation_ns
    draft.put_account(replace(account, in_liquidation=True, liquidation_ns=began))
    release_if_safe(draft, key)


def is_spent(account: Account, sums: Sums, *, draft: Draft) -> bool:
    """Bankrupt, and what collateral it has is dust: waiting cannot help the lenders.

    While an auction runs for the account, its surplus may still come back; while a position is
    open, its margin may.
    """
    if account.auctions or account.has_open_positions:
        return False
    rules = draft.rules.liquidation
    small = sums.collateral <= rules.dust_collateral_wad * EXACT_PER_WAD
    share = sums.collateral * WAD <= sums.debt * rules.dust_share_wad
    return sums.debt > 0 and sums.equity < 0 and (small or share)


def close_out(draft: Draft, command: CloseOut) -> None:
    """Realize the bad debt of a spent account that no liquidation reached."""
    require_open(draft, 2)
    account, sums = unsafe_account(draft, command.account)
    require(is_spent(account, sums, draft=draft), Reason.NOT_BANKRUPT, account=account.key)
    realize_bad_debt(draft, account.key)
