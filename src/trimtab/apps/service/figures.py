"""The whole book in figures: float estimates per account, for lists, totals and pictures.

Whatever is decided, or shown of a single account, is exact; these are rounded to micro-units of the
quote where they become text.
"""

from dataclasses import dataclass

import numpy as np

from trimtab.apps.service.board import Reading
from trimtab.engine import account_sums, health_wad
from trimtab.kernels.border import Floats, Ints
from trimtab.simulation import AT_RISK_HEALTH, HEALTH_EDGES
from trimtab.simulation.columns import TermKey
from trimtab.units import float_of

PLACES = 6
EXACT_PLACES = 54


@dataclass(frozen=True, slots=True)
class Book:
    """Per account, in the order of the columns' keys: values in quote, and plain ratios.

    `health` is infinite without a debt, `leverage` without equity; `distance` is 1 for never.
    """

    keys: list[str]
    collateral: Floats
    debt: Floats
    equity: Floats
    health: Floats
    leverage: Floats
    distance: Floats

    @property
    def at_risk(self) -> Floats:
        """Debt of each account whose health is under 1.1."""
        return np.where(self.health < AT_RISK_HEALTH, self.debt, 0.0)


def book(reading: Reading) -> Book:
    """The book at a reading; worked out once."""
    found = reading.kept.get("book")
    if not isinstance(found, Book):
        found = reading.kept["book"] = _book(reading)
    return found


def _book(reading: Reading) -> Book:
    columns, values = reading.columns, reading.coefficients
    terms = len(values.equity)
    owed = np.zeros(terms, np.bool_)
    lent = np.zeros(terms, np.bool_)
    for key, term in columns.terms.items():
        if isinstance(key, TermKey):
            (owed if key.owed else lent)[term] = True
    found = reading.standings
    figures = Book(
        columns.keys,
        _sums(reading, np.where(lent, values.equity, 0.0)),
        _sums(reading, np.where(owed, -values.equity, 0.0)),
        _sums(reading, values.equity),
        found.health.copy(),
        found.leverage.copy(),
        found.distance.copy(),
    )
    for number in columns.alone:
        _put_exact(reading, figures, number=number)
    return figures


def owners(reading: Reading) -> tuple[Ints, Ints]:
    """For each position of the columns: whose it is, and where it lies."""
    rows = reading.columns.book
    counts = rows.count.astype(np.int64)
    owner = np.repeat(np.arange(rows.accounts), counts)
    offset = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, rows.start[owner] + offset


def _sums(reading: Reading, per_share: Floats) -> Floats:
    rows = reading.columns.book
    kept = reading.kept.get("owners")
    if not isinstance(kept, tuple):
        kept = reading.kept["owners"] = owners(reading)
    owner, at = kept
    weights = rows.quantity[at] * per_share[rows.term[at]]
    return np.bincount(owner, weights=weights, minlength=rows.accounts).astype(np.float64)


def _put_exact(reading: Reading, figures: Book, *, number: int) -> None:
    """Accounts whose sums bend have no row: theirs are the engine's, each on its own."""
    account = reading.draft.account(figures.keys[number])
    sums = account_sums(account, reading.draft)
    health = health_wad(sums)
    equity = float_of(sums.equity, EXACT_PLACES)
    figures.collateral[number] = float_of(sums.collateral, EXACT_PLACES)
    figures.debt[number] = float_of(sums.debt, EXACT_PLACES)
    figures.equity[number] = equity
    figures.health[number] = np.inf if health is None else float_of(health, 18)
    exposure = float_of(sums.notional + sums.collateral, EXACT_PLACES)
    figures.leverage[number] = exposure / equity if equity > 0 else np.inf


def text(value: float) -> str | None:
    """A float as decimal text, rounded to micro-units; None where it is not finite."""
    if not np.isfinite(value):
        return None
    shown = f"{value:.{PLACES}f}".rstrip("0").rstrip(".")
    return "0" if shown in ("-0", "") else shown


def histogram(figures: Book) -> list[dict[str, object]]:
    """Accounts with debt and what they owe, by health; the last bucket is open."""
    debtors = figures.debt > 0
    health, debt = figures.health[debtors], figures.debt[debtors]
    bucket = np.searchsorted(HEALTH_EDGES, health, side="right") - 1
    accounts = np.bincount(bucket, minlength=len(HEALTH_EDGES))
    value = np.bincount(bucket, weights=debt, minlength=len(HEALTH_EDGES))
    uppers = [*HEALTH_EDGES[1:], None]
    rows = zip(HEALTH_EDGES, uppers, accounts.tolist(), value.tolist(), strict=True)
    return [
        {
            "health_from": text(low),
            "health_to": None if high is None else text(high),
            "accounts": count,
            "debt": text(owed),
        }
        for low, high, count, owed in rows
    ]
