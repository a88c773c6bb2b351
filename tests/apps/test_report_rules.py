"""The rules in words: every setting that differs is one line, and every policy has its sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.simulation.cases import small_case
from trimtab.apps.report.rule_words import (
    SECTIONS,
    asset_cells,
    asset_heads,
    differences,
    fund_words,
    keeper_words,
    liquidation_words,
)
from trimtab.apps.report.shown import NO_BREAK, plain_text
from trimtab.model import (
    BonusCurve,
    Case,
    CategoryRules,
    FundRules,
    GasTick,
    Kind,
    LiquidationRules,
    Mechanism,
    ReplayRules,
    Setting,
    Sizing,
    settings_of,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

NEAR = CategoryRules("near", ("BTC",), 70 * PERCENT, 80 * PERCENT)
BASE = small_case()
CASE = replace(BASE, rules=replace(BASE.rules, categories={"near": NEAR}))
PLACES = ("replay", "assets.ETH", "categories.near", *SECTIONS)


def record_of(case: Case, section: str) -> Any:
    head, _, name = section.partition(".")
    if head == "replay":
        return case.replay
    found = getattr(case.rules, head)
    return found[name] if name else found


def with_record(case: Case, section: str, record: Any) -> Case:
    head, _, name = section.partition(".")
    if head == "replay":
        return replace(case, replay=record)
    changed = {**getattr(case.rules, head), name: record} if name else record
    return replace(case, rules=replace(case.rules, **{head: changed}))


def another(value: Any, found: Setting) -> Any:
    """A value that the setting does not have; numbers move by little, so that rounding shows."""
    if found.kind is Kind.FLAG:
        return not value
    if found.choices is not None:
        return next(choice for choice in found.choices if choice != value)
    if found.kind is Kind.TEXT:
        return f"{value}x"
    if found.kind is Kind.NAMES:
        return (*value, "ETH")
    if found.kind is Kind.FACTOR:
        return value + WAD // 1000
    return 7 if value is None else value + 1


ALL = [
    (section, entry.name, found)
    for section in PLACES
    for entry, found in settings_of(type(record_of(CASE, section)))
    # One kind of market and one of each is all that a choice of one offers.
    if found.choices is None or len(found.choices) > 1
]


@pytest.mark.parametrize(("section", "field", "found"), ALL, ids=lambda part: str(part)[:40])
def test_any_setting_that_differs_is_one_line(section: str, field: str, found: Setting) -> None:
    record = record_of(CASE, section)
    value = getattr(record, field)
    changed = with_record(CASE, section, replace(record, **{field: another(value, found)}))
    (line,) = differences([CASE, changed])
    assert line.key == f"{section}.{found.key}"
    assert line.doc == found.doc
    assert line.values[0] != line.values[1]
    assert all(line.values)
    assert (line.values[0] == "none") == (value in (None, "", ()))
    (back,) = differences([changed, CASE])
    assert back.values == line.values[::-1]


def test_a_rule_is_compared_over_all_runs() -> None:
    runs = [with_record(CASE, "insurance", FundRules(worth * WAD)) for worth in (5, 5, 7000)]
    (line,) = differences(runs)
    assert line.values == (f"5{NO_BREAK}USD", f"5{NO_BREAK}USD", f"7,000{NO_BREAK}USD")
    assert differences(runs[:2]) == []


def test_an_asset_that_only_one_run_knows_is_absent_from_the_other() -> None:
    assets = {name: one for name, one in CASE.rules.assets.items() if name != "BTC"}
    fewer = replace(CASE, rules=replace(CASE.rules, assets=assets))
    lines = differences([fewer, CASE])
    assert {line.key.split(".")[1] for line in lines} == {"BTC"}
    assert {line.values[0] for line in lines} == {"absent"}
    assert "assets.BTC.decimals" in [line.key for line in lines]


def test_what_decides_a_run_comes_before_special_procedures() -> None:
    changed = with_record(CASE, "dynamics", replace(CASE.rules.dynamics, notice_seconds=1))
    changed = with_record(changed, "liquidation", LiquidationRules(sizing=Sizing.WHOLE))
    changed = with_record(changed, "replay", ReplayRules(delay_blocks=3))
    keys = [line.key for line in differences([CASE, changed])]
    assert keys == ["replay.delay_blocks", "liquidation.sizing", "dynamics.notice"]


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({}, ("75 %", "80 %", "5 %", "–", "1")),
        ({"max_ltv_wad": 0, "liquidation_threshold_wad": 0}, ("–", "–", "5 %", "–", "1")),
        ({"borrowable": False}, ("75 %", "80 %", "5 %", "–", "not borrowable")),
        ({"mintable": True}, ("75 %", "80 %", "5 %", "–", "1, minted")),
        ({"liability_weight_wad": 2 * WAD}, ("75 %", "80 %", "5 %", "–", "0.5")),
        ({"liability_weight_wad": WAD * 10 // 9 + 1}, ("75 %", "80 %", "5 %", "–", "0.9")),
        ({"liquidation_fee_wad": 125 * 10**14}, ("75 %", "80 %", "5 %", "1.25 %", "1")),
    ],
)
def test_the_weights_of_an_asset(changes: dict[str, Any], cells: tuple[str, ...]) -> None:
    found = asset_cells(replace(CASE.rules.assets["ETH"], **changes))
    assert tuple(cell.replace("\u202f", " ") for cell in found) == cells
    assert len(found) == len(asset_heads())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["what lifts the account's health to 1.05"]),
        ({"sizing": Sizing.WHOLE}, ["takes the whole debt"]),
        (
            {"sizing": Sizing.CLOSE_FACTOR, "close_factor_wad": 25 * PERCENT},
            ["at most 25 % of a debt, and all of it below a health of 0.95"],
        ),
        (
            {"bonus_curve": BonusCurve.SHORTFALL, "minimum_bonus_wad": 2 * PERCENT},
            ["grows from 2 % at health 1 to the asset's own at health 0.9"],
        ),
        (
            {"window_cap_wad": 2 * 10**6 * WAD, "window_seconds": 5400},
            ["At most 2.00 million USD is repaid in 1.5 hours."],
        ),
    ],
)
def test_how_large_liquidations_are(changes: dict[str, Any], words: list[str]) -> None:
    told = plain_text(
        liquidation_words(with_record(CASE, "liquidation", LiquidationRules(**changes)))
    )
    assert told.startswith("A liquidation ")
    assert all(one in told for one in words), told
    assert ("bonus grows" in told) == ("bonus_curve" in changes)
    assert ("At most" in told) == ("window_cap_wad" in changes)


def keepers(**changes: Any) -> str:
    return plain_text(keeper_words(with_record(CASE, "replay", ReplayRules(**changes))))


@pytest.mark.parametrize(
    ("mechanism", "words"),
    [
        (Mechanism.BONUS, "Keepers buy collateral at the bonus"),
        (Mechanism.FLASH, "Keepers liquidate with flash loans"),
        (Mechanism.AUCTION, "Keepers bid in auctions"),
    ],
)
def test_every_mechanism_has_its_words(mechanism: Mechanism, words: str) -> None:
    told = keepers(mechanism=mechanism, auction_discount_wad=3 * PERCENT)
    assert told.startswith(f"{words}, the largest gain first.")
    assert ("at 3 % below its market price" in told) == (mechanism is Mechanism.AUCTION)


def test_only_what_limits_keepers_is_told() -> None:
    assert (
        keepers()
        == "Keepers buy collateral at the bonus, the largest gain first. Gas costs nothing."
    )
    assert "They want 5.00 USD more than gas." in keepers(min_profit_wad=5 * WAD)
    assert "have 0 USD for one price step" in keepers(capital_wad=0)
    assert "They act 1 minute after" in keepers(delay_blocks=5)
    assert "goes to the backstop after 0 seconds" in keepers(backstop_after_seconds=0)
    assert "One liquidation costs 3.50 USD of gas." in keepers(gas_cost_wad=7 * WAD // 2)


def test_a_table_of_gas_stands_before_the_flat_cost() -> None:
    gas = tuple(GasTick(at, cost * WAD) for at, cost in ((0, 9), (1, 150), (2, 20)))
    case = replace(CASE, gas=gas, replay=ReplayRules(gas_cost_wad=7 * WAD))
    told = plain_text(keeper_words(case))
    assert "One liquidation costs between 9.00 USD and 150 USD of gas." in told
    assert "7.00" not in told


def test_the_funds_start_with_what_they_have() -> None:
    assert plain_text(fund_words(CASE)) == (
        "The insurance fund starts with 40.00 USD. The backstop starts with 20.00 USD."
    )
    empty = with_record(CASE, "backstop", FundRules())
    assert plain_text(fund_words(empty)).endswith("The backstop starts empty.")
