"""Breaker levels, and the table of what each forbids.

Level 0: open. 1: no action that increases risk. 2: also no new liquidation, auction start or
reset. 3: also no auction fill. Deposits, repayments, prices, accrual and withdrawals by accounts
without debt stay allowed at every level.
"""

from dataclasses import replace

from trimtab.engine.draft import Draft, require
from trimtab.model import EventKind, Reason
from trimtab.model.commands import Pause, Resume

HIGHEST_LEVEL = 3


def require_open(draft: Draft, forbidden_from: int) -> None:
    """Refuse an action that is forbidden from some breaker level on."""
    level = draft.venue.breaker_level
    require(level < forbidden_from, Reason.PAUSED, level=level, forbidden_from=forbidden_from)


def pause(draft: Draft, command: Pause) -> None:
    """Raise the level; a pause never lowers it."""
    level = draft.venue.breaker_level
    rises = level < command.level <= HIGHEST_LEVEL
    require(rises, Reason.RULE_OUT_OF_BOUNDS, level=level, asked=command.level)
    draft.put_venue(replace(draft.venue, breaker_level=command.level))
    draft.tell(EventKind.PAUSE, quantity=command.level, reason=command.reason)


def resume(draft: Draft, command: Resume) -> None:
    """Lower the level; a resume never raises it."""
    level = draft.venue.breaker_level
    falls = 0 <= command.level < level
    require(falls, Reason.RULE_OUT_OF_BOUNDS, level=level, asked=command.level)
    draft.put_venue(replace(draft.venue, breaker_level=command.level))
    draft.tell(EventKind.RESUME, quantity=command.level, reason=command.reason)
