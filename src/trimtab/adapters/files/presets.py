"""The `preset` of a `rules.toml`: tables of a preset, with the file's own laid over them.

    preset = "aave-v3.7"

    [preset]                                    # the same with more to say
    name = "compound-v3"
    configuration = "configuration.json"        # the protocol's own file, beside this one
    market = "mainnet/usdc"                     # where it holds several
    assets = ["USDC", "WETH"]                   # keep these only; []: none of them

Which presets there are is the caller's to know: this module asks a `PresetSource`. Tables are laid
over one another key by key; a list or a number replaces, and a section that the preset has not is
added.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from trimtab.adapters.files.configuration_file import read_configuration
from trimtab.adapters.files.encoding import read_bytes
from trimtab.adapters.files.naming import nearest_hint
from trimtab.adapters.files.toml_text import DecimalText
from trimtab.units import RulesError

Tables = Mapping[str, Any]
KEY = "preset"
_TEXTS = ("name", "configuration", "market")
_KEYS = (*_TEXTS, "assets")


@dataclass(frozen=True, slots=True)
class PresetRequest:
    """Which preset is meant: its name, and for one made from a configuration, its file and market.

    `configuration` is the file's content, numbers exact; None: the preset as it lies there.
    """

    name: str
    configuration: Tables | None = None
    market: str | None = None


PresetSource = Callable[[PresetRequest], Tables]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Tables without a preset in them, and what they were made of.

    name: of the preset, "" without one; own: the file's tables alone; inputs: SHA-256 of what was
    read beside the file, by name.
    """

    tables: Tables
    name: str
    own: Tables
    inputs: Mapping[str, str]


def resolve(document: Tables, source: PresetSource | None, *, folder: Path) -> Resolved:
    """Return the tables of a document with its preset, if it names one, below its own.

    Args:
        document: a `rules.toml` as read.
        source: knows the presets; None: there are none.
        folder: where the file lies, for the path of a configuration.

    Raises:
        RulesError: a preset that is not known or not asked for as above; the key says where.
        DataError: a configuration file that cannot be read.
    """
    own = {key: value for key, value in document.items() if key != KEY}
    if KEY not in document:
        return Resolved(own, "", own, {})
    asked = _asked(document[KEY])
    if source is None:
        raise RulesError("no presets are at hand here", column=KEY, found=asked["name"])
    path = None if "configuration" not in asked else folder / asked["configuration"]
    inputs = {} if path is None else {path.name: _sha256(read_bytes(path))}
    configuration = None if path is None else read_configuration(path)
    tables: Tables = decimal_tables(
        source(PresetRequest(asked["name"], configuration, asked.get("market")))
    )
    if "assets" in asked:
        tables = _with_assets(tables, asked["assets"], name=asked["name"])
    text = json.dumps(tables, sort_keys=True, default=str)
    inputs |= {f"{KEY} {asked['name']}": _sha256(text.encode())}
    return Resolved(laid_over(tables, own), asked["name"], own, inputs)


def laid_over(below: Tables, above: Tables) -> dict[str, Any]:
    """Return two tables as one: where both have a table, key by key; else the one above."""
    merged = dict(below)
    for key, value in above.items():
        lower = merged.get(key)
        both = isinstance(lower, Mapping) and isinstance(value, Mapping)
        merged[key] = laid_over(lower, value) if both else value  # type: ignore[arg-type]
    return merged


def explained(error: RulesError, resolved: Resolved) -> RulesError:
    """Return a fault of the merged tables with a hint which part of it is the preset's.

    The key of the fault may be one that the reader of the file never wrote.
    """
    if not resolved.name or error.column is None:
        return error
    section, _, key = error.column.rpartition(".")
    written = _table_at(resolved.own, section)
    if key in written or error.hint is not None:
        return error
    mine = ", ".join(f"{section}.{name}" for name in list(written)[:4])
    beside = f"; this file sets {mine}" if mine else ""
    return RulesError(
        error.what,
        where=error.where,
        row=error.row,
        column=error.column,
        found=error.found,
        expected=error.expected,
        hint=f"{error.column} is from the preset {resolved.name}{beside}",
    )


def _asked(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict):
        raise RulesError("the preset is no name", column=KEY, expected='"aave-v3.7", or [preset]')
    for key, entry in value.items():
        if key not in _KEYS:
            hint = nearest_hint(key, _KEYS)
            raise RulesError("unknown key", column=f"{KEY}.{key}", hint=hint)
        if key in _TEXTS and not isinstance(entry, str):
            raise RulesError("the value has the wrong type", column=f"{KEY}.{key}", expected="text")
    if "name" not in value:
        raise RulesError("the key is missing", column=f"{KEY}.name", expected="name of a preset")
    if "market" in value and "configuration" not in value:
        raise RulesError(
            "a market is one of a configuration file",
            column=f"{KEY}.market",
            found=value["market"],
            expected="preset.configuration beside it",
        )
    return dict(value)


def _with_assets(tables: Tables, wanted: object, *, name: str) -> Tables:
    """The tables with these assets only; a category keeps its members among them, if it has any."""
    assets = tables["assets"]
    if not isinstance(wanted, Sequence) or isinstance(wanted, str):
        raise RulesError("this is no list of assets", column=f"{KEY}.assets", expected='["ETH"]')
    for asset in wanted:
        if asset not in assets:
            raise RulesError(
                f"the preset {name} has no such asset",
                column=f"{KEY}.assets",
                found=str(asset),
                hint=nearest_hint(str(asset), assets),
            )
    kept = {**tables, "assets": {asset: assets[asset] for asset in assets if asset in wanted}}
    categories = {
        category: {**table, "assets": members}
        for category, table in tables.get("categories", {}).items()
        if (members := [asset for asset in table["assets"] if asset in wanted])
    }
    if "categories" in kept:
        kept["categories"] = categories
    return kept


def _table_at(tables: Tables, section: str) -> Tables:
    """The table at a dotted path; names may hold dots themselves. Empty where there is none."""
    if not section:
        return tables
    for key, value in tables.items():
        if isinstance(value, Mapping) and (section == key or section.startswith(f"{key}.")):
            return _table_at(value, section[len(key) + 1 :])
    return {}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def decimal_tables(tables: Tables) -> dict[str, Any]:
    """Return tables with each `Decimal` as the text that `rules.toml` would hold."""
    return {
        key: decimal_tables(value) if isinstance(value, Mapping) else _decimal_text(value)
        for key, value in tables.items()
    }


def _decimal_text(value: Any) -> Any:
    return DecimalText(format(value, "f")) if isinstance(value, Decimal) else value
