"""A section of a TOML file to a record: every key is known by the `Setting` of its field."""

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from trimtab.adapters.files.naming import nearest_hint
from trimtab.adapters.files.setting_text import parse_setting
from trimtab.model import settings_of
from trimtab.units import RulesError


def table_of(outer: Mapping[str, Any], key: str, *, section: str = "") -> Mapping[str, Any]:
    """Return the table at a key, empty where there is none; RulesError where it is no table."""
    found = outer.get(key, {})
    if not isinstance(found, dict):
        raise RulesError(
            "the section is not a table",
            column=section or key,
            expected=f"a line [{section or key}] with keys below it",
        )
    return found


def record_of(
    kind: type,
    table: Mapping[str, Any],
    *,
    section: str,
    name: str | None = None,
    decimals: int | None = None,
) -> Any:
    """Return the record of one section; each key goes through the `Setting` of its field.

    Args:
        kind: the record's class; its fields with a `Setting` are the known keys.
        table: of the section.
        section: its dotted name, for messages.
        name: of the record, where it has one.
        decimals: of amounts, where the section does not say its own.

    Raises:
        RulesError: a key that is unknown or missing, or a value out of range.
    """
    fields = {entry.key: (field, entry) for field, entry in settings_of(kind)}
    for key in table:
        if key not in fields:
            hint = nearest_hint(key, fields)
            raise RulesError("unknown key", column=f"{section}.{key}", hint=hint)
    values: dict[str, Any] = {} if name is None else {"name": name}
    for key, (field, entry) in fields.items():
        if key in table:
            try:
                values[field.name] = parse_setting(
                    entry, table[key], decimals=values.get("decimals", decimals)
                )
            except RulesError as error:
                raise error.located(column=f"{section}.{key}") from None
        elif field.default is MISSING:
            raise RulesError("the key is missing", column=f"{section}.{key}", expected=entry.doc)
    return kind(**values)
