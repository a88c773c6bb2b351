"""`stress.toml` to the settings of a stress run: what is sold where, heard how, acted on when."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from trimtab.adapters.files.naming import check_own_name, nearest_hint
from trimtab.adapters.files.records import record_of, table_of
from trimtab.adapters.files.toml_text import read_toml
from trimtab.model import (
    EVERY_ASSET,
    ChainSettings,
    HorizonSettings,
    ImpactSettings,
    KeeperSettings,
    MarketSettings,
    MarketShape,
    OracleSettings,
    StressSettings,
    VenueSettings,
    settings_of,
)
from trimtab.units import DataError, RulesError

# Amounts count whole units, in wad: a stress run sells floats.
AMOUNT_DECIMALS = 18
SINGLE: Mapping[str, type] = MappingProxyType(
    {
        "impact": ImpactSettings,
        "chain": ChainSettings,
        "keepers": KeeperSettings,
        "horizon": HorizonSettings,
    }
)
KNOWN = ("markets", "oracle", *SINGLE)
VENUE_KEYS = tuple(entry.key for _, entry in settings_of(VenueSettings))
# Keys that only markets of some kinds have; the others stand for every kind.
KEYS_OF_SHAPE: Mapping[MarketShape, tuple[str, ...]] = MappingProxyType(
    {
        MarketShape.NONE: (),
        MarketShape.LINEAR: ("fee", "coefficient", "depth", "within"),
        MarketShape.SQUARE_ROOT: (
            "fee",
            "coefficient",
            "daily_volume",
            "daily_volatility",
            "scale",
        ),
        MarketShape.CONSTANT_PRODUCT: ("fee", "base_reserve"),
        MarketShape.CONCENTRATED: ("fee", "ranges", "base_decimals", "quote_decimals"),
        MarketShape.DEPTH: ("fee", "ends"),
    }
)
# What a market of a kind needs: one of these groups of keys, all of it.
NEEDS: Mapping[MarketShape, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        MarketShape.LINEAR: (("coefficient",), ("depth",)),
        MarketShape.SQUARE_ROOT: (("coefficient",), ("daily_volume", "daily_volatility")),
        MarketShape.CONSTANT_PRODUCT: (("base_reserve",),),
        MarketShape.CONCENTRATED: (("ranges",),),
    }
)
SPANS = (("outage_from", "outage_to"), ("lie_from", "lie_to"), ("halt_from", "halt_to"))


def read_stress_file(path: Path) -> StressSettings:
    """Return what a stress file says; whatever it leaves out has its default.

    Args:
        path: a TOML file with any of the sections `markets.<asset>`, `oracle.<asset>`, `impact`,
            `chain`, `keepers`, `horizon`; the asset "*" stands for every other.

    Raises:
        DataError: the file is missing, unreadable or not UTF-8.
        RulesError: no TOML, an unknown or missing key, a value out of range, or keys that do not
            go together; names the dotted key, what was found and what is expected.
    """
    document = read_toml(path)
    try:
        return stress_of_tables(document)
    except DataError as error:
        raise (error if error.where else error.located(where=path.name)) from None


def stress_of_tables(document: Mapping[str, Any]) -> StressSettings:
    """Return the settings that the tables of a stress file say; RulesError as for a file."""
    for name in document:
        if name not in KNOWN:
            raise RulesError("unknown section", column=name, hint=nearest_hint(name, KNOWN))
    markets = _named(document, "markets")
    oracles = _named(document, "oracle")
    found: dict[str, Any] = {}
    for name, kind in SINGLE.items():
        table = table_of(document, name)
        found[name] = record_of(kind, table, section=name, decimals=AMOUNT_DECIMALS)
        _check_spans(table, section=name)
    horizon: HorizonSettings = found["horizon"]
    if horizon.step_seconds > horizon.length_seconds:
        raise RulesError(
            "a step is longer than the horizon",
            column="horizon.step",
            found=str(horizon.step_seconds),
            expected=f"at most {horizon.length_seconds}",
        )
    return StressSettings(
        MappingProxyType({name: _market(name, table) for name, table in markets.items()}),
        MappingProxyType({name: _oracle(name, table) for name, table in oracles.items()}),
        **found,
    )


def _named(document: Mapping[str, Any], section: str) -> dict[str, Mapping[str, Any]]:
    tables = table_of(document, section)
    for name in tables:
        if name == EVERY_ASSET:
            continue
        try:
            check_own_name(name, "asset")
        except DataError as error:
            raise RulesError(
                error.what, column=section, found=error.found, expected=error.expected
            ) from None
    return {name: table_of(tables, name, section=f"{section}.{name}") for name in tables}


def _market(name: str, table: Mapping[str, Any]) -> MarketSettings:
    section = f"markets.{name}"
    own = {key: value for key, value in table.items() if key in VENUE_KEYS}
    rest = {key: value for key, value in table.items() if key not in (*VENUE_KEYS, "venues")}
    market: MarketSettings = record_of(
        MarketSettings, rest, section=section, name=name, decimals=AMOUNT_DECIMALS
    )
    venues = table_of(table, "venues", section=f"{section}.venues")
    if not venues:
        return replace(market, venues=(_venue(name, own, section=section),))
    if own:
        raise RulesError(
            "the market has venues and is one itself",
            column=f"{section}.{next(iter(own))}",
            expected=f"this key below [{section}.venues.<name>]",
        )
    below = {one: f"{section}.venues.{one}" for one in venues}
    tables = {one: table_of(venues, one, section=place) for one, place in below.items()}
    made = [_venue(one, tables[one], section=place) for one, place in below.items()]
    for one in made if len(made) > 1 else ():
        if one.kind is MarketShape.NONE:
            raise RulesError(
                "a venue without impact would take everything",
                column=f"{below[one.name]}.kind",
                found="none",
                expected="a kind with a depth, or this venue alone",
            )
    return replace(market, venues=tuple(made))


def _venue(name: str, table: Mapping[str, Any], *, section: str) -> VenueSettings:
    venue: VenueSettings = record_of(
        VenueSettings, table, section=section, name=name, decimals=AMOUNT_DECIMALS
    )
    shape = venue.kind
    for key in table:
        if key != "kind" and key not in KEYS_OF_SHAPE[shape]:
            raise RulesError(
                f"a market of kind {shape} has no such key",
                column=f"{section}.{key}",
                expected=", ".join(KEYS_OF_SHAPE[shape]) or "no other key",
            )
    groups = NEEDS.get(shape, ((),))
    given = [group for group in groups if all(key in table for key in group)]
    if not given or (shape is MarketShape.CONCENTRATED and not venue.ranges):
        raise RulesError(
            f"a market of kind {shape} needs its depth",
            column=section,
            expected=", or ".join(" and ".join(group) for group in groups),
        )
    if len(given) > 1:
        raise RulesError(
            "the depth is said twice",
            column=section,
            found=" and ".join(group[0] for group in given),
            expected="one of them",
        )
    return venue


def _oracle(name: str, table: Mapping[str, Any]) -> OracleSettings:
    found: OracleSettings = record_of(OracleSettings, table, section=f"oracle.{name}", name=name)
    _check_spans(table, section=f"oracle.{name}")
    return found


def _check_spans(table: Mapping[str, Any], *, section: str) -> None:
    """What begins ends, and not before."""
    for begin, end in SPANS:
        if begin not in table and end not in table:
            continue
        if end not in table or table.get(begin, 0) > table[end]:
            raise RulesError(
                "it ends before it begins" if end in table else "it begins and never ends",
                column=f"{section}.{end}",
                found=str(table[end]) if end in table else None,
                expected=f"a time of at least {table.get(begin, 0)}",
            )
