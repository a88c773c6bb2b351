"""Rules of alerts, read from TOML, and the state of each: hysteresis, holding, reminders.

A rule watches a measure of one subject or several (an account, an asset, a source). It is raised
when the measure has been beyond its limit for `hold_seconds`, and cleared when it is back beyond
`clear`, which lies on the safe side of the limit: a measure that trembles at it raises one alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trimtab.adapters.files import read_toml
from trimtab.adapters.files.toml_text import DecimalText
from trimtab.units import DataError, RulesError

MEASURES = (
    *("account_health", "group_health", "debt_at_risk", "unsafe_debt", "cluster_near_price"),
    *("oracle_stale", "source_stuck", "feed_lost", "fund_drawdown"),
    *("breaker", "lag", "queue", "journal"),
)
SEVERITIES = ("info", "warning", "critical")
KINDS = {
    "name": str,
    "measure": str,
    "above": float,
    "below": float,
    "clear": float,
    "match": str,
    "asset": str,
    "within": float,
    "hold_seconds": float,
    "repeat_seconds": float,
    "severity": str,
    "to": list,
}


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule. `limit` is exceeded upwards where `rising`, else downwards.

    match: names of accounts, assets or sources, with * and ?; asset and within: for a cluster near
    the price, a fall of which share; to: names of senders.
    """

    name: str
    measure: str
    limit: float
    clear: float
    rising: bool
    to: tuple[str, ...]
    match: str = "*"
    asset: str = ""
    within: float = 0.05
    hold_s: float = 0.0
    repeat_s: float | None = None
    severity: str = "warning"

    def beyond(self, value: float) -> bool:
        """Whether a value is beyond the limit."""
        return value > self.limit if self.rising else value < self.limit

    def back(self, value: float) -> bool:
        """Whether a value is back on the safe side of `clear`."""
        return value <= self.clear if self.rising else value >= self.clear


@dataclass(frozen=True, slots=True)
class AlertState:
    """One rule and one subject: since when it is beyond, when it was raised, and last told (s).

    raised_ns: what names the fact while it is raised; 0 before.
    """

    beyond_s: float | None = None
    raised_s: float | None = None
    told_s: float | None = None
    raised_ns: int = 0


def stepped(
    rule: AlertRule, state: AlertState, *, value: float, now_s: float, mark_ns: int
) -> tuple[AlertState, str]:
    """The state after one look, and what to tell: raised, reminded, cleared, or nothing.

    Arguments:
        now_s: of a clock that measures how long something holds.
        mark_ns: names the fact where it is raised by this look; no two facts have one.
    """
    if state.raised_s is not None:
        if rule.back(value):
            return AlertState(), "cleared"
        told = state.told_s if state.told_s is not None else state.raised_s
        if rule.repeat_s is not None and now_s - told >= rule.repeat_s:
            return replace(state, told_s=now_s), "reminded"
        return state, ""
    if not rule.beyond(value):
        return replace(state, beyond_s=None), ""
    since = now_s if state.beyond_s is None else state.beyond_s
    if now_s - since < rule.hold_s:
        return replace(state, beyond_s=since), ""
    return AlertState(since, now_s, now_s, mark_ns), "raised"


@dataclass(frozen=True, slots=True)
class AlertFile:
    """What an alerts file says: rules, senders by name (plain tables), how often to look."""

    rules: tuple[AlertRule, ...]
    senders: Mapping[str, Mapping[str, Any]]
    every_s: float


def read_alerts(path: Path) -> AlertFile:
    """The rules of a TOML file.

    Raises:
        DataError: an unknown key, a missing one, or a value out of range, with its place.
    """
    tables = _plain(read_toml(path))
    known = {"alerts", "senders", "every_seconds"}
    unknown = sorted(tables.keys() - known)
    if unknown:
        raise _bad(path, unknown[0], what="no such key", expected=", ".join(sorted(known)))
    senders = tables.get("senders", {})
    rows = tables.get("alerts", [])
    if not isinstance(senders, dict) or not isinstance(rows, list):
        raise DataError("alerts are [[alerts]], senders [senders.NAME]", where=path.name)
    rules = tuple(_rule(path, row, place=f"alerts[{at}]") for at, row in enumerate(rows, start=1))
    names = [rule.name for rule in rules]
    for rule in rules:
        if names.count(rule.name) > 1:
            raise _bad(path, "name", what="two alerts have one name", expected=f"one {rule.name}")
        for sender in rule.to:
            if sender not in senders:
                expected = ", ".join(sorted(senders)) or "a table [senders.NAME]"
                raise _bad(path, f"{rule.name}.to", what=f"no sender {sender!r}", expected=expected)
    every = float(tables.get("every_seconds", 1.0))
    if not 0.05 <= every <= 3600:
        raise _bad(path, "every_seconds", what="out of range", expected="0.05 to 3600")
    return AlertFile(rules, senders, every)


def _plain(value: Any) -> Any:
    if isinstance(value, DecimalText):
        return float(value.text.replace("_", ""))
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _rule(path: Path, row: Any, *, place: str) -> AlertRule:
    if not isinstance(row, dict):
        raise _bad(path, place, what="no table", expected="[[alerts]]")
    for key, value in row.items():
        kind = KINDS.get(key)
        if kind is None:
            raise _bad(path, f"{place}.{key}", what="no such key", expected=", ".join(KINDS))
        number = kind is float and isinstance(value, int | float) and not isinstance(value, bool)
        if not number and not isinstance(value, kind):
            raise _bad(path, f"{place}.{key}", what="of the wrong type", expected=kind.__name__)
    for key in ("name", "measure", "to"):
        if not row.get(key):
            raise _bad(path, f"{place}.{key}", what="missing", expected="a value")
    measure = row["measure"]
    if measure not in MEASURES:
        raise _bad(path, f"{place}.measure", what=repr(measure), expected=", ".join(MEASURES))
    if ("above" in row) == ("below" in row):
        raise _bad(path, place, what="not one limit", expected="either above or below")
    rising = "above" in row
    limit = float(row["above"] if rising else row["below"])
    clear = float(row.get("clear", limit))
    if (clear > limit) if rising else (clear < limit):
        side = "at most above" if rising else "at least below"
        raise _bad(path, f"{place}.clear", what="on the wrong side", expected=side)
    severity = row.get("severity", "warning")
    if severity not in SEVERITIES:
        raise _bad(path, f"{place}.severity", what=severity, expected=", ".join(SEVERITIES))
    if measure == "cluster_near_price" and not row.get("asset"):
        raise _bad(path, f"{place}.asset", what="missing", expected="the asset of the cluster")
    return AlertRule(
        name=row["name"],
        measure=measure,
        limit=limit,
        clear=clear,
        rising=rising,
        to=tuple(row["to"]),
        match=row.get("match", "*"),
        asset=row.get("asset", ""),
        within=float(row.get("within", 0.05)),
        hold_s=float(row.get("hold_seconds", 0)),
        repeat_s=float(row["repeat_seconds"]) if "repeat_seconds" in row else None,
        severity=severity,
    )


def _bad(path: Path, key: str, *, what: str, expected: str) -> RulesError:
    return RulesError(what, where=path.name, column=key, expected=expected)
