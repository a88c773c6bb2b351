"""Deposit, withdraw, borrow, repay: the account's own commands.

Each has the same beats: preconditions, accrue (by reading the pool), change the pool and the
account, check the margin, tell what happened.
"""

from dataclasses import replace

from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft
from trimtab.engine.ledger import move_supply
from trimtab.engine.margin import value_wad, value_wad_up
from trimtab.engine.oracle import require_account_usable, require_usable
from trimtab.engine.perps.marks import fund_key, pool_key
from trimtab.engine.pools import (
    add_debt,
    add_supply,
    debt_amount,
    debt_shares_to_burn,
    debt_shares_to_mint,
    remove_debt,
    remove_supply,
    shares_to_burn,
    shares_to_mint,
    supply_amount,
)
from trimtab.engine.refusal import require
from trimtab.engine.release import release_if_safe
from trimtab.engine.room import require_initial, require_withdrawable
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    Account,
    AssetRules,
    EventKind,
    PriceUse,
    Reason,
    split_key,
)
from trimtab.model.commands import (
    Borrow,
    Deposit,
    FundDeposit,
    Repay,
    SetCategory,
    Transfer,
    Withdraw,
)
from trimtab.units import UINT256_MAX


def require_amount(amount: int) -> None:
    """Amounts are positive and fit what any chain can hold."""
    require(amount > 0, Reason.AMOUNT_NOT_POSITIVE, amount=amount)
    require(amount <= UINT256_MAX, Reason.AMOUNT_TOO_LARGE, amount=amount)


def deposit(draft: Draft, command: Deposit) -> None:
    """Supply an asset; refused over the cap, or where it would mix with isolated collateral."""
    rules = draft.asset_rules(command.asset)
    pool = draft.pool(command.asset)
    cap = rules.supply_cap
    if cap is not None:
        after = pool.supplied + command.amount
        require(after <= cap, Reason.SUPPLY_CAP, cap=cap, after=after)
    draft.require_open_to_users(command.account)
    _require_isolation(draft, command.account, adding=rules)
    if draft.account(command.account).at_risk:
        # Collateral without a price would put a debtor out of reach of every margin check.
        draft.mark(command.asset)
    _add(draft, command.account, asset=command.asset, amount=command.amount, kind=EventKind.DEPOSIT)
    release_if_safe(draft, command.account)


def fund_deposit(draft: Draft, command: FundDeposit) -> None:
    """Add capital to a fund; caps do not apply to the venue's own funds."""
    rings = {fund_key(rules) for rules in draft.rules.markets.values()}
    pools = {pool_key(market) for market in draft.rules.markets}
    known = command.fund in {INSURANCE, BACKSTOP, *rings, *pools}
    require(known, Reason.UNKNOWN_ACCOUNT, account=command.fund)
    _add(draft, command.fund, asset=command.asset, amount=command.amount, kind=EventKind.FUND)
    mark = draft.mark_if_priced(command.asset)
    if command.fund == BACKSTOP and mark is not None:
        capital = draft.venue.backstop_capital_wad + value_wad(command.amount, mark)
        draft.put_venue(replace(draft.venue, backstop_capital_wad=capital))


def _add(draft: Draft, key: str, *, asset: str, amount: int, kind: EventKind) -> None:
    require_amount(amount)
    pool = draft.pool(asset)
    shares = shares_to_mint(pool, amount)
    require(shares > 0, Reason.POOL_INSOLVENT, asset=asset)
    draft.put_pool(add_supply(pool, amount, shares=shares))
    draft.shift_supply(key, asset, shares=shares)
    draft.tell(kind, account=key, asset=asset, quantity=amount, flow=amount)


def _require_isolation(draft: Draft, key: str, *, adding: AssetRules) -> None:
    """An isolated collateral stands alone, and backs only debts that allow it."""
    account = draft.account(key)
    others = [asset for asset in account.supply if asset != adding.name]
    held = any(draft.asset_rules(asset).isolated for asset in others)
    require(not held, Reason.ISOLATION, asset=adding.name)
    if adding.isolated:
        barred = [a for a in account.debt if not draft.asset_rules(a).borrowable_in_isolation]
        require(not others and not barred, Reason.ISOLATION, asset=adding.name)


