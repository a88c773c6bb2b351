"""Morpho Blue by hand: interest to the block's time, names, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.adapters.chain_fakes import FakeChain, block_hash, skip_without_extra
from tests.adapters.morpho_markets import (
    ANN,
    BEN,
    FEES,
    MODEL,
    MORPHO,
    ONE,
    PARAMS,
    RATE_WAD,
    STORED,
    THREE,
    TWO,
    ZERO,
    chain_of_markets,
)
from trimtab.adapters.chains import MorphoBlue, Outcome, Plan, Span, morpho, read_case
from trimtab.adapters.chains.morpho_accrual import Totals, accrued, owed, supplied
from trimtab.adapters.chains.morpho_rules import incentive_wad
from trimtab.adapters.files import load_case
from trimtab.protocols import morpho as twin
from trimtab.units import WAD, YEAR_SECONDS, DataError

skip_without_extra()

PLAN = Plan(span=Span(0, 600), quote="")


def read(out: Path, *markets: str, chain: FakeChain | None = None, plan: Plan = PLAN) -> Outcome:
    return read_case(chain or chain_of_markets(), MorphoBlue(markets, MORPHO), out=out, plan=plan)


def test_debts_carry_interest_to_the_blocks_time(tmp_path: Path) -> None:
    read(tmp_path / "case", ONE)
    rows = {(r.account, r.instrument): r.quantity for r in load_case(tmp_path / "case").book}
    # By the twin of the protocol, which stands apart from this adapter.
    market = twin.Market(
        86 * WAD // 100,
        supply_assets=STORED[0],
        supply_shares=STORED[1],
        borrow_assets=STORED[2],
        borrow_shares=STORED[3],
        fee_wad=STORED[5],
    )
    later = twin.accrue(market, 86_400, rate_wad=RATE_WAD)
    position = twin.Position(borrow_shares=1_499 * 10**12)
    stood = twin.health(position, 2_000 * 10**24, market=later)
    assert rows[ANN, "USDC"] == -stood.debt_assets
    assert rows[ANN, "USDC"] < -1_499 * 10**6
    assert rows[ANN, "WETH"] == 10**18
    assert rows[BEN, "USDC"] > 1_999 * 10**6


def test_fees_are_somebodys_supply(tmp_path: Path) -> None:
    """No event of supply names who is paid in shares."""
    read(tmp_path / "case", ONE)
    accounts = {row.account for row in load_case(tmp_path / "case").book}
    assert accounts == {ANN, BEN, FEES}


def test_one_market_has_plain_names_and_its_loan_is_the_quote(tmp_path: Path) -> None:
    read(tmp_path / "case", ONE)
    case = load_case(tmp_path / "case")
    assert case.rules.quote == "USDC"
    assert set(case.rules.assets) == {"USDC", "WETH"}
    assert {row.group for row in case.book} == {""}
    weth = case.rules.assets["WETH"]
    assert weth.max_ltv_wad == weth.liquidation_threshold_wad == 86 * WAD // 100
    assert case.ticks[0].prices == (("WETH", 2_000 * WAD),)


def test_several_markets_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    read(tmp_path / "case", ONE, TWO)
    case = load_case(tmp_path / "case")
    # By as many digits as it takes; these ids differ in their last one alone.
    assert set(case.rules.assets) == {
        *(f"USDC-{key}" for key in (ONE, TWO)),
        f"WETH-{ONE}",
        f"WBTC-{TWO}",
        "USDC",
    }
    assert {row.group for row in case.book if row.account == ANN} == {ONE, TWO}
    assert dict(case.ticks[0].prices)[f"USDC-{ONE}"] == WAD


def test_rates_and_fees_become_rules(tmp_path: Path) -> None:
    read(tmp_path / "case", ONE)
    loan = load_case(tmp_path / "case").rules.assets["USDC"]
    assert loan.base_rate_wad == RATE_WAD * YEAR_SECONDS
    assert loan.reserve_factor_wad == WAD // 10
    assert loan.external_supply is not None


def test_a_market_without_a_rate_model_grows_nothing(tmp_path: Path) -> None:
    read(tmp_path / "case", TWO)
    case = load_case(tmp_path / "case")
    assert case.rules.assets["USDC"].base_rate_wad == 0
    assert {r.quantity for r in case.book if r.account == ANN} == {5, -1_000_000}


def test_a_rate_beyond_what_a_case_holds_is_noted(tmp_path: Path) -> None:
    chain = chain_of_markets()
    chain.answers(MODEL, morpho.RATE, 11 * WAD // YEAR_SECONDS)
    outcome = read(tmp_path / "case", ONE, chain=chain)
    assert outcome.notes == ("USDC: its rate is above 1000 % a year, which a case cannot hold",)
    assert load_case(tmp_path / "case").rules.assets["USDC"].base_rate_wad == 10 * WAD


@pytest.mark.parametrize(
    ("markets", "said"),
    [
        ((block_hash(77),), "there is no market of this id"),
        ((ONE, THREE), "the markets lend two assets"),
    ],
)
def test_markets_that_make_no_case_are_refused(
    tmp_path: Path, markets: tuple[str, ...], said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path / "case", *markets)
    assert str(caught.value).startswith("--market")


@pytest.mark.parametrize("hole", [1, 2])
def test_a_market_without_collateral_or_oracle_is_refused(tmp_path: Path, hole: int) -> None:
    chain = chain_of_markets()
    words = list(PARAMS[ONE])
    words[hole] = ZERO
    chain.answers(MORPHO, morpho.MARKET_PARAMS, lambda _: tuple(words))
    with pytest.raises(DataError, match="no collateral or no oracle"):
        read(tmp_path / "case", ONE, chain=chain)


def test_listed_accounts_are_read_without_events(tmp_path: Path) -> None:
    chain = chain_of_markets()
    read(tmp_path / "case", ONE, chain=chain, plan=Plan(accounts=(ANN,), quote="dollars"))
    assert chain.count("eth_getLogs") == 0
    case = load_case(tmp_path / "case")
    assert case.rules.quote == "dollars"
    assert {row.account for row in case.book} == {ANN}


@given(
    borrowed=st.integers(0, 10**30),
    spare=st.integers(0, 10**30),
    shares=st.integers(0, 10**36),
    rate_wad=st.integers(0, 10**12),
    seconds=st.integers(0, 10 * YEAR_SECONDS),
    fee_wad=st.integers(0, WAD // 4),
)
@example(
    borrowed=10**12, spare=10**12, shares=10**18, rate_wad=10**9, seconds=10**7, fee_wad=WAD // 10
)
def test_totals_grow_as_the_twin_says(
    borrowed: int, spare: int, shares: int, rate_wad: int, seconds: int, fee_wad: int
) -> None:
    totals = Totals(borrowed + spare, shares, borrowed, shares, 0, fee_wad)
    market = twin.Market(
        WAD // 2,
        supply_assets=totals.supply_assets,
        supply_shares=shares,
        borrow_assets=borrowed,
        borrow_shares=shares,
        fee_wad=fee_wad,
    )
    ours = accrued(totals, rate_wad, elapsed_s=seconds)
    theirs = twin.accrue(market, seconds, rate_wad=rate_wad)
    assert (ours.supply_assets, ours.supply_shares, ours.borrow_assets, ours.borrow_shares) == (
        theirs.supply_assets,
        theirs.supply_shares,
        theirs.borrow_assets,
        theirs.borrow_shares,
    )


def test_time_that_stands_still_changes_nothing() -> None:
    totals = Totals(*STORED)
    assert accrued(totals, RATE_WAD, elapsed_s=0) == totals


def test_shares_round_for_the_pool() -> None:
    totals = Totals(10, 3 * 10**6, 10, 3 * 10**6, 0, 0)
    assert (supplied(totals, 10**6), owed(totals, 10**6)) == (2, 3)


@pytest.mark.parametrize(
    ("lltv_percent", "incentive"),
    [(38, 115 * 10**16), (86, 1043841336116910229), (98, 1006036217303822937)],
)
def test_incentives_are_those_of_the_protocol(lltv_percent: int, incentive: int) -> None:
    assert incentive_wad(lltv_percent * WAD // 100) == incentive
