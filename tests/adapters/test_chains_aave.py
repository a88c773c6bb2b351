"""Aave v3 of the newest kind from a pool by hand; v3.0 stands in the oracle tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.adapters import aave_pool as hand
from tests.adapters.chain_fakes import HEIGHT, FakeChain, block_hash, skip_without_extra
from trimtab.adapters.chains import AaveV3, Outcome, Plan, Span, aave_reserves, read_case
from trimtab.adapters.chains.tokens import BALANCE
from trimtab.adapters.files import load_case
from trimtab.apps.front import health
from trimtab.model import Case
from trimtab.units import RAY, WAD, DataError, RulesError, ray_mul_down, ray_mul_up

skip_without_extra()

PLAN = Plan(span=Span(0, 400))


def read(chain: FakeChain, out: Path, plan: Plan = PLAN) -> Outcome:
    return read_case(chain, AaveV3(hand.POOL), out=out, plan=plan)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aave") / "case"
    read(hand.pool(), folder)
    return folder


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    return load_case(folder)


def test_balances_are_the_tokens_own(case: Case) -> None:
    found = {(row.account, row.instrument): row.quantity for row in case.book}
    # Two symbols are alike, and both addresses begin alike: the whole of each tells them apart.
    names = ["WETH", *(f"USDC-{hand.tokens_of(number)[0]}" for number in (1, 2))]
    expected = {}
    for (who, number), (supply, debt) in hand.SCALED.items():
        if supply:
            expected[who, names[number]] = ray_mul_down(supply, hand.SUPPLY_INDEX)
        if debt:
            expected[who, names[number]] = -ray_mul_up(debt, hand.DEBT_INDEX)
    assert found == expected


def test_what_is_not_pledged_weighs_nothing(case: Case) -> None:
    thresholds = {(row.account, row.instrument): row.threshold_wad for row in case.book}
    assert thresholds[hand.ANN, "WETH"] is None
    assert thresholds[hand.CAT, "WETH"] == 0
    accounts = {one.account: one for one in health(case).accounts}
    assert accounts[hand.CAT].weighted_collateral_wad == 0


def test_a_category_counts_for_whoever_chose_it(case: Case) -> None:
    (category,) = case.rules.categories.values()
    assert category.name == "2 dollars"
    assert len(category.assets) == 2
    assert category.liquidation_threshold_wad == 95 * WAD // 100
    # 1 % in all, less the members' fee of 10 % of 4.5 %
    assert category.liquidation_bonus_wad == WAD // 100 - 45 * WAD // 10_000
    categories = {row.account: row.category for row in case.book}
    assert categories == {hand.ANN: "", hand.BEN: "2 dollars", hand.CAT: ""}


def test_configurations_become_rules(case: Case) -> None:
    weth = case.rules.assets["WETH"]
    assert (weth.max_ltv_wad, weth.liquidation_threshold_wad) == (805 * 10**15, 830 * 10**15)
    assert (weth.liquidation_bonus_wad, weth.liquidation_fee_wad) == (45 * 10**15, 5 * 10**15)
    assert (weth.supply_cap, weth.borrow_cap) == (1_800_000 * WAD, 1_400_000 * WAD)
    assert (weth.kink_wad, weth.slope1_wad, weth.slope2_wad) == (
        90 * WAD // 100,
        4 * WAD // 100,
        60 * WAD // 100,
    )
    assert weth.borrowable
    frozen = case.rules.assets[f"USDC-{hand.tokens_of(2)[0]}"]
    assert not frozen.borrowable
    assert frozen.isolated
    assert frozen.debt_ceiling_wad == 500_050 * WAD // 100
    assert case.rules.liquidation.dust_debt_wad == 1_000 * WAD
    assert case.rules.liquidation.close_factor_wad == WAD // 2


def test_the_case_names_its_block(case: Case, folder: Path) -> None:
    assert case.name == f"aave-v3-7-{HEIGHT}"
    head = (folder / "rules.toml").read_text().splitlines()[:2]
    assert head == [
        f"# aave-v3 on chain 7 at block {HEIGHT}, 2023-11-14T22:13:20Z",
        f"# {block_hash(HEIGHT)}",
    ]
    source = json.loads((folder / "source.json").read_text())
    assert source["schema"] == "trimtab.source/1"
    assert source["block"]["hash"] == block_hash(HEIGHT)
    assert (source["accounts"], source["rows"]) == (3, 5)
    assert source["assets"]["WETH"]["price"] == "200012345678"


@pytest.mark.parametrize("rounds", [True, False])
def test_both_roundings_are_the_protocols(tmp_path: Path, rounds: bool) -> None:
    assert read(hand.pool(rounds=rounds), tmp_path / "case").notes == ()


def test_a_token_with_a_rule_of_its_own_is_noted(tmp_path: Path) -> None:
    chain = hand.pool()
    chain.answers(hand.tokens_of(1)[2], BALANCE, lambda who: 17 if who == hand.ANN else 0)
    outcome = read(chain, tmp_path / "case")
    assert len(outcome.notes) == 1
    assert outcome.notes[0].startswith("1 balances are not scaled balance x index")
    quantities = [row.quantity for row in load_case(tmp_path / "case").book]
    assert -17 in quantities


def test_a_category_with_a_price_of_its_own_is_noted(tmp_path: Path) -> None:
    outcome = read(hand.pool(category_price=hand.ORACLE), tmp_path / "case")
    assert outcome.notes == ("category 2 dollars has a price of its own, which a case cannot hold",)


@pytest.mark.parametrize("price", [0, None])
def test_an_asset_without_a_price_stands_at_the_least(tmp_path: Path, price: int | None) -> None:
    chain = hand.pool()
    chain.answers(hand.ORACLE, aave_reserves.PRICE, lambda _: price)
    outcome = read(chain, tmp_path / "case")
    assert len(outcome.notes) == 3
    assert {price for _, price in load_case(tmp_path / "case").ticks[0].prices} == {1}


def test_positions_older_than_the_events_are_found_by_the_bitmaps(tmp_path: Path) -> None:
    """Ann's collateral was minted before the scan begins; her debt token names her."""
    chain = hand.pool()
    plan = Plan(span=Span(501, 400))
    read(chain, tmp_path / "case", plan)
    rows = load_case(tmp_path / "case").book
    assert {row.instrument for row in rows if row.account == hand.ANN} >= {"WETH"}


