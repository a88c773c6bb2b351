"""What operators did to a venue: actions in order, bound into a chain of their own.

The chain of an action is the SHA-256 of the chain before it and of its own content, as that of a
journal's entries is: it shows damage, and a line that somebody changed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from trimtab.model.journal_entries import JournalDamagedError, Tip


@dataclass(frozen=True, slots=True)
class OperatorAction:
    """One action of an operator.

    Fields:
        number: counts from 1 without gaps.
        at_ns: when it was done, ns UTC by the world's clock; may go back.
        who, role: name and role of the key that asked.
        action: a closed word.
        about: JSON of what was asked.
        result: what became of it, one clause.
        chain: SHA-256 in hexadecimal.
    """

    number: int
    at_ns: int
    who: str
    role: str
    action: str
    about: str
    result: str
    chain: str = ""

    @property
    def tip(self) -> Tip:
        """Where the chain stands after this action."""
        return Tip(self.number, self.chain)


def action_after(
    tip: Tip,
    action: str,
    *,
    at_ns: int,
    who: str,
    role: str,
    about: Mapping[str, Any],
    result: str,
) -> OperatorAction:
    """The action after a tip, bound to the chain before it; `about` is plain data."""
    text = json.dumps(dict(about), sort_keys=True, separators=(",", ":"))
    done = OperatorAction(tip.number + 1, at_ns, who, role, action, text, result)
    return replace(done, chain=_chained(tip.chain, done))


def checked_actions(actions: Iterable[OperatorAction]) -> Iterator[OperatorAction]:
    """Yield actions from the first on, each checked to follow from those before it.

    Raises:
        JournalDamagedError: an action that is missing, was changed, or does not follow.
    """
    tip = Tip()
    for action in actions:
        if not follows(tip, action):
            raise JournalDamagedError(
                f"action {tip.number + 1} of the audit trail is missing or was changed",
                hint="verify the journal, then restore a back-up or cut with consent",
            )
        tip = action.tip
        yield action


def follows(tip: Tip, action: OperatorAction) -> bool:
    """Whether an action is the one after a tip, as it was written."""
    return action.number == tip.number + 1 and action.chain == _chained(tip.chain, action)


def _chained(before: str, action: OperatorAction) -> str:
    """The chain of an action after the chain before it, whatever its field `chain` says."""
    parts = [action.number, action.at_ns, action.who, action.role, action.action]
    text = json.dumps([before, *parts, action.about, action.result], separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
