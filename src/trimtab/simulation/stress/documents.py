"""A stress test's answer as the document that other programs rely on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from trimtab.simulation.stress.results import StressResult

# Beyond what a reader of the document asks for: it stands in the tables.
_LEFT_OUT = frozenset({"question", "outcomes", "design", "case", "history", "model"})


def stress_document(found: StressResult) -> dict[str, Any]:
    """Return `trimtab.stress/1`."""
    from trimtab.simulation.stress.results import STRESS_SCHEMA

    case = found.question.case
    return {
        "schema": STRESS_SCHEMA,
        "venue": case.rules.venue,
        "quote": case.rules.quote,
        "question": _question(found),
        "run": plain(found.facts) | {"is_whole": found.facts.is_whole},
        "measures": plain(found.measures),
        "insolvency": plain(found.insolvency),
        "fund": plain(found.fund),
        "bearers": plain(found.bearers),
        "capacity": plain(found.capacity),
        "convergence": plain(found.convergence),
        "worst": plain(found.worst),
        "curve": None if found.curve is None else _curve(found),
        "fits": plain(found.fits),
        "inputs": dict(case.input_hashes or {}),
    }


def plain(thing: Any) -> Any:
    """Return records, arrays and numbers as JSON has them; what is not finite becomes None."""
    if isinstance(thing, Enum):
        return str(thing.value)
    if isinstance(thing, bool | str) or thing is None:
        return thing
    if isinstance(thing, np.bool_):
        return bool(thing)
    if isinstance(thing, int | np.integer):
        return int(thing)
    if isinstance(thing, float | np.floating):
        return float(thing) if math.isfinite(thing) else None
    if isinstance(thing, np.ndarray):
        return plain(thing.tolist())
    if isinstance(thing, Mapping):
        return {_key(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple | list):
        return [plain(part) for part in thing]
    if is_dataclass(thing):
        names = [entry.name for entry in fields(thing) if entry.name not in _LEFT_OUT]
        return {name: plain(getattr(thing, name)) for name in names if name != "curves"}
    return type(thing).__name__


def _key(key: object) -> str:
    return f"{key:g}" if isinstance(key, float) else str(key)


def _question(found: StressResult) -> dict[str, Any]:
    """All choices; the seed is a text, for not every reader of JSON keeps 64 bits."""
    asked: dict[str, Any] = plain(found.question)
    process = found.question.process
    given = process.model is not None
    asked["process"]["kind"] = "given" if given else plain(process.kind)
    asked["process"]["shock"] = plain(process.shock)
    return asked | {"seed": str(found.question.seed)}


def _curve(found: StressResult) -> dict[str, Any]:
    assert found.curve is not None
    points = [
        plain(point) | {"amplification": plain(point.amplification)} for point in found.curve.points
    ]
    document: dict[str, Any] = plain(found.curve)
    return document | {"points": points}
