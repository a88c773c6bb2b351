"""Edges of what rules are possible: the last changes that are, and the first that are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trimtab.model import Rules
from trimtab.model.consistency import first_conflict

Changes = dict[str, Any]
# From a record and the rules: the last changes that are possible, and the first that are not.
Edge = Callable[[Any, Rules], tuple[Changes, Changes]]


def one_over(field: str, most: Callable[[Any, Rules], int], **beside: Any) -> Edge:
    """An edge at the largest value of a field."""

    def edge(record: Any, rules: Rules) -> tuple[Changes, Changes]:
        last = most(record, rules)
        return {**beside, field: last}, {**beside, field: last + 1}

    return edge


def key_of(rules: Rules) -> str | None:
    """The key of the first conflict of rules."""
    conflict = first_conflict(rules)
    return None if conflict is None else conflict.key
