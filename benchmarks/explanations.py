"""Explanations: everything a person would ask about an account, a second."""

from __future__ import annotations

from statistics import median

from benchmarks.history import History
from benchmarks.measuring import ROUNDS, Result, cpu_seconds, rate, told
from trimtab.engine import Draft, explain
from trimtab.simulation import standing


def explanations(found: History) -> Result:
    """All accounts of the book, at its first prices."""
    stood = standing(found.case)
    draft = Draft(stood.store, stood.as_of_ns)
    keys = [f"{a.account}/{a.group}" if a.group else a.account for a in stood.accounts]
    accounts = [draft.account(key) for key in keys]

    def all_of_them() -> None:
        for account in accounts:
            explain(account, draft)

    with told("explain: all accounts of the book"):
        spent = median(cpu_seconds(all_of_them) for _ in range(ROUNDS))
    return Result(
        "Explanations a second",
        (f"{found.source}; {len(accounts):,} accounts, medians of {ROUNDS} rounds.",),
        ("work", "a second", "microseconds each"),
        (("explain", rate(len(accounts), spent), f"{spent / len(accounts) * 1e6:.0f}"),),
    )
