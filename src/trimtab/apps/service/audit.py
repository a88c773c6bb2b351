"""The audit trail: what operators did, in order, each line bound to the one before it."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from trimtab.apps.service.security import Caller
from trimtab.model.journal_entries import Tip
from trimtab.model.operator_actions import OperatorAction, action_after, checked_actions
from trimtab.model.ports import ActionStore

KEPT_MAX = 1000


class AuditTrail:
    """A chain of actions that only grows, in the journal's database, and the latest of them."""

    def __init__(self, store: ActionStore | None, *, clock_ns: Callable[[], int]) -> None:
        """Go on with a trail, or begin one.

        Arguments:
            store: of the journal; None keeps the trail in memory alone.
            clock_ns: the world's clock.

        Raises:
            JournalDamagedError: a trail that was changed.
        """
        self._clock_ns = clock_ns
        self._lock = Lock()
        self._latest: deque[OperatorAction] = deque(maxlen=KEPT_MAX)
        self._store = store
        self._tip: Tip | None = Tip()
        if store is not None:
            for action in checked_actions(store.read()):
                self._latest.append(action)
                self._tip = action.tip

    def note(self, caller: Caller, action: str, *, about: Mapping[str, Any], result: str) -> None:
        """Write down one action; durable when this returns, which may take the store's patience.

        Arguments:
            action: a closed word; about: what was asked, plain; result: one clause.

        Raises:
            JournalError: it was not written, or is not known to be.
        """
        with self._lock:
            done = action_after(
                self._stands_at(),
                action,
                at_ns=self._clock_ns(),
                who=caller.name,
                role=caller.role.name.lower(),
                about=about,
                result=result,
            )
            if self._store is not None:
                # Whatever becomes of this one, the next follows what the store then holds.
                self._tip = None
                self._store.append(done)
            self._tip = done.tip
            self._latest.append(done)

    def latest(self, most: int) -> list[OperatorAction]:
        """The latest actions, oldest first."""
        with self._lock:
            return list(self._latest)[-most:]

    def _stands_at(self) -> Tip:
        if self._tip is None:
            assert self._store is not None, "only a store can leave an action's fate open"
            held = self._latest[-1].number if self._latest else 0
            self._latest.extend(self._store.read(held))
            self._tip = self._latest[-1].tip if self._latest else Tip()
        return self._tip


def told_about(action: OperatorAction) -> dict[str, Any]:
    """What was asked, as it was."""
    found: dict[str, Any] = json.loads(action.about)
    return found