def withdraw(draft: Draft, command: Withdraw) -> None:
    """Take collateral out, as long as the initial excess stays >= 0."""
    draft.known_account(command.account)
    release_if_safe(draft, command.account)
    account = draft.account(command.account)
    pool = draft.pool(command.asset)
    held = account.supply.get(command.asset, 0)
    most = supply_amount(pool, held)
    amount = most if command.amount is None else command.amount
    require_amount(amount)
    require(amount <= most, Reason.INSUFFICIENT_BALANCE, balance=most, amount=amount)
    require(amount <= pool.cash, Reason.INSUFFICIENT_CASH, cash=pool.cash, amount=amount)
    _require_free(draft, account)
    shares = held if amount == most else shares_to_burn(pool, amount)
    draft.put_pool(remove_supply(pool, amount, shares=shares))
    draft.shift_supply(account.key, command.asset, shares=-shares)
    require_withdrawable(draft, account.key)
    draft.tell(
        EventKind.WITHDRAW,
        account=account.key,
        asset=command.asset,
        quantity=-amount,
        flow=-amount,
    )


def _require_free(draft: Draft, account: Account) -> None:
    """What an account at risk needs to take collateral out: an open venue and usable prices."""
    if account.at_risk:
        require_open(draft, 1)
        require(not account.restricted, Reason.RESTRICTED, account=account.key)
        require_account_usable(draft, account.key, use=PriceUse.WITHDRAW)


def transfer(draft: Draft, command: Transfer) -> None:
    """Move collateral between sub-accounts of one account; both must stand at the initial level.

    As a withdrawal from one and a deposit into the other, but that no cash is needed and no cap
    counts.
    """
    draft.known_account(command.account)
    release_if_safe(draft, command.account)
    source = draft.account(command.account)
    owners = {split_key(command.account)[0], split_key(command.target)[0]}
    own = len(owners) == 1 and command.account != command.target
    require(own and "@" not in command.target[:1], Reason.UNKNOWN_ACCOUNT, account=command.target)
    pool, rules = draft.pool(command.asset), draft.asset_rules(command.asset)
    held = source.supply.get(command.asset, 0)
    most = supply_amount(pool, held)
    amount = most if command.amount is None else command.amount
    require_amount(amount)
    require(amount <= most, Reason.INSUFFICIENT_BALANCE, balance=most, amount=amount)
    _require_free(draft, source)
    _require_isolation(draft, command.target, adding=rules)
    if draft.account(command.target).at_risk:
        draft.mark(command.asset)
    shares = held if amount == most else shares_to_burn(pool, amount)
    move_supply(draft, source.key, target=command.target, asset=command.asset, shares=shares)
    require_withdrawable(draft, source.key)
    require_initial(draft, command.target)
    draft.tell(
        EventKind.TRANSFER,
        account=source.key,
        asset=command.asset,
        quantity=-amount,
        reason=command.target,
    )
    release_if_safe(draft, command.target)


