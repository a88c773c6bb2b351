"""The words that a reader types to get an answer again."""

from __future__ import annotations

import shlex

from trimtab.apps.stressing.chosen import StressChoices


def told_choices(choices: StressChoices) -> list[str]:
    """Return the options that differ from the usual ones, but for the seed; all their digits.

    >>> told_choices(StressChoices(paths=50, seed=3))
    ['--paths 50']
    """
    usual = StressChoices()
    words = []
    for flag, found, standard in (
        ("--at", choices.at, usual.at),
        ("--horizon-hours", choices.horizon_hours, usual.horizon_hours),
        ("--step-seconds", choices.step_seconds, usual.step_seconds),
        ("--paths", choices.paths, usual.paths),
        ("--process", choices.process, usual.process),
        ("--shock", choices.shock, usual.shock),
        ("--correlation-to-one", choices.correlation_share, usual.correlation_share),
        ("--engine", choices.engine, usual.engine),
        ("--sampling", choices.sampling, usual.sampling),
        ("--fund-probability", choices.fund_probability, usual.fund_probability),
    ):
        if found != standard:
            words.append(f"{flag} {shown(found)}")
    if choices.levels != usual.levels:
        words += [f"--level {shown(level)}" for level in choices.levels]
    return words


def shown(value: object) -> str:
    """A value as a shell takes it: a float by all its digits, without those that say nothing."""
    text = repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return shlex.quote(text)
