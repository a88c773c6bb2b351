"""`rules.toml` to rules: every key is known by the `Setting` of its field, or refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from trimtab.adapters.files.naming import check_name, check_own_name, nearest_hint
from trimtab.adapters.files.presets import PresetSource, explained, resolve
from trimtab.adapters.files.records import record_of, table_of
from trimtab.adapters.files.rules_checks import check_rules
from trimtab.adapters.files.toml_text import read_toml
from trimtab.model import (
    AssetRules,
    AuctionRules,
    BreakerRules,
    CategoryRules,
    DeleveragingRules,
    DynamicsRules,
    FundRules,
    Kind,
    LiquidationRules,
    MarginCallRules,
    MarketKind,
    MarketRules,
    OracleRules,
    PositionLiquidationRules,
    ReplayRules,
    Rules,
)
from trimtab.model.settings import setting
from trimtab.units import WAD, DataError, RulesError

QUOTE_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Venue:
    """The section of that name, which `Rules` holds as two plain fields."""

    name: str = setting("name", Kind.TEXT, doc="name of the venue and of the case")
    quote: str = setting(
        "quote", Kind.TEXT, doc="unit of prices and values; an asset if one has that name"
    )


# Section -> record; the sections of one record each may be left out.
SECTIONS: Mapping[str, type] = MappingProxyType(
    {
        "liquidation": LiquidationRules,
        "margin_call": MarginCallRules,
        "auction": AuctionRules,
        "insurance": FundRules,
        "backstop": FundRules,
        "dynamics": DynamicsRules,
        "oracle": OracleRules,
        "breakers": BreakerRules,
        "position_liquidation": PositionLiquidationRules,
        "deleveraging": DeleveragingRules,
        "replay": ReplayRules,
    }
)
KNOWN_SECTIONS = ("venue", "assets", "categories", "markets", *SECTIONS)


@dataclass(frozen=True, slots=True)
class RulesRead:
    """The rules of a file, how a replay drives them, and the SHA-256 of what it was read with."""

    rules: Rules
    replay: ReplayRules
    inputs: Mapping[str, str]


def read_rules(path: Path, presets: PresetSource | None = None) -> tuple[Rules, ReplayRules]:
    """Return the rules of a venue and how a replay drives them; see `read_rules_file`."""
    found = read_rules_file(path, presets)
    return found.rules, found.replay


def read_rules_file(path: Path, presets: PresetSource | None = None) -> RulesRead:
    """Return what a rules file says, its preset below its own tables.

    Args:
        path: a TOML file; `docs/rules.md` lists its keys.
        presets: knows the presets that it may name.

    Raises:
        DataError: the file is missing, unreadable or not UTF-8.
        RulesError: no TOML, an unknown or missing key, a value out of range or an impossible
            combination; names the dotted key, what was found and what is expected.
    """
    document = read_toml(path)
    try:
        resolved = resolve(document, presets, folder=path.parent)
        try:
            rules, replay = _rules_of(resolved.tables)
        except RulesError as error:
            raise explained(error, resolved) from None
    except DataError as error:
        raise (error if error.where else error.located(where=path.name)) from None
    return RulesRead(rules, replay, resolved.inputs)


def rules_of_tables(tables: Mapping[str, Any]) -> Rules:
    """Return the rules that tables of a `rules.toml` say; RulesError as for a file."""
    return _rules_of(tables)[0]


def _rules_of(document: Mapping[str, Any]) -> tuple[Rules, ReplayRules]:
    _check_sections(document)
    venue = _venue(document)
    assets = _assets(document, venue.quote)
    found = {
        name: record_of(kind, table_of(document, name), section=name)
        for name, kind in SECTIONS.items()
    }
    replay = found.pop("replay")
    rules = Rules(
        venue=venue.name,
        quote=venue.quote,
        assets=MappingProxyType(assets),
        categories=MappingProxyType(_categories(document)),
        markets=MappingProxyType(_markets(document, assets)),
        **found,
    )
    check_rules(rules)
    return rules, replay


def _check_sections(document: Mapping[str, Any]) -> None:
    for name in document:
        if name not in KNOWN_SECTIONS:
            hint = nearest_hint(name, KNOWN_SECTIONS)
            raise RulesError("unknown section", column=name, hint=hint)


def _venue(document: Mapping[str, Any]) -> Venue:
    venue: Venue = record_of(Venue, table_of(document, "venue"), section="venue")
    _check_named(venue.name, "venue", key="venue.name")
    _check_named(venue.quote, "asset", key="venue.quote")
    return venue


def _assets(document: Mapping[str, Any], quote: str) -> dict[str, AssetRules]:
    sections = table_of(document, "assets")
    if not sections:
        raise RulesError("no asset is listed", column="assets", expected="[assets.<name>] tables")
    assets = {name: _asset(sections, name) for name in sections}
    listed = assets.get(quote)
    if listed is None:
        assets[quote] = AssetRules(
            name=quote,
            decimals=QUOTE_DECIMALS,
            max_ltv_wad=WAD,
            liquidation_end_wad=WAD,
            liquidation_threshold_wad=WAD,
            borrowable=False,
            price_wad=WAD,
        )
    elif listed.price_wad is None and not listed.underlying:
        assets[quote] = replace(listed, price_wad=WAD)
    return assets


def _asset(sections: Mapping[str, Any], name: str) -> AssetRules:
    section = f"assets.{name}"
    _check_named(name, "asset", key=section)
    table = table_of(sections, name, section=section)
    asset: AssetRules = record_of(AssetRules, table, section=section, name=name)
    if "liquidation_end" in table:
        return asset
    return replace(asset, liquidation_end_wad=asset.liquidation_threshold_wad)


def _categories(document: Mapping[str, Any]) -> dict[str, Any]:
    sections = table_of(document, "categories")
    found = {}
    for name in sections:
        key = f"categories.{name}"
        _check_named(name, "category", key=key)
        table = table_of(sections, name, section=key)
        found[name] = record_of(CategoryRules, table, section=key, name=name)
    return found


def _markets(document: Mapping[str, Any], assets: Mapping[str, AssetRules]) -> dict[str, Any]:
    """Markets: amounts count contracts, whose decimals may be the asset's or the quote's."""
    sections = table_of(document, "markets")
    quote = table_of(document, "venue").get("quote")
    found = {}
    for name in sections:
        key = f"markets.{name}"
        _check_named(name, "market", key=key)
        table = table_of(sections, name, section=key)
        counted = table.get("asset")
        if table.get("kind") == MarketKind.INVERSE_PERP:
            counted = quote
        asset = assets.get(counted) if isinstance(counted, str) else None
        decimals = QUOTE_DECIMALS if asset is None else asset.decimals
        found[name] = record_of(MarketRules, table, section=key, name=name, decimals=decimals)
    return found


def _check_named(name: str, what: str, *, key: str) -> None:
    check = check_name if what == "venue" else check_own_name
    try:
        check(name, what)
    except DataError as error:
        raise RulesError(
            error.what, column=key, found=error.found, expected=error.expected
        ) from None
