"""How to sell an inventory: the schedule of Almgren and Chriss, against one block dump.

X units are sold over N intervals of tau seconds. The price that others see moves by the volatility
and by the permanent impact of what was sold before; a sale of n units in one interval gets less by
fixed + temporary x n / tau each. Cost is X at the first price less the proceeds:

    E = permanent X^2 / 2 + fixed X + (temporary / tau - permanent / 2) sum n_k^2
    V = volatility^2 tau sum x_k^2          x_k: what is left after interval k

The schedule with the least E + risk_aversion V is x_k = X sinh(kappa (T - t_k)) / sinh(kappa T),
where cosh(kappa tau) = 1 + tau^2 risk_aversion volatility^2 / (2 (temporary - permanent tau / 2)).
Source: R. Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3
(2000), equations 14 to 20. It holds for small impact: prices move by sums there, not by factors.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from trimtab.units import UsageError

# Above this, kappa T is so large that everything is sold in the first interval anyway.
_URGENCY_MOST = 700.0
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class ExecutionTerms:
    """What selling costs, by unit of the asset in the quote.

    Args:
        volatility: standard deviation of the price over a second's root, quote / sqrt(second).
        temporary: quote a unit for each unit a second; permanent x seconds / 2 at least.
        permanent: quote a unit for each unit sold.
        risk_aversion: cost of variance, 1 / quote; 0 sells evenly.
        seconds: length of an interval, above 0.
        fixed: quote a unit, fees and half the spread.

    Raises:
        UsageError: a negative number, or a temporary impact so small that the schedule would
            sell and buy in turns.
    """

    volatility: float
    temporary: float
    permanent: float
    risk_aversion: float
    seconds: float
    fixed: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.volatility, self.temporary, self.permanent, self.risk_aversion, self.fixed)
        if not all(0.0 <= number < math.inf for number in numbers) or not self.seconds > 0.0:
            raise UsageError(f"execution terms are 0 or more, and seconds above 0: found {self}")
        if self.temporary - self.permanent * self.seconds / 2.0 < -_ROUNDING * self.temporary:
            raise UsageError(
                f"temporary impact {self.temporary} is under half of what is permanent over "
                f"{self.seconds} seconds: use shorter intervals"
            )

    @property
    def net_temporary(self) -> float:
        """Temporary impact less the half of the permanent one that an own sale is not hurt by."""
        return max(0.0, self.temporary - self.permanent * self.seconds / 2.0)

    @property
    def urgency(self) -> float:
        """Kappa, 1 / second: how fast the inventory decays. Infinite without a cost of haste."""
        if self.risk_aversion * self.volatility == 0.0:
            return 0.0
        if self.net_temporary <= 0.0:
            return math.inf
        pressure = self.risk_aversion * self.volatility**2 / self.net_temporary
        # acosh(1 + y) for y = tau^2 pressure / 2, exact for small y too.
        return 2.0 * math.asinh(self.seconds * math.sqrt(pressure) / 2.0) / self.seconds


def schedule(amount: float, terms: ExecutionTerms, *, intervals: int) -> tuple[float, ...]:
    """Return the sales, one an interval, that cost least with their risk; they sum to `amount`.

    Args:
        amount: units to sell, 0 or more.
        terms: what selling costs.
        intervals: how many, at least 1; one is a block dump.
    """
    _require_intervals(intervals)
    left = [amount * _left_share(terms, done, intervals=intervals) for done in range(intervals + 1)]
    return tuple(before - after for before, after in pairwise(left))


def block_dump(amount: float) -> tuple[float, ...]:
    """Return the one sale of everything at once."""
    return (amount,)


def next_share(terms: ExecutionTerms, intervals: int) -> float:
    """Return the share of what is left that the next interval sells, `intervals` being left.

    The schedule is the same from any of its points on, so that who sells needs no memory of it.
    """
    _require_intervals(intervals)
    return 1.0 - _left_share(terms, 1, intervals=intervals)


def _require_intervals(intervals: int) -> None:
    if intervals < 1:
        raise UsageError(f"a schedule has at least one interval, found {intervals}")


def _left_share(terms: ExecutionTerms, done: int, *, intervals: int) -> float:
    """sinh(kappa (T - t)) / sinh(kappa T), without overflow; its limits at 0 and infinity."""
    if done in (0, intervals):
        return 1.0 - done / intervals
    whole = terms.urgency * terms.seconds * intervals
    if whole < 1e-9:
        return 1.0 - done / intervals
    if whole > _URGENCY_MOST * intervals:
        return 0.0
    gone = terms.urgency * terms.seconds * done
    return math.exp(-gone) * math.expm1(-2.0 * (whole - gone)) / math.expm1(-2.0 * whole)


def expected_cost(sales: Sequence[float], terms: ExecutionTerms) -> float:
    """Return the mean cost of any sales, one an interval, in the quote (E above)."""
    amount = math.fsum(sales)
    squares = math.fsum(sold * sold for sold in sales)
    haste = terms.net_temporary / terms.seconds * squares
    return terms.permanent * amount * amount / 2.0 + terms.fixed * amount + haste


def cost_variance(sales: Sequence[float], terms: ExecutionTerms) -> float:
    """Return the variance of the cost of any sales, in the quote squared (V above)."""
    left = _left_after(sales)
    return terms.volatility**2 * terms.seconds * math.fsum(x * x for x in left)


def _left_after(sales: Sequence[float]) -> Iterable[float]:
    amount = math.fsum(sales)
    return [amount - sold for sold in accumulate(sales)]


def optimal_cost(amount: float, terms: ExecutionTerms, *, intervals: int) -> float:
    """Return the mean cost of the schedule in closed form; at no urgency that of an even one."""
    _require_intervals(intervals)
    tau, horizon = terms.seconds, terms.seconds * intervals
    always = terms.permanent * amount * amount / 2.0 + terms.fixed * amount
    kappa = terms.urgency
    if kappa * horizon < 1e-6:
        return always + terms.net_temporary * amount * amount / horizon
    if intervals == 1 or kappa * tau > _URGENCY_MOST / 4.0:
        return always + terms.net_temporary * amount * amount / tau
    # Both factors over sinh^2(kappa T): sinh 2y / sinh^2 y = 2 / tanh y.
    whole = kappa * horizon
    curve = 2.0 * tau / math.tanh(whole) + 2.0 * horizon * _over_square(kappa * tau, whole)
    return always + terms.net_temporary * amount**2 * math.tanh(kappa * tau / 2.0) * curve / (
        2.0 * tau * tau
    )


def optimal_variance(amount: float, terms: ExecutionTerms, *, intervals: int) -> float:
    """Return the variance of the schedule's cost in closed form."""
    _require_intervals(intervals)
    tau, horizon, kappa = terms.seconds, terms.seconds * intervals, terms.urgency
    scale = (terms.volatility * amount) ** 2
    if intervals == 1 or kappa * tau > _URGENCY_MOST / 4.0:
        return 0.0
    if kappa * horizon < 1e-4:
        even = (1.0 - 1.0 / intervals) * (1.0 - 0.5 / intervals)
        return scale * horizon * even / 3.0
    whole, part = kappa * horizon, kappa * tau
    # (tau sinh(kT) cosh(k(T - tau)) - T sinh(k tau)) / (2 sinh^2(kT) sinh(k tau))
    fall = math.cosh(part) / math.tanh(whole) - math.sinh(part)
    spread = tau * fall / math.sinh(part) - horizon * _over_square(0.0, whole, numerator=1.0)
    return scale * spread / 2.0


def _over_square(small: float, whole: float, *, numerator: float | None = None) -> float:
    """sinh(small) / sinh^2(whole), or a number over it; 0 where the square is beyond a float."""
    if whole > _URGENCY_MOST / 2.0:
        return 0.0
    above = math.sinh(small) if numerator is None else numerator
    return above / math.sinh(whole) ** 2
