"""Tuning: a search for rules that risk less, lend more, or both, on one set of paths.

`run_tuning(TuneQuestion(stress_question, trials=...))` answers with a `TuneResult`.
"""

from trimtab.simulation.stress.tuning.borrowers import Borrowers, case_under
from trimtab.simulation.stress.tuning.buffers import LEAST_BUFFER
from trimtab.simulation.stress.tuning.parameters import Parameter, changed_rules, default_space
from trimtab.simulation.stress.tuning.recommending import dry_run, pareto_set, rules_diff
from trimtab.simulation.stress.tuning.results import (
    TUNE_SCHEMA,
    DryRun,
    KeyChange,
    Recommendation,
    Trade,
    Trial,
    TuneResult,
)
from trimtab.simulation.stress.tuning.study import TuneQuestion, run_tuning
from trimtab.simulation.stress.tuning.trading import cheapest_trades

__all__ = [
    "LEAST_BUFFER",
    "TUNE_SCHEMA",
    "Borrowers",
    "DryRun",
    "KeyChange",
    "Parameter",
    "Recommendation",
    "Trade",
    "Trial",
    "TuneQuestion",
    "TuneResult",
    "case_under",
    "changed_rules",
    "cheapest_trades",
    "default_space",
    "dry_run",
    "pareto_set",
    "rules_diff",
    "run_tuning",
]
