"""What a replay leaves behind, step by step: events with their time, and journal records."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.model import Command, Event


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event with its time and number; checkpoints carry the state's hash."""

    at_ns: int
    seq: int
    event: Event
    state_hash: str = ""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one price step did, for the journal: enough to do it again without deciding."""

    step: int
    commands: tuple[Command, ...]
    waiting: Mapping[str, int]
    state_hash: str
