"""One asset's ledger: how amounts become shares and back, and what each rounding is for.

Pure functions on `Pool`. Every one keeps the identity
`cash + borrowed + deficit = supplied + reserves + minted` to the last native unit, and none ever
lowers a borrow index or (but for a booked loss) a supply index: whatever a rounding leaves over
stays with the pool.
"""

from dataclasses import replace

from trimtab.model import Pool
from trimtab.units import mul_div_down, mul_div_up

# A share of an untouched pool is a millionth of a native unit, so that share rounding is far
# finer than amount rounding even for assets of two decimals.
SHARES_PER_UNIT = 10**6


def supply_amount(pool: Pool, shares: int) -> int:
    """Native units that supply shares are worth, rounded down (against the holder)."""
    if shares == 0:
        return 0
    return mul_div_down(shares, pool.supplied, pool.supply_shares)


def debt_amount(pool: Pool, shares: int) -> int:
    """Native units that debt shares owe, rounded up (against the debtor)."""
    if shares == 0:
        return 0
    return mul_div_up(shares, pool.borrowed, pool.borrow_shares)


def shares_to_mint(pool: Pool, amount: int) -> int:
    """Supply shares given for a deposit, rounded down; 0 where the pool has lost everything."""
    if pool.supply_shares == 0:
        return amount * SHARES_PER_UNIT
    if pool.supplied == 0:
        return 0
    return mul_div_down(amount, pool.supply_shares, pool.supplied)


def shares_to_burn(pool: Pool, amount: int) -> int:
    """Supply shares taken for a withdrawal of `amount`, rounded up."""
    if amount == 0:
        return 0
    return mul_div_up(amount, pool.supply_shares, pool.supplied)


def removable(pool: Pool, amount: int, *, shares: int) -> int:
    """Units that can leave a balance of some shares without it falling by more than `amount`.

    Burnt shares round up, so that taking `amount` itself may cost the holder a unit more.
    """
    if amount >= supply_amount(pool, shares):
        return supply_amount(pool, shares)
    return supply_amount(pool, mul_div_down(amount, pool.supply_shares, pool.supplied))


def add_supply(pool: Pool, amount: int, *, shares: int) -> Pool:
    """Deposit: cash comes in and a claim is created."""
    return replace(
        pool,
        cash=pool.cash + amount,
        supplied=pool.supplied + amount,
        supply_shares=pool.supply_shares + shares,
    )


def remove_supply(pool: Pool, amount: int, *, shares: int) -> Pool:
    """Withdrawal: a claim ends and cash goes out."""
    assert amount <= pool.cash, "a withdrawal never exceeds the cash"
    return replace(
        pool,
        cash=pool.cash - amount,
        supplied=pool.supplied - amount,
        supply_shares=pool.supply_shares - shares,
    )


def debt_shares_to_mint(pool: Pool, amount: int) -> int:
    """Debt shares charged for a loan, rounded up."""
    if pool.borrow_shares == 0:
        return amount * SHARES_PER_UNIT
    return mul_div_up(amount, pool.borrow_shares, pool.borrowed)


def debt_shares_to_burn(pool: Pool, amount: int) -> int:
    """Debt shares that a payment of `amount` ends, rounded down."""
    return mul_div_down(amount, pool.borrow_shares, pool.borrowed)


def add_debt(pool: Pool, amount: int, *, shares: int, mintable: bool) -> Pool:
    """Loan: cash goes out (or the asset is minted) and a debt is created.

    The debt is booked at what its shares are worth, rounded up; the unit above `amount` that this
    may add belongs to the reserves.
    """
    owed = amount
    if pool.borrow_shares:
        owed = mul_div_up(shares, pool.borrowed, pool.borrow_shares)
    return replace(
        pool,
        cash=pool.cash if mintable else pool.cash - amount,
        minted=pool.minted + amount if mintable else pool.minted,
        borrowed=pool.borrowed + owed,
        borrow_shares=pool.borrow_shares + shares,
        reserves=pool.reserves + owed - amount,
    )


def receive(pool: Pool, amount: int) -> Pool:
    """Units that come in: they burn what was minted first, and are cash after that.

    The caller books the other side (`borrowed`, `deficit`, `supplied` or `reserves`).
    """
    burned = min(amount, pool.minted)
    return replace(pool, minted=pool.minted - burned, cash=pool.cash + amount - burned)


def booked_debt(pool: Pool, shares: int) -> int:
    """What leaves `borrowed` when debt shares end, rounded down: the others' index never falls."""
    return mul_div_down(shares, pool.borrowed, pool.borrow_shares)


def remove_debt(pool: Pool, paid: int, *, shares: int) -> Pool:
    """Repayment: units come in and a debt ends; reserves keep what was paid above its worth."""
    booked = booked_debt(pool, shares)
    assert booked <= paid, "a debt never ends for less than it is booked at"
    pool = receive(pool, paid)
    return replace(
        pool,
        borrowed=pool.borrowed - booked,
        borrow_shares=pool.borrow_shares - shares,
        reserves=pool.reserves + paid - booked,
    )


def lend_claim(pool: Pool, amount: int, *, debt_shares: int, supply_shares: int) -> Pool:
    """A debt against a claim of the same size: somebody's loss is owed to somebody's gain.

    No cash moves. As in `add_debt`, the debt is booked at what its shares are worth.
    """
    owed = amount
    if pool.borrow_shares:
        owed = mul_div_up(debt_shares, pool.borrowed, pool.borrow_shares)
    return replace(
        pool,
        supplied=pool.supplied + amount,
        supply_shares=pool.supply_shares + supply_shares,
        borrowed=pool.borrowed + owed,
        borrow_shares=pool.borrow_shares + debt_shares,
        reserves=pool.reserves + owed - amount,
    )


def offset_debt(pool: Pool, amount: int, *, debt_shares: int, supply_shares: int) -> Pool:
    """A claim pays a debt of the same pool: both end, and no cash moves."""
    booked = booked_debt(pool, debt_shares)
    assert booked <= amount <= pool.supplied, "a debt never ends for less than it is booked at"
    return replace(
        pool,
        supplied=pool.supplied - amount,
        supply_shares=pool.supply_shares - supply_shares,
        borrowed=pool.borrowed - booked,
        borrow_shares=pool.borrow_shares - debt_shares,
        reserves=pool.reserves + amount - booked,
    )


def write_off(pool: Pool, shares: int) -> tuple[Pool, int]:
    """End a debt that nobody pays: it becomes a deficit, which the payers of the loss then fill.

    Returns:
        The pool and the loss in native units.
    """
    booked = booked_debt(pool, shares)
    changed = replace(
        pool,
        borrowed=pool.borrowed - booked,
        borrow_shares=pool.borrow_shares - shares,
        deficit=pool.deficit + booked,
    )
    return changed, booked
