"""What may be tuned: keys of `rules.toml` with their ranges, and rules with other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from trimtab.model import AssetRules, Case, CategoryRules, Kind, Rules, Setting, Sizing, settings_of
from trimtab.model.conflicts import Conflict
from trimtab.model.consistency import first_conflict
from trimtab.units import WAD, NumberError, RulesError, UsageError, div_up, format_decimal
from trimtab.units import parse_decimal as parsed

_WAD_DECIMALS: Final = 18
_NAMED: Final = ("assets", "categories", "markets")
_END: Final = "liquidation_end_wad"
_NUMBERS: Final = frozenset(
    {Kind.RATIO, Kind.VALUE, Kind.PRICE, Kind.AMOUNT, Kind.FACTOR, Kind.COUNT, Kind.SECONDS}
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key and the values it may take: low, low + step, up to high.

    Args:
        key: as in `rules.toml`, for example "assets.ETH.liquidation_threshold".
        low, high, step: decimal texts in the unit of the key, so that a value is exact.
    """

    key: str
    low: str
    high: str
    step: str

    def __post_init__(self) -> None:
        try:
            low, high, step = (Decimal(text) for text in (self.low, self.high, self.step))
            fits = low < high and 0 < step <= high - low and high - low < Decimal("Infinity")
        except ArithmeticError:
            fits = False
        if not fits:
            raise UsageError(
                f"{self.key}: found {self.low} to {self.high} by {self.step}, expected decimal "
                "numbers, low below high, with a step that fits between"
            )

    @property
    def places(self) -> int:
        """How many values there are beyond the lowest."""
        return int((Decimal(self.high) - Decimal(self.low)) / Decimal(self.step))

    def text(self, place: int) -> str:
        """Return the value at a place from 0 to `places`, as exact text."""
        found = Decimal(self.low) + place * Decimal(self.step)
        return f"{found.normalize():f}"

    def place_of(self, text: str) -> int:
        """Return the nearest place of a value."""
        steps = (Decimal(text) - Decimal(self.low)) / Decimal(self.step)
        return max(0, min(self.places, int(steps.to_integral_value())))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a key's value is stored: section, name ("" where the section has none), field."""

    section: str
    name: str
    field: str
    setting: Setting
    decimals: int


def target_of(rules: Rules, key: str) -> Target:
    """Return where a key is stored.

    Raises:
        RulesError: no key of these rules, or none that is a number.
    """
    section, *rest = key.split(".")
    name = rest[0] if section in _NAMED and rest else ""
    record = getattr(rules, section, None)
    if section in _NAMED:
        record = record.get(name) if isinstance(record, Mapping) else None
        rest = rest[1:]
    fields = settings_of(type(record)) if is_dataclass(record) else ()
    found = {setting.key: (entry.name, setting) for entry, setting in fields}
    if len(rest) != 1 or rest[0] not in found or found[rest[0]][1].kind not in _NUMBERS:
        raise RulesError(
            "there is no such number to tune",
            column=key,
            expected="a key such as assets.ETH.liquidation_threshold, liquidation.target_health "
            "or insurance.balance",
        )
    field, setting = found[rest[0]]
    counts = setting.kind in (Kind.COUNT, Kind.SECONDS)
    decimals = 0 if counts else _WAD_DECIMALS
    if setting.kind is Kind.AMOUNT:
        decimals = rules.assets[name].decimals
    return Target(section, name, field, setting, decimals)


