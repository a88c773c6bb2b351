"""Tuning: a search for rules that risk less, lend more, or both, on one set of paths.

`run_tuning(TuneQuestion(stress_question, trials=...))` answers with a `TuneResult`.
"""

from trimtab.simulation.stress.tuning.borrowers import Borrowers, case_under
from trimtab.simulation.stress.tuning.parameters import Parameter, changed_rules, default_space
from trimtab.simulation.stress.tuning.recommending import dry_run, pareto_set, rules_diff
from trimtab.simulation.stress.tuning.results import (
    TUNE_SCHEMA,
    DryRun,
    KeyChange,
    Recommendation,
    Trial,
    TuneResult,
)
from trimtab.simulation.stress.tuning.study import TuneQuestion, run_tuning

__all__ = [
    "TUNE_SCHEMA",
    "Borrowers",
    "DryRun",
    "KeyChange",
    "Parameter",
    "Recommendation",
    "Trial",
    "TuneQuestion",
    "TuneResult",
    "case_under",
    "changed_rules",
    "default_space",
    "dry_run",
    "pareto_set",
    "rules_diff",
    "run_tuning",
]
