"""A case as the path kernel takes it: what its columns hold, and what is refused by name."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from tests.simulation.cases import small_case, with_liquidation, with_replay
from tests.simulation.worlds import ASSETS, crash_prices, grid_of
from trimtab.kernels.clearing import KeeperTerms, oracle_terms
from trimtab.kernels.impact import without_impact
from trimtab.model import Accrual, CategoryRules, Mechanism
from trimtab.model.settings import PERCENT
from trimtab.simulation.clearing_case import clearing_book, kernel_engine, unmodeled
from trimtab.units import UsageError


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"mechanism": Mechanism.AUCTION}, "auctions"),
        ({"margin_calls": True}, "margin calls"),
        ({"backstop_after_seconds": 60}, "backstop"),
    ],
)
def test_what_the_kernel_does_not_model_is_refused_by_name(changed: Any, named: str) -> None:
    case = with_replay(small_case(), **changed)
    assert len(unmodeled(case)) == 1
    with pytest.raises(UsageError, match=named):
        clearing_book(case, step_seconds=600.0)


def test_rules_that_the_kernel_does_not_model_are_refused_by_name() -> None:
    case = small_case()
    assert unmodeled(case) == ()
    capped = with_liquidation(case, window_cap_wad=10**21)
    with pytest.raises(UsageError, match="window_cap"):
        clearing_book(capped, step_seconds=600.0)
    ether = replace(case.rules.assets["ETH"], size_factor_wad=10**15)
    sized = replace(case, rules=replace(case.rules, assets={**case.rules.assets, "ETH": ether}))
    with pytest.raises(UsageError, match="size_factor"):
        clearing_book(sized, step_seconds=600.0)


def test_a_book_has_its_accounts_and_assets_by_name() -> None:
    book = clearing_book(small_case(), step_seconds=600.0)
    assert book.assets == ("BTC", "ETH", "USD")
    assert book.accounts == ("ann", "bob", "cyd", "dee", "eve/loop", "fay")
    assert book.held[1].tolist() == [0.1, 3.0, 0.0]
    assert book.owed[2].tolist() == [0.0, 6.0, 0.0]
    assert book.pools.fund.tolist() == [0.0, 0.0, 40.0]
    assert book.debt == pytest.approx(12_000 + 5_600 + 11_100 + 1.59 + 6 * 2000)


def test_a_threshold_of_the_book_is_the_account_s_own() -> None:
    case = small_case()
    lines = [
        replace(one, threshold_wad=60 * PERCENT) if one.account == "ann" else one
        for one in case.book
        if one.account in ("ann", "bob")
    ]
    book = clearing_book(replace(case, book=tuple(lines)), step_seconds=600.0)
    ether = book.assets.index("ETH")
    weights = book.weight[book.kind, ether].tolist()
    assert weights == [0.6, 0.8]


def test_an_asset_without_a_price_is_refused_by_name() -> None:
    case = small_case()
    ticks = tuple(
        replace(t, prices=tuple(p for p in t.prices if p[0] != "BTC")) for t in case.ticks
    )
    with pytest.raises(UsageError, match="BTC has no price"):
        clearing_book(replace(case, ticks=ticks), step_seconds=600.0)
    priced = clearing_book(replace(case, ticks=ticks), step_seconds=600.0, prices={"BTC": 30_000.0})
    assert priced.prices[0] == 30_000.0


def test_the_engine_goes_to_another_process_and_gives_the_same() -> None:
    prices = crash_prices()
    engine = kernel_engine(
        small_case(),
        grid_of(prices),
        impact=without_impact(ASSETS),
        oracle=oracle_terms(ASSETS),
        keepers=KeeperTerms(failure=0.3),
        seed=11,
    )
    first = engine(prices[None], 3)
    sent = pickle.loads(pickle.dumps(engine))
    assert sent(prices[None], 3).table().tobytes() == first.table().tobytes()
    assert first.liquidated.sum() > 0.0


def test_growth_is_that_of_the_borrow_rate_at_the_start() -> None:
    case = small_case()
    usd = replace(case.rules.assets["USD"], base_rate_wad=30 * PERCENT)
    rules = replace(case.rules, assets={**case.rules.assets, "USD": usd})
    book = clearing_book(replace(case, rules=rules), step_seconds=3600.0)
    expected = (1.0 + 0.3 / (365 * 86_400)) ** 3600
    assert book.pools.growth.tolist() == pytest.approx([1.0, 1.0, expected], rel=1e-12)
    line = replace(usd, accrual=Accrual.LINEAR)
    rules = replace(case.rules, assets={**case.rules.assets, "USD": line})
    book = clearing_book(replace(case, rules=rules), step_seconds=3600.0)
    assert book.pools.growth[2] == pytest.approx(1.0 + 0.3 / 8760, rel=1e-12)


def test_the_weights_of_a_category_count_for_its_members() -> None:
    case = small_case()
    pair = CategoryRules("pair", ("BTC", "ETH"), 85 * PERCENT, 90 * PERCENT, 2 * PERCENT)
    book = tuple(replace(r, category="pair") if r.account == "cyd" else r for r in case.book)
    rules = replace(case.rules, categories={"pair": pair})
    found = clearing_book(replace(case, rules=rules, book=book), step_seconds=600.0)
    cyd, ann = found.kind[2], found.kind[0]
    assert found.weight[cyd].tolist() == [0.9, 0.9, 0.95]
    assert found.bonus[cyd].tolist() == [0.02, 0.02, 0.02]
    assert found.weight[ann].tolist() == [0.75, 0.8, 0.95]
    assert found.bonus[ann].tolist() == [0.05, 0.05, 0.02]


def test_the_pools_are_those_of_the_venue_at_the_start() -> None:
    # Suppliers outside the book keep utilization at 0.8: 28,701.59 owed, 50,000 of it supplied.
    pools = clearing_book(small_case(), step_seconds=600.0).pools
    assert pools.borrowed.tolist() == pytest.approx([0.0, 6.0, 28_701.59])
    assert pools.supplied[1] == pytest.approx(20.001)
    assert pools.cash == pytest.approx(pools.supplied - pools.borrowed)
    assert pools.backstop.tolist() == [0.0, 0.0, 20.0]
    assert not pools.mintable.any()
    assert (pools.minted == 0.0).all()
