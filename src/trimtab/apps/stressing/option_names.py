"""Refusals in the words of the command line: what was typed, instead of what the model calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType

from trimtab.units import UsageError

OPTIONS = MappingProxyType(
    {
        "horizon": "--horizon-hours",
        "step": "--step-seconds",
        "paths": "--paths",
        "seed": "--seed",
        "workers": "--workers",
        "trials": "--trials",
        "tuning": "--key",
        "least buffer": "--least-buffer",
        "correlation to one": "--correlation-to-one",
        "antithetic sampling": "--sampling antithetic",
        "stratified sampling": "--sampling stratified",
        "tail sampling": "--sampling tail",
        "sampling towards the tail": "--sampling tail",
    }
)
# What to do, and by which options.
ENDS = MappingProxyType(
    {
        "ask for fewer paths, longer steps or fewer workers": "--paths, --step-seconds, --workers",
        "take longer steps": "--step-seconds",
        "take the step of the history": "--step-seconds, and --horizon-hours of a step or more",
    }
)


@contextmanager
def naming_options() -> Iterator[None]:
    """Say of a refusal by the model which option it is about.

    Raises:
        UsageError: the same, with the option's name in front.
    """
    try:
        yield
    except UsageError as error:
        raise UsageError(in_options(str(error))) from None


def in_options(text: str) -> str:
    """Return a refusal with the option for the model's own word at its beginning.

    >>> in_options("horizon: found 0, expected seconds above 0")
    '--horizon-hours: found 0, expected seconds above 0'
    """
    subject, colon, rest = text.partition(":")
    named = f"{OPTIONS.get(subject, subject)}{colon}{rest}"
    for words, options in ENDS.items():
        if named.endswith(words):
            return f"{named} ({options})"
    return named
