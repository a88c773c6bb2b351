"""A book at one moment, put in order: who is unsafe, and what a fall of all collateral reaches."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from trimtab.apps.report.health_fall import MarketFall, market_fall
from trimtab.apps.report.shown import NARROW, Shown, printable
from trimtab.apps.rounding import fall_text
from trimtab.model import Explanation, account_key
from trimtab.simulation import Standing
from trimtab.units import WAD, format_decimal

HUNDREDTH_WAD = WAD // 10_000  # a hundredth of a percent


@dataclass(frozen=True, slots=True)
class Reach:
    """Debt and notional (wad) that can be liquidated after a move, and of how many accounts.

    Valued at the prices before the move.
    """

    debt_wad: int
    accounts: int


@dataclass(frozen=True, slots=True)
class HealthBook:
    """The accounts of a standing by what threatens them; all in exact integers.

    `unsafe` are liquidatable already, the largest debt first. `waiting` are those that a fall of
    all collateral makes liquidatable, the nearest first; `beyond` are reached by no such fall.
    What an account owes is its debt and the notional of its positions: `owed`. `fall` is what a
    fall of the market does, which takes debts in falling assets along. `after` says by which
    moves the prices are not those of the moment, "" where they are.
    """

    found: Standing
    unsafe: tuple[Explanation, ...]
    waiting: tuple[Explanation, ...]
    beyond: tuple[Explanation, ...]
    running_debt: tuple[int, ...]
    fall: MarketFall
    after: str = ""

    @property
    def further(self) -> str:
        """What a fall is called: one more, where prices are moved already."""
        return "further market fall" if self.after else "market fall"

    @property
    def quote(self) -> str:
        """The unit of every value."""
        return self.found.case.rules.quote

    @property
    def owed(self) -> str:
        """What a liquidation closes here: debt, or exposure where there may be positions."""
        return "exposure" if self.found.case.rules.markets else "debt"

    @property
    def debtors(self) -> tuple[Explanation, ...]:
        """All accounts with debt, the riskiest first."""
        return (*self.unsafe, *self.waiting, *self.beyond)

    @property
    def debt_wad(self) -> int:
        """Debt and notional of the book."""
        return debt_of(self.found.accounts)

    @property
    def collateral_wad(self) -> int:
        """Collateral of the book."""
        return sum(account.collateral_wad for account in self.found.accounts)

    @property
    def short(self) -> tuple[Explanation, ...]:
        """Accounts that owe more than all they have."""
        return tuple(account for account in self.found.accounts if account.equity_wad < 0)

    @property
    def shortfall_wad(self) -> int:
        """Debt that no collateral covers."""
        return -sum(account.equity_wad for account in self.short)

    def reached(self, fall_wad: int) -> Reach:
        """What is liquidatable once all collateral but the quote has fallen by a fraction (wad).

        Debts keep their price: for a fall that takes them along, see `fall`.
        An account whose distance is the fall itself has an excess of zero, and is still safe.
        """
        number = bisect_left(self.waiting, fall_wad, key=lambda account: account.distance_wad)
        debt = self.running_debt[number]
        return Reach(debt, len(self.unsafe) + number)

    def reached_up(self, rise_wad: int) -> Reach:
        """What is liquidatable once all that accounts are net short of has risen by a fraction."""
        rising = [a for a in self.debtors if not a.liquidatable and _rise(a) < rise_wad]
        return Reach(debt_of(self.unsafe) + debt_of(rising), len(self.unsafe) + len(rising))


def book_of(found: Standing, *, after: str = "") -> HealthBook:
    """Put the accounts of a standing in order of risk.

    Arguments:
        after: how its prices were moved, in words; "" where they were not.
    """
    debtors = [account for account in found.accounts if owed_wad(account) > 0]
    unsafe = sorted((a for a in debtors if a.liquidatable), key=_by_debt)
    safe = [account for account in debtors if not account.liquidatable]
    waiting = [account for account in safe if account.distance_wad < WAD]
    waiting.sort(key=lambda account: (account.distance_wad, *_by_debt(account)))
    beyond = sorted((a for a in safe if a.distance_wad >= WAD), key=_by_debt)
    debts = (owed_wad(account) for account in waiting)
    running = tuple(accumulate(debts, initial=debt_of(unsafe)))
    fall = market_fall(found, debtors)
    return HealthBook(found, tuple(unsafe), tuple(waiting), tuple(beyond), running, fall, after)


def _by_debt(account: Explanation) -> tuple[int, str, str]:
    return (-owed_wad(account), account.account, account.group)


def _rise(account: Explanation) -> int:
    rise = account.distance_up_wad
    return 10**9 * WAD if rise is None else rise


def owed_wad(account: Explanation) -> int:
    """Debt and notional of an account, wad: what a liquidation could close."""
    return account.debt_wad + account.notional_wad


def debt_of(accounts: Iterable[Explanation]) -> int:
    """Debt and notional of some accounts, wad."""
    return sum(owed_wad(account) for account in accounts)


def key_of(account: Explanation) -> str:
    """An account's key: its name, and its group where it has one."""
    return account_key(account.account, account.group)


def name_of(account: Explanation) -> str:
    """An account's key, safe to print."""
    return printable(key_of(account))


def distance(fall_wad: int) -> Shown:
    """A fall in percent as the terminal has it: rounded down, never farther than it is."""
    if fall_wad >= WAD:
        return Shown("never", "not by any fall of the collateral alone")
    exact = f"{format_decimal(fall_wad, 16)} %"
    if 0 < fall_wad < HUNDREDTH_WAD:
        return Shown(f"<0.01{NARROW}%", exact)
    text = fall_text(fall_wad) if fall_wad else "0"
    return Shown(f"{text}{NARROW}%", exact)
