"""The rules in force as readers see them, and what a change of them would do."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field

from trimtab.apps.service.account_schemas import Tried
from trimtab.apps.service.actions import NAME_MAX, Decimal, Name, Request
from trimtab.apps.service.board import Reading
from trimtab.apps.service.schemas import Answer, Moment, Value
from trimtab.apps.service.setting_texts import WADS, setting_text
from trimtab.apps.service.trials import outcome_view
from trimtab.apps.service.views import when
from trimtab.apps.summaries import wad_text
from trimtab.engine import account_sums, dry_run
from trimtab.model import Kind, Rejected, RuleChange, Rules, Setting, settings_of
from trimtab.model import commands as c
from trimtab.units import WAD, DataError, div_up, parse_decimal

NAMED = ("assets", "categories", "markets")
SINGLE_SECTIONS = (
    *("liquidation", "margin_call", "auction", "insurance", "backstop", "dynamics"),
    *("oracle", "breakers", "position_liquidation", "deleveraging"),
)
UNITS = {
    Kind.RATIO: "fraction",
    Kind.FACTOR: "fraction",
    Kind.VALUE: "quote",
    Kind.PRICE: "quote per whole unit",
    Kind.AMOUNT: "whole units",
    Kind.SECONDS: "s",
    Kind.COUNT: "count",
    Kind.FLAG: "true or false",
}
CHANGES_MAX = 50


class SettingRow(Answer):
    """One setting in force. `target` is where a running ramp takes it."""

    section: str
    name: str
    key: str
    field: str
    kind: str
    unit: str | None
    value: str | None
    ramped: bool
    doc: str


class RampRow(Answer):
    """A weight on its way, linear in time."""

    section: str
    name: str
    field: str
    start: str
    target: str
    begins: Moment
    ends: Moment


class RulesView(Answer):
    """All rules of the venue; ramps at their targets, and the ramps that still run."""

    as_of: Moment
    quote: str
    settings: list[SettingRow]
    ramps: list[RampRow]


class RuleChangeRequest(Request):
    """One new value: section, name (of an asset, category or market), field and decimal text."""

    section: Name
    name: Annotated[str, Field(max_length=NAME_MAX)] = ""
    field: Name
    value: Decimal


class RulesRequest(Request):
    """A list of changes, all or none, and why."""

    changes: Annotated[list[RuleChangeRequest], Field(min_length=1, max_length=CHANGES_MAX)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class CaughtRow(Answer):
    """An account that the change would make unsafe, what it owes, and by how much it is short."""

    key: str
    debt: Value
    missing: Value


class DryRun(Answer):
    """What a change of rules would do at today's prices, its ramps over."""

    as_of: Moment
    quote: str
    result: Tried
    newly_unsafe_total: int
    debt: Value
    missing: Value
    newly_unsafe: list[CaughtRow]


def rules_view(reading: Reading) -> dict[str, Any]:
    """All settings in force, by section."""
    state, rules = reading.draft.rules_state, reading.draft.rules
    return {
        "as_of": when(reading.at_ns),
        "quote": rules.quote,
        "settings": list(_rows(rules)),
        "ramps": [
            {
                "section": ramp.section,
                "name": ramp.name,
                "field": ramp.field,
                "start": wad_text(ramp.start),
                "target": wad_text(ramp.target),
                "begins": when(ramp.start_s * 10**9),
                "ends": when(ramp.end_s * 10**9),
            }
            for ramp in state.ramps
            if ramp.end_s > reading.draft.now_s
        ],
    }


def _records(rules: Rules) -> Iterator[tuple[str, str, Any]]:
    for section in NAMED:
        for name, record in getattr(rules, section).items():
            yield section, name, record
    for section in SINGLE_SECTIONS:
        yield section, "", getattr(rules, section)


def _rows(rules: Rules) -> Iterator[dict[str, Any]]:
    for section, name, record in _records(rules):
        decimals = rules.assets[name].decimals if section == "assets" else 0
        for entry, setting in settings_of(type(record)):
            stored = getattr(record, entry.name)
            yield {
                "section": section,
                "name": name,
                "key": setting.key,
                "field": entry.name,
                "kind": str(setting.kind),
                "unit": UNITS.get(setting.kind),
                "value": setting_text(setting, stored, decimals=decimals),
                "ramped": setting.ramped,
                "doc": setting.doc,
            }


def rule_changes(request: RulesRequest, rules: Rules) -> tuple[RuleChange, ...]:
    """The changes of a request in stored integers.

    Raises:
        DataError: no such section, name or field, or a text that is no value of it.
    """
    return tuple(_change(one, rules) for one in request.changes)


def _change(asked: RuleChangeRequest, rules: Rules) -> RuleChange:
    fields = {
        (section, name, entry.name): setting
        for section, name, record in _records(rules)
        for entry, setting in settings_of(type(record))
    }
    setting = fields.get((asked.section, asked.name, asked.field))
    if setting is None:
        found = ".".join(part for part in (asked.section, asked.name, asked.field) if part)
        raise DataError("there is no such setting", found=found, expected="one of GET /v1/rules")
    decimals = rules.assets[asked.name].decimals if asked.section == "assets" else 0
    stored = _stored(setting, asked.value, decimals=decimals)
    return RuleChange(asked.section, asked.name, asked.field, stored)


def _stored(setting: Setting, text: str, *, decimals: int) -> int:
    if setting.kind is Kind.FLAG:
        if text not in ("true", "false"):
            raise DataError("no flag", column=setting.key, found=text, expected="true or false")
        return int(text == "true")
    if setting.kind in (Kind.SECONDS, Kind.COUNT):
        return parse_decimal(text, 0)
    if setting.kind is Kind.AMOUNT:
        return parse_decimal(text, decimals)
    if setting.kind is Kind.FACTOR:
        factor = parse_decimal(text, 18)
        if not 0 < factor <= WAD:
            raise DataError("out of range", column=setting.key, found=text, expected="0 to 1")
        return div_up(WAD * WAD, factor)
    if setting.kind not in WADS:
        raise DataError("this setting is fixed while a venue runs", found=setting.key)
    return parse_decimal(text, 18)


def rules_dry_run(
    reading: Reading, changes: Sequence[RuleChange], *, reason: str, limit: int = 100
) -> dict[str, Any]:
    """Who would be unsafe under changed rules, largest shortage first; nothing changes."""
    command, rules = c.SetRules(reading.at_ns, tuple(changes), reason), reading.draft.rules
    found = dry_run(reading.store, command, accounts=reading.columns.keys)
    caught = [] if isinstance(found, Rejected) else sorted(found, key=lambda one: (-one[1], one[0]))
    debts = {key: _debt_wad(reading, key) for key, _ in caught}
    result: dict[str, Any] = {"accepted": True, "reason": None, "data": {}}
    if isinstance(found, Rejected):
        result = outcome_view(found, command, rules=rules)
    return {
        "as_of": when(reading.at_ns),
        "quote": reading.draft.rules.quote,
        "result": result,
        "newly_unsafe_total": len(caught),
        "debt": wad_text(sum(debts.values())),
        "missing": wad_text(sum(missing for _, missing in caught)),
        "newly_unsafe": [
            {"key": key, "debt": wad_text(debts[key]), "missing": wad_text(missing)}
            for key, missing in caught[:limit]
        ],
    }


def _debt_wad(reading: Reading, key: str) -> int:
    sums = account_sums(reading.draft.account(key), reading.draft)
    return div_up(sums.debt, 10**36)