def value_text(rules: Rules, key: str) -> str | None:
    """Return what a key is, as decimal text; None where it is absent."""
    target = target_of(rules, key)
    stored = getattr(_record(rules, target), target.field)
    if stored is None:
        return None
    if target.setting.kind is Kind.FACTOR:
        return format_decimal(WAD * WAD // stored, _WAD_DECIMALS)
    return format_decimal(stored, target.decimals)


def stored_value(target: Target, text: str) -> int:
    """Return a value's text as the rules store it.

    Raises:
        NumberError: no number, or out of the setting's range.
    """
    found = parsed(text, target.decimals)
    if target.setting.kind is Kind.FACTOR:
        found = div_up(WAD * WAD, max(found, 1))
    low, high = target.setting.low, target.setting.high
    if (low is not None and found < low) or (high is not None and found > high):
        raise NumberError("the value is out of the key's range", found=text)
    return found


def changed_rules(rules: Rules, values: Mapping[str, str]) -> Rules:
    """Return rules with other values; a liquidation end not among them goes with its threshold.

    Raises:
        RulesError: an unknown key, or a value out of its range.
    """
    for key, text in values.items():
        target = target_of(rules, key)
        try:
            stored: Any = stored_value(target, text)
        except NumberError as error:
            raise RulesError(error.what, column=key, found=text) from None
        record = _record(rules, target)
        fields = {target.field: stored}
        moves_end = target.section == "assets" and target.field == "liquidation_threshold_wad"
        if moves_end and f"assets.{target.name}.liquidation_end" not in values:
            moved = stored - record.liquidation_threshold_wad
            fields["liquidation_end_wad"] = max(record.liquidation_end_wad + moved, 0)
        rules = _with(rules, target, record=replace(record, **fields))
    return rules


def in_order(
    rules: Rules,
    space: Sequence[Parameter],
    *,
    values: Mapping[str, str],
    buffers: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> dict[str, str]:
    """Return values whose initial weights are at most the liquidation ends that they would meet.

    A weight above is brought down to the highest value of its range that is not; so a search
    spends its trials on rules that can be. `buffers`, in wad by section and name, are left between
    an initial weight and its threshold.
    """
    found = dict(values)
    changed = changed_rules(rules, values)
    for parameter in space:
        target = target_of(changed, parameter.key)
        if target.field != "max_ltv_wad":
            continue
        record = _record(changed, target)
        level = "liquidation_threshold_wad" if target.section == "categories" else _END
        buffer = buffers.get((target.section, target.name), 0)
        highest = min(getattr(record, level), record.liquidation_threshold_wad - buffer)
        end = Decimal(highest) / WAD
        if Decimal(found[parameter.key]) > end:
            steps = (end - Decimal(parameter.low)) / Decimal(parameter.step)
            found[parameter.key] = parameter.text(max(int(steps), 0))
    return found


def conflict_of(rules: Rules) -> Conflict | None:
    """Return the first thing that makes rules impossible or unsound, None where there is none.

    Beyond what the rules file refuses: the toxic spiral. With LTV (1 + bonus + fee) >= 1 each
    liquidation of an account at its threshold leaves it worse than before. The quote, which is not
    sold for itself, is left out.
    """
    found = first_conflict(rules)
    if found is not None:
        return found
    for name, asset in rules.assets.items():
        factor = WAD + asset.liquidation_bonus_wad + asset.liquidation_fee_wad
        if name != rules.quote and asset.liquidation_threshold_wad * factor >= WAD * WAD:
            return Conflict(
                f"assets.{name}.liquidation_threshold",
                format_decimal(asset.liquidation_threshold_wad, _WAD_DECIMALS),
                "threshold x (1 + bonus + fee) below 1: above it liquidations spiral",
            )
    return None


def violations(rules: Rules) -> dict[str, float]:
    """Return by how much rules pass each bound of soundness; at most 0 where they keep it."""
    found = {}
    for name, asset in rules.assets.items():
        threshold, most = asset.liquidation_threshold_wad / WAD, asset.max_ltv_wad / WAD
        if not threshold or name == rules.quote:
            continue
        factor = 1.0 + (asset.liquidation_bonus_wad + asset.liquidation_fee_wad) / WAD
        found[f"{name}: initial at most maintenance"] = most - threshold
        found[f"{name}: no toxic spiral"] = threshold * factor - 1.0
    return found


def default_space(case: Case) -> tuple[Parameter, ...]:
    """Return what is tuned where nothing is said: what bears on the collateral of borrowers.

    Of each collateral that backs debt, and of each category that borrowers are in: its threshold
    and max_ltv by up to 0.10 either way, its bonus from 0.01 to 0.15; the target health or the
    close factor, whichever sizes liquidations.
    """
    owing = {(row.account, row.group) for row in case.book if row.quantity < 0}
    held = {
        row.instrument
        for row in case.book
        if row.quantity > 0 and (row.account, row.group) in owing
    }
    within = {row.category for row in case.book if (row.account, row.group) in owing}
    found: list[Parameter] = []
    for name, asset in case.rules.assets.items():
        if name in held and name != case.rules.quote:
            found += _weights(f"assets.{name}", asset)
    for name, category in case.rules.categories.items():
        if name in within:
            found += _weights(f"categories.{name}", category)
    if case.rules.liquidation.sizing is Sizing.TARGET_HEALTH:
        found.append(Parameter("liquidation.target_health", "1.01", "1.25", "0.01"))
    elif case.rules.liquidation.sizing is Sizing.CLOSE_FACTOR:
        found.append(Parameter("liquidation.close_factor", "0.1", "1", "0.05"))
    return tuple(found)


def require_space(rules: Rules, space: Sequence[Parameter]) -> None:
    """Raise where a space is empty, names a key twice or one that is no number of the rules."""
    keys = [parameter.key for parameter in space]
    if not keys or len(set(keys)) < len(keys):
        raise UsageError(f"tuning: expected keys, each once, found {keys}")
    for parameter in space:
        target = target_of(rules, parameter.key)
        for text in (parameter.low, parameter.text(parameter.places)):
            try:
                stored_value(target, text)
            except NumberError as error:
                raise RulesError(error.what, column=parameter.key, found=text) from None


def _weights(key: str, rules: AssetRules | CategoryRules) -> list[Parameter]:
    if not rules.liquidation_threshold_wad:
        return []
    return [
        _around(f"{key}.max_ltv", rules.max_ltv_wad),
        _around(f"{key}.liquidation_threshold", rules.liquidation_threshold_wad),
        Parameter(f"{key}.liquidation_bonus", "0.01", "0.15", "0.005"),
    ]


def _around(key: str, ratio_wad: int) -> Parameter:
    step = Decimal("0.005")
    middle = (Decimal(ratio_wad) / WAD / step).to_integral_value() * step
    low = max(step, middle - 20 * step)
    high = min(Decimal("0.98"), middle + 20 * step)
    return Parameter(key, f"{low:f}", f"{high:f}", f"{step:f}")


def _record(rules: Rules, target: Target) -> Any:
    section = getattr(rules, target.section)
    return section[target.name] if target.name else section


def _with(rules: Rules, target: Target, *, record: Any) -> Rules:
    if not target.name:
        return replace(rules, **{target.section: record})
    section: Any = {**getattr(rules, target.section), target.name: record}
    return replace(rules, **{target.section: section})
