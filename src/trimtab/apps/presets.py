"""The presets there are: which, what they say of themselves, and their tables for a `rules.toml`.

Here the twins' package, which holds them as data, and the adapters, which read files, are joined.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import trimtab.protocols.presets
from trimtab.adapters import files
from trimtab.adapters.files import PresetRequest, laid_over, read_toml
from trimtab.model import Case, Rules
from trimtab.protocols.presets.aave_configuration import aave_tables
from trimtab.protocols.presets.compound_configuration import compound_tables
from trimtab.units import RulesError

FOLDER = Path(trimtab.protocols.presets.__file__).parent
ABOUT = "about"
# What a configuration file brings instead of the preset.
REPLACED = ("venue", "assets", "categories")
Tables = Mapping[str, Any]

# The presets that a protocol's own configuration file can fill with assets.
CONFIGURED: Mapping[str, Callable[[Mapping[str, Any], str | None], dict[str, Any]]] = (
    MappingProxyType(
        {
            "aave-v3.0": aave_tables,
            "aave-v3.3": aave_tables,
            "aave-v3.7": partial(aave_tables, isolates=False),
            "compound-v3": compound_tables,
        }
    )
)


@dataclass(frozen=True, slots=True)
class About:
    """What a preset says of itself.

    title: one line; family: pool, isolated market or vault; twin: the module it is held against;
    values: source and date of its numbers; agrees: what engine and twin decide alike, and within
    what; cannot: what the engine's rules cannot say of the protocol.
    """

    name: str
    title: str
    family: str
    twin: str
    values: str
    agrees: tuple[str, ...]
    cannot: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset: what it says of itself, and the tables of its `rules.toml`."""

    about: About
    tables: Tables


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def presets() -> Iterator[Preset]:
    """Return all presets, in order of their names."""
    return (preset(name) for name in preset_names())


def preset(name: str) -> Preset:
    """Return a preset; RulesError for a name that is none."""
    if name not in preset_names():
        known = ", ".join(preset_names())
        raise RulesError("there is no such preset", column="preset", found=name, expected=known)
    document = read_toml(FOLDER / f"{name}.toml")
    own = {key: value for key, value in document.items() if key not in (ABOUT, "preset")}
    if "preset" in document:
        own = laid_over(preset(document["preset"]).tables, own)
    return Preset(_about(name, document[ABOUT]), own)


def preset_tables(request: PresetRequest) -> Tables:
    """Return the tables of a preset: as they lie there, or with a configuration's assets.

    A configuration brings venue and assets; how the venue acts remains the preset's.
    """
    tables = preset(request.name).tables
    if request.configuration is None:
        return tables
    if request.name not in CONFIGURED:
        raise RulesError(
            "no configuration file is read for this preset",
            column="preset.configuration",
            found=request.name,
            expected=f"one of {', '.join(CONFIGURED)}",
        )
    made = CONFIGURED[request.name](request.configuration, request.market)
    acts = {key: table for key, table in tables.items() if key not in REPLACED}
    return laid_over(made, acts)


def load_case(folder: str | Path, warn: Callable[[str], None] | None = None) -> Case:
    """Return the case of a folder, whose `rules.toml` may name a preset.

    Args:
        folder: see `trimtab.adapters.files.load_case`.
        warn: called with one line per file in which numbers were rounded.
    """
    return files.load_case(folder, warn, presets=preset_tables)


def read_rules(path: Path) -> Rules:
    """Return the rules of a file, which may name a preset."""
    return files.read_rules(path, preset_tables)[0]


def _about(name: str, table: Tables) -> About:
    return About(
        name=name,
        title=table["title"],
        family=table["family"],
        twin=table["twin"],
        values=table["values"],
        agrees=tuple(table["agrees"]),
        cannot=tuple(table["cannot"]),
    )
