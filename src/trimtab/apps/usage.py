"""What the parser of the command line complains of, in the words of all other refusals."""

import re
from collections.abc import Sequence
from itertools import pairwise

_INVALID = re.compile(r"Invalid value for '(?P<option>--[\w-]+)': (?P<why>.*)")
_CHOICE = re.compile(r"'.*' is not one of (?P<known>'.*')")
_SHOULD = "Input should be "
_EXPECTED = (
    (re.compile(r"a valid integer.*"), "a whole number"),
    (re.compile(r"a valid number.*"), "a number"),
    (re.compile(r"a finite number.*"), "a number"),
    (re.compile(r"greater than or equal to (?P<bound>\S+)"), r"\g<bound> or more"),
    (re.compile(r"less than or equal to (?P<bound>\S+)"), r"\g<bound> or less"),
)


def usage_line(message: str, typed: Sequence[str]) -> str:
    """Return a complaint of the parser as ours are: the option, what was found, what is expected.

    Args:
        message: the parser's.
        typed: the words of the command, in which the value stands.

    >>> usage_line("Invalid value for '--seed': Input should be a valid integer", ["--seed", "x"])
    "--seed 'x': expected a whole number"
    """
    plain = message.rstrip(".").replace("Value error, ", "")
    found = _INVALID.fullmatch(plain)
    expected = None if found is None else _expected(found["why"])
    if found is None or expected is None:
        return plain
    values = ", ".join(repr(value) for value in _values(found["option"], typed))
    return f"{found['option']} {values}".rstrip() + f": expected {expected}"


def _expected(why: str) -> str | None:
    """What would have been taken; None where the parser says it otherwise."""
    choice = _CHOICE.fullmatch(why)
    if choice is not None:
        known = choice["known"].replace("'", "").split(", ")
        return " or ".join(known) if len(known) < 3 else f"one of {', '.join(known)}"
    should = why.removeprefix(_SHOULD)
    for form, words in _EXPECTED:
        if should != why and form.fullmatch(should):
            return form.sub(words, should)
    return None


def _values(option: str, typed: Sequence[str]) -> list[str]:
    """What was typed for an option, each time."""
    after = [word for before, word in pairwise(typed) if before == option]
    start = f"{option}="
    return after + [word.removeprefix(start) for word in typed if word.startswith(start)]
