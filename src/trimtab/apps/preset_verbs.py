"""What the verbs of `trimtab preset` do: read, print, write."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trimtab.adapters.files import (
    PresetRequest,
    decimal_tables,
    read_configuration,
    rules_of_tables,
    rules_text,
    write_text,
)
from trimtab.adapters.files.toml_text import DecimalText
from trimtab.apps import console
from trimtab.apps.console import Format, say
from trimtab.apps.presets import About, preset, preset_tables, presets
from trimtab.units import DataError, UsageError

RULES_FILE = "rules.toml"


def run_list(form: Format) -> None:
    """`trimtab preset list`."""
    abouts = [one.about for one in presets()]
    if form is Format.JSON:
        console.print_json([asdict(about) for about in abouts])
        return
    if form is Format.PARQUET:
        raise UsageError("--format: the list prints as table, json or csv")
    columns = ("name", "family", "title", "values")
    if form is Format.CSV:
        console.print_csv({key: [getattr(about, key) for about in abouts] for key in columns})
        return
    rows = [[about.name, about.family, about.title] for about in abouts]
    console.print_table("presets", list(columns[:3]), rows=rows, left=3)
    say("trimtab preset show NAME prints one, with the source of its values and its limits")


def run_show(name: str, form: Format) -> None:
    """`trimtab preset show`."""
    if form not in (Format.TABLE, Format.JSON):
        raise UsageError("--format: a preset prints as table (its rules.toml) or json")
    found = preset(name)
    if form is Format.JSON:
        console.print_json({"about": asdict(found.about), "rules": _plain(found.tables)})
        return
    sys.stdout.write(rules_text(found.tables, list(_notes(found.about))))


def run_import(name: str, configuration: Path, *, market: str | None, out: Path | None) -> None:
    """`trimtab preset import`: to stdout, into a case folder, or to a file."""
    try:
        asked = PresetRequest(name, read_configuration(configuration), market)
        tables = decimal_tables(preset_tables(asked))
        rules_of_tables(tables)
    except DataError as error:
        # A fault in the rules is one of the configuration that they were made from.
        raise (error if error.where else error.located(where=configuration.name)) from None
    place = configuration.name if market is None else f"{configuration.name}, market {market}"
    about = preset(name).about
    notes = [f"{about.name}, assets from {place}.", *_limits(about)]
    text = rules_text(tables, notes)
    if out is None:
        sys.stdout.write(text)
        return
    path = out if out.suffix == ".toml" else out / RULES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise UsageError(f"--out {path}: there is such a file already; expected a new one")
    write_text(path, text)
    say(f"{path}: {len(tables['assets'])} assets")


def _notes(about: About) -> Iterator[str]:
    yield f"{about.title}."
    yield f"Values: {about.values}."
    yield from _limits(about)


def _limits(about: About) -> Iterator[str]:
    yield ""
    yield f"The engine against the twin ({about.twin}):"
    yield from (f"- {line}" for line in about.agrees)
    yield ""
    yield "Not said by these rules, or said otherwise:"
    yield from (f"- {line}" for line in about.cannot)


def _plain(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Tables for JSON: decimals as their text, so that none becomes a float."""
    return {
        key: _plain(entry)
        if isinstance(entry, Mapping)
        else entry.text
        if isinstance(entry, DecimalText)
        else entry
        for key, entry in tables.items()
    }