def borrow(draft: Draft, command: Borrow) -> None:
    """Take a loan within caps, ceilings, category and margin."""
    require_open(draft, 1)
    require_amount(command.amount)
    draft.known_account(command.account)
    release_if_safe(draft, command.account)
    account = draft.account(command.account)
    rules = draft.asset_rules(command.asset)
    require(rules.borrowable, Reason.NOT_BORROWABLE, asset=command.asset)
    require_account_usable(draft, command.account, use=PriceUse.TRADE)
    require_usable(draft, command.asset, use=PriceUse.TRADE)
    require(not account.restricted, Reason.RESTRICTED, account=account.key)
    category = draft.category_rules(account.category)
    inside = category is None or command.asset in category.assets
    require(inside, Reason.CATEGORY, asset=command.asset, category=account.category)
    pool = draft.pool(command.asset)
    if not rules.mintable:
        cash = pool.cash
        require(command.amount <= cash, Reason.INSUFFICIENT_CASH, cash=cash, amount=command.amount)
    shares = debt_shares_to_mint(pool, command.amount)
    changed = add_debt(pool, command.amount, shares=shares, mintable=rules.mintable)
    draft.put_pool(changed)
    draft.shift_debt(account.key, command.asset, shares=shares)
    cap = rules.borrow_cap
    if cap is not None:
        require(changed.borrowed <= cap, Reason.BORROW_CAP, cap=cap, after=changed.borrowed)
    _require_ceiling(draft, account.key, asset=command.asset)
    _require_debt_above_dust(draft, account.key, asset=command.asset)
    # What is borrowed leaves the venue: it may take out no more than a withdrawal.
    require_withdrawable(draft, account.key)
    draft.tell(
        EventKind.BORROW,
        account=account.key,
        asset=command.asset,
        quantity=command.amount,
        flow=changed.cash - pool.cash,
    )


def _require_ceiling(draft: Draft, key: str, *, asset: str) -> None:
    """Debt against an isolated collateral stays under its venue-wide ceiling."""
    for collateral in draft.account(key).supply:
        rules = draft.asset_rules(collateral)
        if not rules.isolated:
            continue
        allowed = draft.asset_rules(asset).borrowable_in_isolation
        require(allowed, Reason.ISOLATION, asset=asset, collateral=collateral)
        if rules.debt_ceiling_wad is None:
            continue
        total = 0
        for debt, shares in draft.isolation(collateral).debt_shares.items():
            mark = draft.mark(debt)
            total += value_wad_up(debt_amount(mark.pool, shares), mark)
        ceiling = rules.debt_ceiling_wad
        require(total <= ceiling, Reason.DEBT_CEILING, ceiling=ceiling, after=total)


def _require_debt_above_dust(draft: Draft, key: str, *, asset: str) -> None:
    least = draft.rules.liquidation.dust_debt_wad
    shares = draft.account(key).debt.get(asset, 0)
    if least == 0 or shares == 0:
        return
    mark = draft.mark(asset)
    value = value_wad(debt_amount(mark.pool, shares), mark)
    require(value >= least, Reason.DUST, least=least, after=value)


def repay(draft: Draft, command: Repay) -> None:
    """Pay debt back; more than is owed is refused, not kept."""
    account = draft.known_account(command.account)
    pool = draft.pool(command.asset)
    owed_shares = account.debt.get(command.asset, 0)
    owed = debt_amount(pool, owed_shares)
    amount = owed if command.amount is None else command.amount
    require_amount(amount)
    require(amount <= owed, Reason.INSUFFICIENT_BALANCE, debt=owed, amount=amount)
    shares = owed_shares if amount == owed else debt_shares_to_burn(pool, amount)
    require(shares > 0, Reason.AMOUNT_TOO_SMALL, amount=amount)
    changed = remove_debt(pool, amount, shares=shares)
    draft.put_pool(changed)
    draft.shift_debt(account.key, command.asset, shares=-shares)
    _require_debt_above_dust(draft, account.key, asset=command.asset)
    draft.tell(
        EventKind.REPAY,
        account=account.key,
        asset=command.asset,
        quantity=-amount,
        flow=changed.cash - pool.cash,
    )
    release_if_safe(draft, account.key)


def set_category(draft: Draft, command: SetCategory) -> None:
    """Enter or leave a category; all debts must belong to it and the initial excess stay >= 0."""
    require_open(draft, 1)
    account = draft.known_account(command.account)
    known = not command.category or command.category in draft.rules.categories
    require(known, Reason.UNKNOWN_CATEGORY, category=command.category)
    category = draft.category_rules(command.category)
    for asset in account.debt:
        inside = category is None or asset in category.assets
        require(inside, Reason.CATEGORY, asset=asset, category=command.category)
    draft.put_account(replace(account, category=command.category))
    require_initial(draft, account.key)
    draft.tell(EventKind.CATEGORY, account=account.key, reason=command.category)
    release_if_safe(draft, account.key)
