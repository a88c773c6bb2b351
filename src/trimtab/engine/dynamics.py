"""Rule changes: within bounds, at a bounded speed, with a reason, and with a dry run."""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from trimtab.engine.draft import Draft
from trimtab.engine.margin import account_sums, is_unsafe
from trimtab.engine.perps.marks import market_state
from trimtab.engine.ramps import asset_rules_at, category_rules_at, market_rules_at, ramp_value
from trimtab.engine.refusal import Refusal, require
from trimtab.engine.scales import DAY_SECONDS, EXACT_PER_WAD
from trimtab.model import (
    SINGLE,
    EventKind,
    Kind,
    Ramp,
    Reason,
    Rejected,
    RuleChange,
    Rules,
    RulesState,
    Setting,
    Table,
    View,
    settings_of,
)
from trimtab.model.commands import SetRules
from trimtab.model.consistency import first_conflict
from trimtab.units import WAD, div_up, mul_div_up

# What a running venue may change; the quote, the assets and the bounds themselves it may not.
SECTIONS = (
    *("assets", "categories", "markets", "liquidation", "margin_call", "auction"),
    *("oracle", "breakers", "position_liquidation", "deleveraging"),
)
TEXTUAL = (Kind.NAMES, Kind.TIERS, Kind.TEXT)
NAMED = ("assets", "categories", "markets")
FIXED = (
    *("decimals", "mintable", "isolated", "underlying", "exchange_rate", "price"),
    *("external_supply", "insurance_balance", "pool_balance"),
    # What would move a requirement at once, and cannot be ramped at a speed of ratios a day, or
    # from a rate that is absent.
    *("position_margin", "skew_scale", "liquidation_end_margin"),
)


def set_rules(draft: Draft, command: SetRules) -> None:
    """Accept a list of changes, all or none.

    Weights that can make an account unsafe start to move after the notice and move at most
    `dynamics.speed` a day; everything else is in force at once. What interest is due was earned
    under the old rates, so it is booked first.
    """
    state = draft.rules_state
    for change in command.changes:
        state = _changed(state, change, now_s=draft.now_s)
        if change.section == "assets":
            draft.pool(change.name)
        if change.section == "markets":
            market_state(draft, change.name)
    # A ramp is a straight line: rules that fit one another at both its ends do so throughout.
    for rules in (state.rules, _moving(state, now_s=draft.now_s)):
        conflict = first_conflict(rules)
        require(conflict is None, Reason.RULE_OUT_OF_BOUNDS, conflict=str(conflict))
    draft.put_rules(state)
    for change in command.changes:
        draft.tell(
            EventKind.RULE,
            asset=change.name,
            quantity=change.target,
            reason=f"{change.section}.{change.field}: {command.reason}",
        )


def _moving(state: RulesState, *, now_s: int) -> Rules:
    """The rules with every weight where its ramp has it now."""
    rules = state.rules
    assets = {name: asset_rules_at(state, name, now_s=now_s) for name in rules.assets}
    categories = {
        name: category_rules_at(state, name, now_s=now_s) or category
        for name, category in rules.categories.items()
    }
    markets = {name: market_rules_at(state, name, now_s=now_s) for name in rules.markets}
    return replace(rules, assets=assets, categories=categories, markets=markets)


def _changed(state: RulesState, change: RuleChange, *, now_s: int) -> RulesState:
    record, setting = _target(state.rules, change)
    _require_bounds(state.rules, change, setting=setting)
    current = getattr(record, change.field)
    ramps = tuple(r for r in state.ramps if r.end_s > now_s)
    if setting.ramped:
        same = [r for r in ramps if _names(r) == (change.section, change.name, change.field)]
        start = ramp_value(same[0], now_s) if same else current
        ramps = tuple(r for r in ramps if r not in same)
        ramps += (_ramp(state.rules, change, start=start, now_s=now_s),)
    target: Any = change.target
    if setting.kind is Kind.FLAG:
        target = bool(change.target)
    changed = replace(record, **{change.field: target})
    return RulesState(_with(state.rules, change, record=changed), ramps)


