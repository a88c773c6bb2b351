"""The numbers that decided a refusal, in the units of the API: never native units or wads.

Amounts are whole units of the asset of the command, sizes contracts of its market, values the
quote, prices quote per whole unit, times ISO 8601 UTC. Values are rounded down to 18 decimals.
"""

from collections.abc import Callable, Mapping

from trimtab.apps.service.setting_texts import setting_text
from trimtab.model import Command, Reason, Rules, contract_decimals, settings_of
from trimtab.model import commands as c
from trimtab.units import NANOSECONDS, Time, div_floor, format_decimal

AMOUNTS = (
    *("amount", "balance", "debt", "cash", "cap", "after", "repay", "needed"),
    *("paid", "required", "left", "lot"),
)
# Of these reasons `cap`, `after` and the like are values of the quote (wad).
VALUED = (Reason.DUST, Reason.DEBT_CEILING, Reason.WINDOW_CAP)
VALUES = ("least", "after", "cap", "used", "value", "ceiling")
PRICES = ("price", "limit")
SIZES = ("size", "quantity", "held", "most", "bids", "asks")
# How many digits of an exact value (1e-54) and of a weighted one (1e-72) lie below a wad.
EXACT, WEIGHTED = 36, 54


def refusal_data(
    reason: str, data: Mapping[str, int | str], *, command: Command, rules: Rules
) -> dict[str, str]:
    """What a refusal of a command says, for callers.

    Arguments:
        reason, data: of the engine's refusal; data: native units, wads, exact values, ns.
    """
    found: dict[str, str] = {}
    for name, value in data.items():
        if not isinstance(value, int):
            found[name] = str(value)
        elif name == "age_ns":
            found["age_seconds"] = format_decimal(div_floor(value, NANOSECONDS), 0)
        else:
            tell = _teller(reason, name, data=data, command=command, rules=rules)
            found[name] = tell(value)
    return found


def _teller(
    reason: str,
    name: str,
    *,
    data: Mapping[str, int | str],
    command: Command,
    rules: Rules,
) -> Callable[[int], str]:
    """How a number of that name is told; counts and levels are told as they are."""
    if reason in (Reason.INITIAL_MARGIN, Reason.HEALTHY, Reason.WITHDRAWAL_MARGIN):
        exact = "equity" in data
        return lambda value: _wad(value, EXACT if exact else WEIGHTED)
    if name == "target" and isinstance(command, c.SetRules):
        return lambda value: _target(command, rules, field=str(data["field"]), stored=value)
    if (reason in VALUED and name in VALUES) or name in PRICES or name == "initial":
        return lambda value: _wad(value, 0)
    if name in ("now", "at") and reason == Reason.TIME_BACKWARDS:
        return lambda value: Time(value).text()
    places = _places(name, command, rules=rules)
    return str if places is None else lambda value: format_decimal(value, places)


def _places(name: str, command: Command, *, rules: Rules) -> int | None:
    """Decimals of an amount or a size; None where it is neither."""
    if name in SIZES:
        market = rules.markets.get(str(getattr(command, "market", "")))
        return None if market is None else contract_decimals(rules, market)
    if name not in AMOUNTS:
        return None
    asset = rules.assets.get(_asset_of(command, name))
    return None if asset is None else asset.decimals


def _asset_of(command: Command, name: str) -> str:
    if isinstance(command, c.Liquidate):
        return command.collateral if name == "lot" else command.debt
    return str(getattr(command, "asset", ""))


def _wad(value: int, digits: int) -> str:
    return format_decimal(div_floor(value, 10**digits), 18)


def _target(command: c.SetRules, rules: Rules, *, field: str, stored: int) -> str:
    """The refused value of a setting in the setting's own unit."""
    for change in command.changes:
        if (change.field, change.target) != (field, stored):
            continue
        section = getattr(rules, change.section)
        record = section[change.name] if change.name else section
        decimals = rules.assets[change.name].decimals if change.section == "assets" else 0
        for entry, setting in settings_of(type(record)):
            if entry.name == field:
                return str(setting_text(setting, stored, decimals=decimals))
    return str(stored)
