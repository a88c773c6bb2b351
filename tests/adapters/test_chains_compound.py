"""Compound III from a transcript in the real encoding, every figure of the case by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from tests.adapters import compound_market as hand
from tests.adapters.chain_fakes import skip_without_extra
from trimtab.adapters.chains import CompoundV3, Outcome, read_case
from trimtab.adapters.chains.compound_rules import Base, Collateral, bonus_and_fee
from trimtab.adapters.chains.wire import Reply, Request, RpcError
from trimtab.adapters.files import load_case
from trimtab.apps.front import health
from trimtab.model import Case
from trimtab.units import WAD

skip_without_extra()

# Of the deployed interface, by hand: what the requests must begin with.
SELECTORS = {
    "0xc55dae63": "baseToken()",
    "0xa46fe83b": "numAssets()",
    "0xc8c7fe6b": "getAssetInfo(uint8)",
    "0x41976e09": "getPrice(address)",
    "0xdc4abafd": "userBasic(address)",
    "0x70a08231": "balanceOf(address)",
    "0x374c49b4": "borrowBalanceOf(address)",
    "0x2b92a07d": "userCollateral(address,address)",
}
DOLLAR = Fraction("0.9999")
SUPPLY_TOPIC = "0xd1cf3d156d5f8f0d50f6c122ed609cec09d35c9b9fb3fff6ea0959134dae424e"


class Replayed:
    """A wire that gives what the transcript holds, and nothing else."""

    where = "node.example"

    def __init__(self) -> None:
        lines = json.loads(hand.TRANSCRIPT.read_text())["exchange"]
        self.known = {json.dumps([one["method"], one["params"]]): one for one in lines}

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._reply(one) for one in requests]

    def _reply(self, asked: Request) -> Reply:
        line = self.known[json.dumps([asked.method, list(asked.params)])]
        if "error" in line:
            return Reply(error=RpcError(line["error"]["code"], line["error"]["message"]))
        return Reply(line["result"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compound") / "case"


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Outcome:
    return read_case(Replayed(), CompoundV3(hand.COMET), out=folder, plan=hand.PLAN)


@pytest.fixture(scope="module")
def case(outcome: Outcome, folder: Path) -> Case:
    assert outcome.rows
    return load_case(folder)


def test_the_transcript_says_what_it_is() -> None:
    assert "not recorded from a live node" in json.loads(hand.TRANSCRIPT.read_text())["what"]


def test_the_transcript_is_that_of_the_market(tmp_path: Path) -> None:
    hand.write_transcript(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == hand.TRANSCRIPT.read_text()


def test_the_requests_are_those_of_the_deployed_interface() -> None:
    lines = json.loads(hand.TRANSCRIPT.read_text())["exchange"]
    asked = {one["params"][0]["data"][:10] for one in lines if one["method"] == "eth_call"}
    assert SELECTORS.keys() <= asked
    logs = [one["params"][0] for one in lines if one["method"] == "eth_getLogs"]
    assert all(SUPPLY_TOPIC in one["topics"][0] for one in logs)
    assert [(int(one["fromBlock"], 16), int(one["toBlock"], 16)) for one in logs] == [
        (900, 959),
        (960, 1000),
    ]


def test_the_book_holds_what_the_market_says(case: Case, outcome: Outcome) -> None:
    found = {(row.account, row.instrument): row.quantity for row in case.book}
    assert found == {
        (hand.ALICE, "USDC"): -1_500_000_001,
        (hand.ALICE, "WETH"): 1_230_000_000_000_000_001,
        (hand.BOB, "USDC"): 2_500_123_456,
        (hand.CAROL, "USDC"): -40_000_000_000,
        (hand.CAROL, "WETH"): 5 * WAD,
        (hand.CAROL, "WBTC"): 160_000_000,
    }
    assert (outcome.accounts, outcome.rows, outcome.notes) == (3, 6, ())


def test_prices_carry_all_their_digits(case: Case) -> None:
    (tick,) = case.ticks
    assert dict(tick.prices) == {
        "USDC": 99_990_000 * 10**10,
        "WETH": 160_012_345_678 * 10**10,
        "WBTC": 2_345_600_000_000 * 10**10,
    }
    assert tick.at_ns == 1_700_000_000 * 10**9


def test_factors_and_caps_become_rules(case: Case) -> None:
    weth, wbtc, base = (case.rules.assets[name] for name in ("WETH", "WBTC", "USDC"))
    assert (weth.max_ltv_wad, weth.liquidation_threshold_wad) == (825 * 10**15, 895 * 10**15)
    # 1 / 0.95 - 1 in all, of which a buyer gets 0.5 x (1 - 0.95) / 0.95
    assert weth.liquidation_bonus_wad == 26315789473684210
    assert weth.liquidation_bonus_wad + weth.liquidation_fee_wad == 52631578947368421
    assert wbtc.supply_cap == 12_000 * 10**8
    assert not weth.borrowable
    assert (base.liquidation_threshold_wad, base.borrowable) == (0, True)
    assert case.rules.liquidation.dust_debt_wad == 9999 * 10**16
    # The book's debts are more than all that is supplied: somebody lent them.
    assert base.external_supply == 41_500_000_001 - 2_500_123_456
    assert wbtc.external_supply == 40_000_000


def test_rates_a_second_become_rates_a_year(case: Case) -> None:
    base = case.rules.assets["USDC"]
    # Each loses less than a second's last digit: 31,536,000 of 1e-18 a year.
    for found, meant in (
        (base.base_rate_wad, 15 * 10**15),
        (base.slope1_wad, 28 * 10**15),
        (base.slope2_wad, 50 * 10**15),
    ):
        assert 0 <= meant - found < 2 * hand.YEAR
    assert base.kink_wad == 8 * 10**17


def test_health_is_that_of_the_factors(case: Case) -> None:
    accounts = {one.account: one for one in health(case).accounts}
    weth = Fraction("1600.12345678") * Fraction("0.895")
    wbtc = Fraction(23456) * Fraction("0.77")
    alice = Fraction("1.230000000000000001") * weth / (Fraction("1500.000001") * DOLLAR)
    carol = (5 * weth + Fraction("1.6") * wbtc) / (40_000 * DOLLAR)
    assert accounts[hand.ALICE].health_wad == int(alice * WAD)
    assert accounts[hand.CAROL].health_wad == int(carol * WAD)
    assert accounts[hand.CAROL].liquidatable
    assert not accounts[hand.ALICE].liquidatable
    assert accounts[hand.BOB].health_wad is None


def test_listed_accounts_are_read_without_events(tmp_path: Path) -> None:
    chain = hand.market()
    plan = hand.Plan(accounts=(hand.ALICE, hand.DAVE))
    found = read_case(chain, CompoundV3(hand.COMET), out=tmp_path / "case", plan=plan)
    assert (found.accounts, found.rows) == (1, 2)
    assert chain.count("eth_getLogs") == 0


def test_an_asset_beyond_the_sixteenth_counts() -> None:
    from trimtab.adapters.chains.compound import _assets_in

    assert _assets_in((0, 0, 0, 0b1000_0000_0000_0001, 0b101)) == 1 | 1 << 15 | 1 << 16 | 1 << 18


@pytest.mark.parametrize("factor", [0, 500, 930, 1000])
def test_a_penalty_never_leaves_bad_debt_by_itself(factor: int) -> None:
    base = Base("USDC", "", 6, 10**8, 0, 0, 0, 0, 0, store_front_wad=WAD, least=0)
    one = Collateral(
        "X", "", 18, 1, 0, 0, liquidate_wad=WAD // 2, liquidation_wad=factor * 10**15, cap=0
    )
    bonus_wad, fee_wad = bonus_and_fee(one, base=base)
    assert bonus_wad >= 0
    assert fee_wad >= 0
    assert one.liquidate_wad * (WAD + bonus_wad + fee_wad) <= WAD * WAD