def _names(ramp: Ramp) -> tuple[str, str, str]:
    return ramp.section, ramp.name, ramp.field


def _ramp(rules: Rules, change: RuleChange, *, start: int, now_s: int) -> Ramp:
    begin = now_s + rules.dynamics.notice_seconds
    length = mul_div_up(abs(change.target - start), DAY_SECONDS, rules.dynamics.speed_wad)
    return Ramp(
        change.section, change.name, change.field, start, change.target, begin, begin + length
    )


def _target(rules: Rules, change: RuleChange) -> tuple[Any, Setting]:
    """The record and the setting that a change names; refuses what does not exist or is fixed."""
    known = change.section in SECTIONS
    require(known, Reason.RULE_UNKNOWN, section=change.section)
    record = getattr(rules, change.section)
    if change.section in NAMED:
        require(change.name in record, Reason.RULE_UNKNOWN, name=change.name)
        record = record[change.name]
    found = {entry.name: setting for entry, setting in settings_of(type(record))}
    setting = found.get(change.field)
    numeric = setting is not None and setting.choices is None and setting.kind not in TEXTUAL
    require(numeric, Reason.RULE_UNKNOWN, field=change.field)
    assert setting is not None
    require(setting.key not in FIXED, Reason.RULE_UNKNOWN, field=change.field)
    return record, setting


def _require_bounds(rules: Rules, change: RuleChange, *, setting: Setting) -> None:
    low, high = setting.low, setting.high
    if setting.kind is Kind.FLAG:
        low, high = 0, 1
    if setting.key == "liquidation_bonus":
        high = rules.dynamics.max_bonus_wad
    if setting.key == "liquidation_threshold":
        low = rules.dynamics.min_threshold_wad
    inside = (low is None or change.target >= low) and (high is None or change.target <= high)
    require(inside, Reason.RULE_OUT_OF_BOUNDS, field=change.field, target=change.target)


def _with(rules: Rules, change: RuleChange, *, record: Any) -> Rules:
    if change.section in NAMED:
        section = dict(getattr(rules, change.section))
        section[change.name] = record
        record = section
    assert change.section in {entry.name for entry in fields(rules)}
    return replace(rules, **{change.section: record})


def dry_run(
    view: View, command: SetRules, *, accounts: Iterable[str]
) -> list[tuple[str, int]] | Rejected:
    """What a rule change would do before it is accepted; nothing changes.

    Arguments:
        accounts: keys to ask about; the cost is proportional to their number.

    Returns:
        The rejection that the command would meet, or who would be unsafe once its ramps are over,
        as `newly_unsafe` gives it.
    """
    draft = Draft(view, command.at_ns)
    try:
        set_rules(draft, command)
    except Refusal as refusal:
        return refusal.rejected
    return newly_unsafe(view, draft.rules, accounts=accounts, now_ns=command.at_ns)


def newly_unsafe(
    view: View, rules: Rules, *, accounts: Iterable[str], now_ns: int
) -> list[tuple[str, int]]:
    """Dry run: accounts that are safe now and would be unsafe under `rules` at today's prices.

    Ramps count as finished, and interest up to now runs at today's rates. Each comes with the
    value (wad, rounded up) by which it would be short of collateral: its debt at stake.
    """
    before = Draft(view, now_ns)
    after = Draft(_Under(before, rules), now_ns)
    found = []
    for key in accounts:
        account = before.account(key)
        if not account.at_risk or is_unsafe(account, account_sums(account, before)):
            continue
        sums = account_sums(account, after)
        if sums.excess_maintenance < 0:
            missing = div_up(-sums.excess_maintenance, EXACT_PER_WAD * WAD)
            found.append((key, missing))
    return found


class _Under:
    """A view in which other rules are in force."""

    def __init__(self, view: View, rules: Rules) -> None:
        self._view = view
        self._state = RulesState(rules)

    def get(self, table: Table, key: str) -> Any:
        return self._state if (table, key) == (Table.RULES, SINGLE) else self._view.get(table, key)
