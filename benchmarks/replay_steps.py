"""Replay: a real book through ten thousand price steps, beside a naive exact scan."""

from __future__ import annotations

from benchmarks.explanations import explanations
from benchmarks.history import History, history
from benchmarks.measuring import Result, cpu_seconds, told
from trimtab.engine import Draft, account_sums, is_unsafe, open_venue, step
from trimtab.model import Accepted
from trimtab.model.commands import SetPrices
from trimtab.simulation import ReplayRun, replay
from trimtab.simulation.moment import Moment

STEPS = 10_000
NAIVE_STEPS = 200


def real_book() -> list[Result]:
    """A real book, explained and replayed."""
    with told(f"history of {STEPS:,} steps"):
        found = history(STEPS)
    return [explanations(found), replay_steps(found)]


def replay_steps(found: History) -> Result:
    """The full replay, how often it asked the engine, and what asking always would cost."""
    runs: list[ReplayRun] = []
    asked = 0
    sums = Moment.sums

    def counted(self: Moment, key: str) -> object:
        nonlocal asked
        asked += key not in self._sums
        return sums(self, key)

    with told(f"replay: {STEPS:,} steps"):
        full = cpu_seconds(lambda: runs.append(replay(found.case)))
    with told("replay: once more, counting what the engine is asked"):
        Moment.sums = counted  # type: ignore[assignment, method-assign]
        again = replay(found.case)
        Moment.sums = sums  # type: ignore[method-assign]
    with told(f"replay: naive exact scan of {NAIVE_STEPS} steps"):
        naive = cpu_seconds(lambda: scan(found, NAIVE_STEPS)) * STEPS / NAIVE_STEPS
    run = runs[0]
    assert run.state_hash == again.state_hash, "a replay is a function of its case"
    accounts = len(run.metrics.screen.keys)
    return Result(
        "Replay: the whole loop on one core",
        (
            f"{found.source}: {accounts:,} accounts, {STEPS:,} steps.",
            f"{run.tally.liquidations:,} liquidations; state hash {run.state_hash[:16]}.",
            "The replay screens, decides, liquidates, closes out and measures every step; the "
            f"naive scan only decides, and is extrapolated from {NAIVE_STEPS} steps.",
        ),
        ("work", "CPU seconds", "exact sums of accounts"),
        (
            ("replay with the screen", f"{full:.1f}", f"{asked:,}"),
            ("naive exact scan", f"{naive:.1f}", f"{accounts * STEPS:,}"),
        ),
    )


def scan(found: History, steps: int) -> int:
    """Ask the exact engine about every account at some steps spread over the history."""
    case = found.case
    store = open_venue(case.rules, case.book, at_ns=case.ticks[0].at_ns)
    keys = [row.account for row in case.book if row.quantity > 0]
    names, unsafe = sorted(set(keys)), 0
    for tick in case.ticks[:: len(case.ticks) // steps][:steps]:
        outcome = step(store, SetPrices(tick.at_ns, tick.prices))
        assert isinstance(outcome, Accepted), outcome
        store.apply(outcome)
        draft = Draft(store, tick.at_ns)
        accounts = [draft.account(name) for name in names]
        unsafe += sum(is_unsafe(account, account_sums(account, draft)) for account in accounts)
    return unsafe
