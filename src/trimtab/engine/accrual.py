"""Interest: the kinked rate, and what it adds to a pool between two touches.

The fraction of a native unit that interest leaves is carried in ray, so that touching a pool every
second or once a week books the same interest but for compounding.
"""

from dataclasses import replace

from trimtab.model import Accrual, AssetRules, Pool
from trimtab.units import NANOSECONDS, RAY, WAD, YEAR_SECONDS, div_down, mul_div_down, pow_ray

RAY_PER_WAD = 10**9


def whole_seconds(at_ns: int) -> int:
    """Seconds since the epoch, the fraction dropped: interest runs in whole seconds."""
    return div_down(at_ns, NANOSECONDS)


def utilization_wad(pool: Pool) -> int:
    """Share of the pool that is lent out, wad, rounded down."""
    if pool.borrowed == 0:
        return 0
    return mul_div_down(pool.borrowed, WAD, pool.cash + pool.borrowed)


def borrow_rate_wad(pool: Pool, rules: AssetRules) -> int:
    """Borrow rate a year in wad, rounded down: two slopes that meet at the kink.

    A mintable asset has no utilization; its base rate is a stability fee.
    """
    if rules.mintable:
        return rules.base_rate_wad
    used = utilization_wad(pool)
    if used <= rules.kink_wad:
        return rules.base_rate_wad + mul_div_down(rules.slope1_wad, used, rules.kink_wad)
    beyond = mul_div_down(rules.slope2_wad, used - rules.kink_wad, WAD - rules.kink_wad)
    return rules.base_rate_wad + rules.slope1_wad + beyond


def growth_ray(rate_wad: int, seconds: int, *, accrual: Accrual) -> int:
    """Interest on one unit over some seconds, in ray: rate x time, or (1 + rate)^time - 1."""
    per_second_ray = mul_div_down(rate_wad, RAY_PER_WAD, YEAR_SECONDS)
    if accrual is Accrual.LINEAR:
        return per_second_ray * seconds
    return pow_ray(RAY + per_second_ray, seconds) - RAY


def _at(pool: Pool, now_s: int) -> Pool:
    """The same pool at another second; every price of every tick comes here, so: no `replace`."""
    return Pool(
        pool.asset,
        pool.cash,
        pool.supplied,
        pool.supply_shares,
        pool.borrowed,
        pool.borrow_shares,
        pool.reserves,
        pool.minted,
        pool.deficit,
        pool.carry_ray,
        now_s,
    )


def accrued(pool: Pool, rules: AssetRules, *, now_s: int) -> tuple[Pool, int]:
    """The pool with the interest up to now booked, and that interest in native units.

    Suppliers get the interest but for the reserve factor; where nobody supplies, the reserves get
    all of it.
    """
    seconds = now_s - pool.accrued_s
    assert seconds >= 0, "time does not run backwards"
    if seconds == 0:
        return pool, 0
    rate = borrow_rate_wad(pool, rules) if pool.borrowed else 0
    if rate == 0:
        return _at(pool, now_s), 0
    grown_ray = pool.borrowed * growth_ray(rate, seconds, accrual=rules.accrual) + pool.carry_ray
    interest = div_down(grown_ray, RAY)
    kept = interest
    if pool.supply_shares and not rules.mintable:
        kept = mul_div_down(interest, rules.reserve_factor_wad, WAD)
    changed = replace(
        pool,
        borrowed=pool.borrowed + interest,
        supplied=pool.supplied + interest - kept,
        reserves=pool.reserves + kept,
        carry_ray=grown_ray - interest * RAY,
        accrued_s=now_s,
    )
    return changed, interest
