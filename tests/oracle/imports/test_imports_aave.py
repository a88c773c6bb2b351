"""A case read from Aave v3.0's own contracts on a local node is what the node itself says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from tests.oracle.aave_market import DEBTOR, LENDER
from tests.oracle.chain import account
from tests.oracle.imports import import_checks as checks
from tests.oracle.imports.aave_crowd import (
    CATEGORY,
    MEMBERS,
    Crowd,
    deploy_market,
    enter,
    fill,
    move_prices,
)
from tests.oracle.imports.node_chain import NodeChain
from tests.oracle.imports.node_process import LocalNode, local_node
from tests.oracle.tally import Tally
from trimtab.adapters.chains import AaveV3, HttpWire, Plan, Span, read_case
from trimtab.adapters.files import load_case
from trimtab.apps.front import health
from trimtab.model import BookRow, Case
from trimtab.protocols import aave_health
from trimtab.protocols.aave_math import PERCENT
from trimtab.protocols.aave_position import Category, Holding, Position, Reserve
from trimtab.protocols.aave_versions import V3_0
from trimtab.units import RAY, UINT256_MAX, WAD, ray_mul_half_up

pytestmark = pytest.mark.oracle

ACCOUNTS = 220
BALANCE = "balanceOf(address)"
SCALED = "scaledBalanceOf(address)"
WAD_PER_PRICE = 10**10
WAD_PER_BPS = WAD // PERCENT


@dataclass
class Read:
    """The crowd, the block that was read, the case and its folder."""

    crowd: Crowd
    node: LocalNode
    people: list[str]
    block: int
    folder: Path
    case: Case
    seconds: float

    @property
    def source(self) -> AaveV3:
        return AaveV3(self.crowd.market.pool)

    @property
    def words(self) -> list[str]:
        """The command that reads the same."""
        where = ["--rpc", self.node.url, "--block", str(self.block), "--chunk-blocks", "500"]
        return ["import", "aave-v3", "--pool", self.source.pool, *where]

    def quantity(self, who: str, name: str, *, sign: int) -> int:
        return sum(
            abs(row.quantity)
            for row in self.case.book
            if (row.account, row.instrument) == (who, name) and row.quantity * sign > 0
        )


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    with local_node() as node:
        chain = NodeChain(node)
        chain.put_multicall()
        crowd = deploy_market(chain)
        people = [*fill(crowd, ACCOUNTS, seed="aave"), LENDER, DEBTOR]
        move_prices(crowd)
        block = crowd.chain.height
        # What happens later must not show.
        enter(crowd, account(90_000), Random("later"), role="borrower")
        crowd.chain.wait(86_400)
        folder = tmp_path_factory.mktemp("aave") / "case"
        _, seconds = checks.read(AaveV3(crowd.market.pool), folder, rpc=node.url, block=block)
        yield Read(crowd, node, people, block, folder, load_case(folder), seconds)


def test_every_balance_is_the_tokens_own(read: Read, tally: Tally) -> None:
    tally.begin("aave v3.0 import", first=("accounts", "balances"))
    tokens, chain = read.crowd.market.tokens, read.crowd.chain
    reserve = chain.read(read.source.pool, "getReserveData(address)", tokens["ETH18"].asset)
    stable = f"0x{reserve[9]:040x}"
    asked = [(who, name) for who in read.people for name in tokens]
    calls = []
    for who, name in asked:
        calls += [(tokens[name].supply, what, (who,)) for what in (BALANCE, SCALED)]
        calls += [(tokens[name].debt, what, (who,)) for what in (BALANCE, SCALED)]
        calls.append((stable, BALANCE, (who,)))
    told = [words[0] for words in chain.read_each(calls, block=read.block)]
    facts = json.loads((read.folder / "source.json").read_text())["assets"]
    held: dict[tuple[str, str, int], int] = {}
    for row in read.case.book:
        held[row.account, row.instrument, 1 if row.quantity > 0 else -1] = abs(row.quantity)
    for place, (who, name) in enumerate(asked):
        supply, scaled_supply, debt, scaled_debt, stable_debt = told[5 * place : 5 * place + 5]
        owed = debt + (stable_debt if name == "ETH18" else 0)
        where = f"{who} {name}"
        found = held.get((who, name, 1), 0)
        tally.agree("supply", chain=supply, twin=found, where=where)
        tally.agree("debt", chain=owed, twin=held.get((who, name, -1), 0), where=where)
        index_ray = int(facts[name]["supply_index"])
        tally.agree(
            "scaled", chain=ray_mul_half_up(scaled_supply, index_ray), twin=found, where=where
        )
        index_ray = int(facts[name]["debt_index"])
        tally.agree("scaled", chain=ray_mul_half_up(scaled_debt, index_ray), twin=debt, where=where)
        tally.counts["balances"] += 2
    tally.counts["accounts"] = len(read.people)
    listed = {row.account for row in read.case.book}
    assert listed <= set(read.people)
    tally.demand("accounts", 200)
    tally.demand("balances", 2_000)


def test_health_and_totals_are_the_pools_own(read: Read, tally: Tally) -> None:
    tally.begin("aave v3.0 import, health", first=("accounts", "in debt", "liquidatable"))
    what = "getUserAccountData(address)"
    calls = [(read.source.pool, what, (who,)) for who in read.people]
    told = dict(zip(read.people, read.crowd.chain.read_each(calls, block=read.block), strict=True))
    ours = {one.account: one for one in health(read.case).accounts}
    largest = Fraction(0)
    for who, (collateral, debt, _, threshold, ltv, factor_wad) in told.items():
        found = twin_health(read.case, who)
        tally.agree("collateral", chain=collateral, twin=found.collateral_value, where=who)
        tally.agree("debt", chain=debt, twin=found.debt_value, where=who)
        tally.agree("threshold", chain=threshold, twin=found.threshold_bps, where=who)
        tally.agree("loan-to-value", chain=ltv, twin=found.ltv_bps, where=who)
        tally.agree("health factor", chain=factor_wad, twin=found.health_wad, where=who)
        tally.counts["accounts"] += 1
        if factor_wad == UINT256_MAX:
            continue
        tally.counts["in debt"] += 1
        apart = checks.difference(ours[who], factor_wad)
        largest = max(largest, apart)
        allowed = rounding(collateral, debt, threshold=threshold)
        assert apart <= allowed, f"{who}: {float(apart)} apart, rounding explains {float(allowed)}"
        if abs(factor_wad - WAD) > factor_wad * allowed:
            assert ours[who].liquidatable == (factor_wad < WAD), who
            tally.counts["liquidatable"] += ours[who].liquidatable
    tally.name += f", read in {read.seconds:.2f} s, our factor at most {float(largest):.1e} apart"
    tally.demand("accounts", 200)
    tally.demand("in debt", 80)
    tally.demand("liquidatable", 10)


def rounding(collateral: int, debt: int, *, threshold: int) -> Fraction:
    """What v3.0 rounds away of a health factor, and we do not, as a part of it.

    The mean threshold down to a basis point; each value down to 1e-8, of at most six assets.
    """
    places = Fraction(8)
    parts = Fraction(1, threshold) if threshold else Fraction(1)
    return parts + places / max(collateral, 1) + places / max(debt, 1) + Fraction(2, WAD)


def twin_health(case: Case, who: str) -> aave_health.AccountHealth:
    """The health of an account by the twin of v3.0, from nothing but the case's own files."""
    rows = [row for row in case.book if row.account == who]
    names = {row.instrument for row in rows}
    mode = next((case.rules.categories[row.category] for row in rows if row.category), None)
    category = mode and Category(
        ltv_bps=mode.max_ltv_wad // WAD_PER_BPS,
        threshold_bps=mode.liquidation_threshold_wad // WAD_PER_BPS,
        bonus_bps=CATEGORY[3],
        collateral=frozenset(mode.assets),
    )
    holdings = {
        name: holding(case, name, [r for r in rows if r.instrument == name]) for name in names
    }
    prices = {name: price // WAD_PER_PRICE for name, price in case.ticks[0].prices}
    return aave_health.health(Position(holdings, category), prices, version=V3_0)


def holding(case: Case, name: str, rows: list[BookRow]) -> Holding:
    asset = case.rules.assets[name]
    reserve = Reserve(
        asset.decimals,
        ltv_bps=asset.max_ltv_wad // WAD_PER_BPS,
        threshold_bps=asset.liquidation_threshold_wad // WAD_PER_BPS,
        liquidity_index_ray=RAY,
        borrow_index_ray=RAY,
    )
    supplied = [row for row in rows if row.quantity > 0]
    return Holding(
        reserve,
        scaled_supply=sum(row.quantity for row in supplied),
        scaled_debt=sum(-row.quantity for row in rows if row.quantity < 0),
        as_collateral=not any(row.threshold_wad == 0 for row in supplied),
    )


def test_the_rules_are_the_reserves_configurations(read: Read) -> None:
    chain, market = read.crowd.chain, read.crowd.market
    books = f"0x{chain.read_one(market.provider, 'getPoolDataProvider()'):040x}"
    for name, tokens in market.tokens.items():
        rules = read.case.rules.assets[name]
        told = chain.read(books, "getReserveConfigurationData(address)", tokens.asset)
        decimals, ltv, threshold, bonus, factor, _, borrowable, _, active, _ = told
        borrow_cap, supply_cap = chain.read(books, "getReserveCaps(address)", tokens.asset)
        fee_bps = chain.read_one(books, "getLiquidationProtocolFee(address)", tokens.asset)
        assert rules.decimals == decimals
        assert (rules.max_ltv_wad, rules.liquidation_threshold_wad) == (
            ltv * WAD_PER_BPS,
            threshold * WAD_PER_BPS,
        )
        whole_wad = max(0, bonus - PERCENT) * WAD_PER_BPS
        assert rules.liquidation_bonus_wad + rules.liquidation_fee_wad == whole_wad
        assert rules.liquidation_fee_wad == whole_wad * fee_bps // PERCENT
        assert rules.reserve_factor_wad == factor * WAD_PER_BPS
        assert rules.borrowable == bool(borrowable and active)
        assert rules.borrow_cap == (borrow_cap * 10**decimals or None)
        assert rules.supply_cap == (supply_cap * 10**decimals or None)
    (category,) = read.case.rules.categories.values()
    assert set(category.assets) == set(MEMBERS)
    assert category.liquidation_threshold_wad == CATEGORY[2] * WAD_PER_BPS


def test_all_ways_to_read_give_the_same_case(read: Read, tmp_path: Path) -> None:
    """Events or a list, now or later: the block alone decides."""
    before = checks.contents(read.folder)
    again, _ = checks.read(read.source, tmp_path / "again", rpc=read.node.url, block=read.block)
    assert checks.contents(tmp_path / "again") == before
    assert again.accounts == len({row.account for row in read.case.book})
    assert again.rows == len(read.case.book)
    listed = tmp_path / "accounts.txt"
    listed.write_text("\n".join([*read.people, "0x" + "5f" * 20]))
    done = checks.command(
        *read.words,
        "--accounts",
        str(listed),
        "--out",
        str(tmp_path / "listed"),
        "--requests-per-second",
        "1000000",
    )
    assert done.returncode == 0, done.stderr
    assert checks.contents(tmp_path / "listed") == before


def test_the_case_replays(read: Read, tmp_path: Path) -> None:
    checks.replay(read.folder, tmp_path / "replay")


def test_a_killed_read_goes_on_and_ends_the_same(read: Read, tmp_path: Path, tally: Tally) -> None:
    out = tmp_path / "case"
    words = [*read.words, "--out", str(out)]
    kept = checks.kill_in_the_middle(words, out, lines=12)
    assert not (out / "book.csv").exists()
    refused = checks.command(*words)
    assert refused.returncode == 3
    assert "--resume" in refused.stderr
    other = checks.command(*words[:-2], "--out", str(out), "--resume", "--block", "1")
    assert "the record is of another block" in other.stderr
    assert checks.recorded(out / "import.jsonl") == kept
    done = checks.command(*words, "--resume", "--requests-per-second", "1000000")
    assert done.returncode == 0, done.stderr
    assert checks.contents(out) == checks.contents(read.folder)
    tally.begin("aave v3.0 import, killed and resumed", first=())
    tally.counts["lines of the record when killed"] = kept
    tally.counts["bytes of the case, equal"] = sum(map(len, checks.contents(out).values()))


def test_without_multicall_the_case_is_the_same(read: Read, tmp_path: Path, tally: Tally) -> None:
    plan = Plan(block=read.block, span=Span(chunk_max=500))
    requests = {}
    for hidden in (False, True):
        wire = checks.CountingWire(HttpWire(read.node.url), hides_multicall=hidden)
        read_case(wire, read.source, out=tmp_path / str(hidden), plan=plan)
        assert checks.contents(tmp_path / str(hidden)) == checks.contents(read.folder)
        requests[hidden] = wire.requests
    assert 10 * requests[False] < requests[True]
    tally.begin("aave v3.0 import", first=())
    tally.counts["requests with Multicall3"] = requests[False]
    tally.counts["requests without"] = requests[True]
