"""A case read from Morpho's own contract on a local node is what the contract itself says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from eth_abi import decode

from tests.oracle.chain import ADMIN
from tests.oracle.imports import import_checks as checks
from tests.oracle.imports.morpho_crowd import LOAN_DECIMALS, Hall, deploy_hall, fill
from tests.oracle.imports.node_chain import MULTICALL3, NodeChain, words
from tests.oracle.imports.node_process import LocalNode, local_node
from tests.oracle.morpho_market import PARAMS
from tests.oracle.tally import Tally
from trimtab.adapters.chains import MorphoBlue
from trimtab.adapters.files import load_case
from trimtab.apps.front import health
from trimtab.model import Case
from trimtab.units import WAD

pytestmark = pytest.mark.oracle

ACCOUNTS = 210
POSITION = "position(bytes32,address)"
AGGREGATE = "aggregate3((address,bool,bytes)[])"
PRICE_MOVES = (82, 104)


@dataclass
class Read:
    """The hall, the block that was read, the case, and how long it took."""

    hall: Hall
    node: LocalNode
    block: int
    folder: Path
    case: Case
    seconds: float

    @property
    def source(self) -> MorphoBlue:
        return MorphoBlue(tuple(self.hall.venues), self.hall.morpho)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    with local_node() as node:
        chain = NodeChain(node)
        chain.put_multicall()
        hall = deploy_hall(chain)
        fill(hall, ACCOUNTS)
        for key, percent in zip(hall.venues, PRICE_MOVES, strict=True):
            hall.move_price(key, percent)
        block = chain.height
        chain.wait(86_400)
        folder = tmp_path_factory.mktemp("morpho") / "case"
        source = MorphoBlue(tuple(hall.venues), hall.morpho)
        _, seconds = checks.read(source, folder, rpc=node.url, block=block)
        yield Read(hall, node, block, folder, load_case(folder), seconds)


def accrued_totals(read: Read, key: str) -> list[int]:
    """The totals of a market as the contract itself accrues them, in one call at the block."""
    chain, venue = read.hall.chain, read.hall.venues[key]
    calls = [
        (venue.morpho, False, chain.data(f"accrueInterest({PARAMS})", venue.params)),
        (venue.morpho, False, chain.data("market(bytes32)", venue.key)),
    ]
    answer = chain.call(ADMIN, MULTICALL3, chain.data(AGGREGATE, calls), block=hex(read.block))
    (results,) = decode(["(bool,bytes)[]"], answer)
    return words(results[1][1])


def asset_of(read: Read, key: str, *, loan: bool) -> str:
    return f"{'USD' if loan else read.hall.kinds[key].symbol}-{key[:10]}"


def test_every_position_is_the_contracts_own(read: Read, tally: Tally) -> None:
    tally.begin("morpho import", first=("accounts", "positions"))
    held: dict[tuple[str, str, int], int] = {}
    for row in read.case.book:
        held[row.account, row.instrument, 1 if row.quantity > 0 else -1] = abs(row.quantity)
    expected = 0
    for key, venue in read.hall.venues.items():
        supply_assets, supply_shares, borrow_assets, borrow_shares = accrued_totals(read, key)[:4]
        calls = [(venue.morpho, POSITION, (venue.key, who)) for who in read.hall.people]
        told = read.hall.chain.read_each(calls, block=read.block)
        for who, (lent, owed, pledged) in zip(read.hall.people, told, strict=True):
            supplied = lent * (supply_assets + 1) // (supply_shares + 10**6)
            debt = -(-owed * (borrow_assets + 1) // (borrow_shares + 10**6))
            loan, collateral = (asset_of(read, key, loan=one) for one in (True, False))
            for what, chain, found in (
                ("collateral", pledged, held.get((who, collateral, 1), 0)),
                ("supply", supplied, held.get((who, loan, 1), 0)),
                ("debt", debt, held.get((who, loan, -1), 0)),
            ):
                tally.agree(what, chain=chain, twin=found, where=f"{who} {key[:10]}")
                expected += chain > 0
            tally.counts["positions"] += 1
    assert expected == len(read.case.book)
    tally.counts["accounts"] = len({row.account for row in read.case.book})
    tally.demand("accounts", 200)
    tally.demand("positions", 400)


def test_health_is_what_the_contract_decides(read: Read, tally: Tally) -> None:
    tally.begin("morpho import, health", first=("in debt", "liquidatable"))
    ours = {(one.account, one.group): one for one in health(read.case).accounts}
    largest = Fraction(0)
    for key, venue in read.hall.venues.items():
        totals, kind = accrued_totals(read, key), read.hall.kinds[key]
        price = read.hall.chain.read_each([(venue.oracle, "price()", ())], block=read.block)[0][0]
        calls = [(venue.morpho, POSITION, (venue.key, who)) for who in read.hall.people]
        told = read.hall.chain.read_each(calls, block=read.block)
        for who, (_, owed, pledged) in zip(read.hall.people, told, strict=True):
            if not owed:
                continue
            debt = -(-owed * (totals[2] + 1) // (totals[3] + 10**6))
            most = pledged * price // 10**36 * kind.lltv_percent // 100
            found = ours[who, key[:10]]
            apart = abs(Fraction(found.health_wad or 0, WAD) - Fraction(most, debt))
            largest = max(largest, apart)
            # Morpho floors the worth and the most of a debt, each to a unit of the loan.
            assert apart <= Fraction(2, debt) + Fraction(2, WAD), who
            if abs(most - debt) > 2:
                assert found.liquidatable == (most < debt), who
            tally.counts["in debt"] += 1
            tally.counts["liquidatable"] += found.liquidatable
    tally.name += f", read in {read.seconds:.2f} s, factors at most {float(largest):.1e} apart"
    tally.demand("in debt", 120)
    tally.demand("liquidatable", 10)


def test_the_rules_are_the_markets_parameters(read: Read) -> None:
    incentives = {86: 1043841336116910229, 77: 1074113856068743286}
    for key, kind in read.hall.kinds.items():
        rules = read.case.rules.assets[asset_of(read, key, loan=False)]
        loan = read.case.rules.assets[asset_of(read, key, loan=True)]
        assert rules.liquidation_threshold_wad == kind.lltv_percent * WAD // 100
        assert rules.liquidation_bonus_wad == incentives[kind.lltv_percent] - WAD
        assert loan.reserve_factor_wad == kind.fee_percent * WAD // 100
        assert loan.decimals == LOAN_DECIMALS
        totals = accrued_totals(read, key)
        listed = [row for row in read.case.book if row.instrument == loan.name]
        supplied = sum(row.quantity for row in listed if row.quantity > 0)
        assert supplied + (loan.external_supply or 0) == totals[0]


def test_one_market_alone_has_plain_names(read: Read, tmp_path: Path) -> None:
    key = next(iter(read.hall.venues))
    source = MorphoBlue((key,), read.hall.morpho)
    checks.read(source, tmp_path / "case", rpc=read.node.url, block=read.block)
    alone = load_case(tmp_path / "case")
    assert set(alone.rules.assets) == {"USD", "ETH"}
    assert alone.rules.quote == "USD"
    whole = {one.account: one for one in health(read.case).accounts if one.group == key[:10]}
    for one in health(alone).accounts:
        assert one.health_wad == whole[one.account].health_wad


def test_the_case_replays(read: Read, tmp_path: Path) -> None:
    checks.replay(read.folder, tmp_path / "replay")


def test_a_killed_read_goes_on_and_ends_the_same(read: Read, tmp_path: Path, tally: Tally) -> None:
    out = tmp_path / "case"
    markets = [word for key in read.hall.venues for word in ("--market", key)]
    words = ["import", "morpho-blue", "--rpc", read.node.url, "--morpho", read.hall.morpho]
    words += [*markets, "--block", str(read.block), "--chunk-blocks", "300", "--out", str(out)]
    kept = checks.kill_in_the_middle(words, out, lines=6)
    assert kept >= 6
    done = checks.command(*words, "--resume", "--requests-per-second", "1000000")
    assert done.returncode == 0, done.stderr
    assert checks.contents(out) == checks.contents(read.folder)
    tally.begin("morpho import, killed and resumed", first=())
    tally.counts["lines of the record when killed"] = kept
    tally.counts["bytes of the case, equal"] = sum(map(len, checks.contents(out).values()))