def test_a_strategy_without_a_curve_gives_the_rate_of_the_block(tmp_path: Path) -> None:
    chain = hand.pool()
    for one in aave_reserves.CURVE_OF:
        chain.answers(hand.STRATEGY, one, lambda _: None)
    read(chain, tmp_path / "case")
    weth = load_case(tmp_path / "case").rules.assets["WETH"]
    assert (weth.base_rate_wad, weth.slope1_wad) == (5 * WAD // 100, 0)


def test_old_strategies_tell_their_own_curve(tmp_path: Path) -> None:
    chain = hand.pool()
    for one in aave_reserves.CURVE_OF:
        chain.answers(hand.STRATEGY, one, lambda _: None)
    for one, percent in zip(aave_reserves.CURVE_OWN, (80, 1, 5, 70), strict=True):
        chain.answers(hand.STRATEGY, one, percent * RAY // 100)
    read(chain, tmp_path / "case")
    weth = load_case(tmp_path / "case").rules.assets["WETH"]
    assert (weth.kink_wad, weth.base_rate_wad) == (80 * WAD // 100, WAD // 100)


def test_nobody_found_is_one_line(tmp_path: Path) -> None:
    chain = hand.pool()
    chain.logs = []
    with pytest.raises(DataError, match="no account was found; look from an earlier block"):
        read(chain, tmp_path / "case")


def test_a_price_unit_that_is_no_power_of_ten_is_refused(tmp_path: Path) -> None:
    chain = hand.pool()
    chain.answers(hand.ORACLE, aave_reserves.PRICE_UNIT, 3)
    with pytest.raises(DataError, match="no power of ten"):
        read(chain, tmp_path / "case")


def test_a_guard_rounded_by_the_protocol_still_loads(tmp_path: Path) -> None:
    """0.9501 x 1.0526 is above 1, and passes the protocol's half-up guard."""
    chain = hand.pool()
    words = hand.bits(ltv=9000, threshold=9501, bonus=10526, decimals=18, active=1, fee=1000)
    original = hand.reserve_words
    chain.answers(
        hand.POOL,
        aave_reserves.RESERVE,
        lambda asset: (
            (words, *original(0)[1:])
            if asset == hand.tokens_of(0)[0]
            else original(1 if asset == hand.tokens_of(1)[0] else 2)
        ),
    )
    read(chain, tmp_path / "case")
    try:
        weth = load_case(tmp_path / "case").rules.assets["WETH"]
    except RulesError as error:
        pytest.fail(str(error))
    assert weth.liquidation_bonus_wad + weth.liquidation_fee_wad < 526 * 10**14
