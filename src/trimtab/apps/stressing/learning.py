"""What a question of stress learns from a case's prices, once: its process, its volatilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.apps.stressing.chosen import AUTO, FIRST, STILL, StressChoices
from trimtab.model import Case
from trimtab.quant import ReturnPanel
from trimtab.simulation.paths import PathKind, panel_of_case
from trimtab.simulation.paths.sampling import SamplingKind
from trimtab.simulation.stress import Process
from trimtab.simulation.stress.process import LearntProcess, learnt
from trimtab.units import YEAR_SECONDS, DataError


def learnt_process(
    case: Case, choices: StressChoices, *, stood: Case, step_seconds: float | None
) -> tuple[Process, LearntProcess]:
    """Return the process that was chosen, and what it has learnt from a case's history.

    Auto is GARCH; where the history is too short for it, blocks of history, or a Brownian motion
    where what is asked has another step, correlations or normal drivers, which blocks have not.

    Args:
        case: whose history is learnt from.
        choices: what the caller chose.
        stood: the case as it is asked of: its book at its first prices.
        step_seconds: of the paths; None is the history's own.

    Raises:
        DataError: a history that cannot be learnt.
    """
    named = choices.process not in (AUTO, STILL)
    asked = Process(
        kind=PathKind(choices.process) if named else None,
        history=None if choices.at == FIRST else _history(case, choices.process),
        correlation_share=choices.correlation_share,
        shock=choices.shock or (),
    )
    if choices.process != AUTO:
        return asked, learnt(asked, stood)
    clustered = replace(asked, kind=PathKind.GARCH)
    try:
        return clustered, learnt(clustered, stood)
    except DataError:
        plain = choices.sampling == str(SamplingKind.PLAIN) and not choices.correlation_share
        own = step_seconds in (None, panel_of_case(case).step_seconds)
        short = replace(asked, kind=PathKind.BOOTSTRAP if plain and own else PathKind.BROWNIAN)
        return short, learnt(short, stood)


def _history(case: Case, process: str) -> ReturnPanel | None:
    """Returns of all that moves; those of the case itself where it is asked from its first row."""
    if process == STILL:
        return None
    moving = tuple(sorted(volatilities(case, tuple(sorted(case.rules.assets)))))
    return panel_of_case(case, moving)


def volatilities(case: Case, assets: tuple[str, ...]) -> dict[str, float]:
    """Return the annual volatility of each asset whose history in the case moves."""
    found = {}
    for asset in assets:
        try:
            panel = panel_of_case(case, (asset,))
        except DataError:
            continue
        step = float(np.std(panel.log_returns)) * (YEAR_SECONDS / panel.step_seconds) ** 0.5
        if step > 0.0:
            found[asset] = step
    return found
