"""What travels through the service: a unit of work in, a receipt out once it is durable."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from trimtab.model import Command, Event
from trimtab.model import commands as c

# After these anyone may have changed sides, so that the venue decides again.
MOVING = (c.SetPrices, c.SubmitPrice, c.SubmitMark, c.SetFunding, c.SetExchangeRate, c.SetRules)
POLICY = "@policy"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a unit of work.

    status: `done` (durable), `duplicate` (already taken, changes nothing), `held` (early: waits for
    the gap before it), `beyond` (early, dropped: send again once the gap is filled), or `failed`
    (the journal could not write; the fate of the work is not known).
    number: the journal's entry number after it. `events` are those of this work's own commands.
    refused: index of the command, the engine's reason, and the numbers that decided.
    """

    status: str
    number: int = 0
    events: tuple[Event, ...] = ()
    refused: tuple[tuple[int, str, dict[str, Any]], ...] = ()
    gap: tuple[int, int] | None = None


Reply = Callable[[Receipt], None]


@dataclass(frozen=True, slots=True)
class Work:
    """Commands that are decided together, and after which the venue decides once.

    source: who sends; number: the source's own count, None where it has none.
    at_ns: time of the work where the feed brings one (ns UTC); None is the clock's.
    decide: whether the policy looks and acts afterwards.
    gas_wad: what a liquidation costs from now on (wad of the quote); None: as before.
    skip: give up the gap of the source, and do what waited behind it; the operator's decision.
    `number` is then the last that may be given up; None is whatever is missing.
    reply: is told what became of it, on the writer's thread: it must return at once.
    """

    commands: tuple[Command, ...]
    source: str
    number: int | None = None
    at_ns: int | None = None
    decide: bool = True
    gas_wad: int | None = None
    skip: bool = False
    reply: Reply | None = None


def moves(commands: tuple[Command, ...]) -> bool:
    """Whether anyone may have changed sides after these commands."""
    return any(isinstance(command, MOVING) for command in commands)


def stamped(command: Command, at_ns: int) -> Command:
    """The command at a time; the same object where it has that time already."""
    return command if command.at_ns == at_ns else replace(command, at_ns=at_ns)
