"""Drift v2: size-scaled weights, margins, sizing, fees, losses, oracle validity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import drift, drift_liquidation, drift_oracle
from trimtab.protocols.drift import BASE, Level, PerpMarket, PerpPosition, Quote
from trimtab.protocols.drift_liquidation import Tier
from trimtab.protocols.drift_oracle import OraclePrice, OracleRules, Use, Validity

USD = 10**6
MARKET = PerpMarket(1_000, 500, imf_factor=50)
FAST = PerpMarket(
    1_000, 500, imf_factor=50, high_leverage_initial=100, high_leverage_maintenance=50
)
sizes = st.integers(0, 10**17)
RULES = OracleRules()


def ratio(size, market=MARKET, level=Level.INITIAL, **options):
    return drift.margin_ratio(market, size, level=level, **options)


@pytest.mark.parametrize(
    ("size", "found"), [(BASE, 100), (10 * BASE, 104), (3_000 * BASE, 221), (10**6 * BASE, 1_300)]
)
def test_the_high_leverage_ratio_of_the_programs_own_test(size, found):
    assert ratio(size, FAST, high_leverage=True) == found


def test_the_fill_ratio_lies_between():
    assert ratio(0, level=Level.FILL) == 750
    assert ratio(0, level=Level.MAINTENANCE) == 500


@given(sizes, sizes)
def test_larger_is_never_cheaper(one, other):
    low, high = sorted((one, other))
    for market, fast in ((MARKET, False), (FAST, True)):
        assert ratio(low, market, high_leverage=fast) <= ratio(high, market, high_leverage=fast)
    assert drift.asset_weight(low, 9_000, imf_factor=100) >= drift.asset_weight(
        high, 9_000, imf_factor=100
    )
    assert drift.liability_weight(low, 11_000, imf_factor=100) <= drift.liability_weight(
        high, 11_000, imf_factor=100
    )


@given(sizes)
def test_high_leverage_is_never_dearer(size):
    assert ratio(size, FAST, high_leverage=True) <= ratio(size, FAST)


@given(sizes)
def test_no_factor_no_scaling(size):
    assert drift.asset_weight(size, 9_000, imf_factor=0) == 9_000
    assert drift.liability_weight(size, 11_000, imf_factor=0) == 11_000
    assert ratio(size, PerpMarket(1_000, 500)) == 1_000


def margin(position, level=Level.INITIAL, market=MARKET, **options):
    return drift.perp_margin(position, market, price=100 * USD, level=level, **options)


def test_open_orders_count_at_the_worse_side():
    assert PerpPosition(5 * BASE, bids=2 * BASE, asks=9 * BASE).base_worst == 7 * BASE
    assert PerpPosition(5 * BASE, asks=13 * BASE).base_worst == -8 * BASE
    found = margin(PerpPosition(BASE, bids=BASE, orders=2))
    assert found.value == 200 * USD
    assert found.requirement == 20 * USD + 2 * 10**4


def test_profit_does_not_buy_leverage():
    rich = PerpPosition(BASE, profit=5_000 * USD)
    assert margin(rich).profit == 100 * USD
    assert margin(rich, Level.MAINTENANCE).profit == 5_000 * USD
    assert margin(PerpPosition(BASE, profit=-5_000 * USD)).profit == -5_000 * USD


def test_profit_shrinks_with_the_markets_imbalance():
    market = PerpMarket(1_000, 500, profit_initial_weight=8_000, profit_imbalance_max=100 * USD)
    weigh = [
        drift.profit_weight(market, USD, level=Level.INITIAL, market_profit=total * USD)
        for total in (100, 200, 400)
    ]
    assert weigh == [8_000, 4_000, 2_000]
    assert drift.profit_weight(market, -USD, level=Level.INITIAL, market_profit=10**15) == 10_000


def test_the_strict_quote_price_takes_the_worse():
    strict = Quote(price=USD, mean=9 * 10**5, strict=True)
    gain = margin(PerpPosition(BASE, profit=10 * USD), quote=strict)
    assert (gain.value, gain.profit) == (100 * USD, 9 * USD)
    assert margin(PerpPosition(BASE, profit=-10 * USD), quote=strict).profit == -10 * USD


def test_the_users_own_ratio_only_raises():
    position = PerpPosition(BASE)
    assert margin(position, ratio_min=500).requirement == 10 * USD
    assert margin(position, ratio_min=2_000).requirement == 20 * USD


def test_liquidation_ends_later_than_it_starts():
    terms = {"liabilities": 1_000, "buffer_ratio": 200}
    assert not drift.being_liquidated(100, 100, was_liquidated=False, **terms)
    assert drift.being_liquidated(99, 100, was_liquidated=False, **terms)
    assert drift.being_liquidated(119, 100, was_liquidated=True, **terms)
    assert not drift.being_liquidated(120, 100, was_liquidated=True, **terms)


def base(shortage, **changed):
    terms = {"price": 100 * USD, "liquidator_fee": 10_000, "insurance_fee": 10_000, **changed}
    return drift_liquidation.base_to_cover(shortage, 1_000, **terms)


def test_nothing_covers_where_fees_eat_the_margin():
    assert base(USD, liquidator_fee=100_000) == 2**64 - 1
    assert base(USD, insurance_fee=90_000) == 2**64 - 1
    assert base(USD, price=0) == 2**64 - 1


@given(st.integers(0, 10**12))
def test_what_is_closed_frees_the_shortage_to_a_unit(shortage):
    closed = base(shortage)
    # 8 % of 100 USD a base unit are freed.
    assert 0 <= shortage - closed * 8 * USD // BASE <= 1


def spot(shortage, **changed):
    terms = {
        "price": 100 * USD,
        "decimals": 9,
        "asset_weight": 8_000,
        "liability_weight": 12_000,
        **changed,
    }
    return drift_liquidation.liability_to_cover(shortage, **terms)


def test_a_transfer_is_one_unit_at_least_and_unlimited_without_room():
    assert spot(0) == 1
    assert spot(10 * USD, asset_weight=12_000) == 2**128 - 1
    assert spot(10 * USD, insurance_fee=400_000) == 2**128 - 1
    assert spot(10 * USD, decimals=6) == 250_000
    assert spot(10 * USD, decimals=4) == 2_500


def test_the_assets_of_a_transfer():
    terms = {
        "asset_price": USD,
        "liability_price": 100 * USD,
        "asset_decimals": 6,
        "liability_decimals": 9,
        "asset_multiplier": 1_050_000,
        "liability_multiplier": 1_000_000,
    }
    got = drift_liquidation.asset_for_liability(10**9, asset_max=10**12, **terms)
    assert got == 105 * USD
    near = 105 * USD + USD - 1
    assert drift_liquidation.asset_for_liability(10**9, asset_max=near, **terms) == near


@given(st.integers(0, 10**9), st.integers(1, 10**12))
def test_the_insurance_fee_never_bankrupts(shortage, size):
    fee = drift_liquidation.insurance_fee(
        shortage, size, ratio=500, liquidator_fee=10_000, price=100 * USD, fee_max=50_000
    )
    assert 0 <= fee <= 38_000


def test_the_fee_waits_and_then_grows():
    fees = [
        drift_liquidation.liquidator_fee(20_000, 50_000, slots=n) for n in (1_499, 1_500, 10**6)
    ]
    assert fees == [20_000, 21_500, 50_000]


def test_the_share_grows_with_time():
    terms = {"freed": 0, "duration_slots": 150, "initial_share": 1_000}
    shares = [
        drift_liquidation.share_to_free(100 * USD, slots=slots, **terms) for slots in (0, 75, 150)
    ]
    assert shares == [1_000, 6_000, 10_000]
    assert drift_liquidation.share_to_free(50 * USD - 1, slots=0, **terms) == 10_000
    later = {**terms, "freed": 100 * USD}
    assert drift_liquidation.share_to_free(100 * USD, slots=75, **later) == 2_000


@given(*[st.integers(0, 10**9)] * 4)
def test_the_waterfall_loses_nothing(loss, vault, left, pool):
    found = drift_liquidation.resolve_loss(loss, vault=vault, insurance_left=left, fee_pool=pool)
    assert found.from_insurance + found.from_fee_pool + found.socialized == loss
    assert found.from_insurance <= max(vault - 1, 0)
    assert min(found.from_insurance, found.from_fee_pool, found.socialized) >= 0


@given(st.integers(0, 10**15), st.integers(1, 10**15), st.integers(0, 10**15))
def test_a_socialized_loss_is_covered(loss, long, short):
    delta = drift_liquidation.funding_delta(-loss, base_long=long, base_short=-short)
    assert delta * (long + short) >= loss * BASE * 1_000
    mirrored = drift_liquidation.funding_delta(loss, base_long=short, base_short=-long)
    assert delta == mirrored


def test_depositors_bear_a_lost_borrow():
    take = drift_liquidation.deposit_interest_delta
    assert take(1, cumulative_interest=10**10, deposits=3) == 3_333_333_334
    assert take(1, cumulative_interest=10**10, deposits=0) == 0


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, Validity.VALID),
        ({"price": 0}, Validity.NOT_POSITIVE),
        ({"mean": 19 * USD}, Validity.TOO_VOLATILE),
        ({"confidence": 2 * USD + 1}, Validity.TOO_UNCERTAIN),
        ({"delay": 121}, Validity.STALE_FOR_MARGIN),
        ({"has_publishers": False}, Validity.TOO_FEW_PUBLISHERS),
        ({"delay": 11}, Validity.STALE_FOR_AMM),
        ({"mean": USD, "delay": 500}, Validity.TOO_VOLATILE),
    ],
)
def test_the_first_thing_wrong_is_named(changed, found):
    sound = {"price": 100 * USD, "mean": 100 * USD, "confidence": 0, "delay": 0}
    oracle = OraclePrice(**{**sound, **changed})
    assert drift_oracle.validity(oracle, RULES, tier=Tier.A) is found


def test_uses_tolerate_differently():
    allowed = {use: [v for v in Validity if drift_oracle.allows(v, use)] for use in Use}
    assert Validity.STALE_FOR_MARGIN not in allowed[Use.MARGIN]
    assert Validity.STALE_FOR_MARGIN in allowed[Use.SETTLE_PROFIT]
    assert Validity.TOO_VOLATILE not in allowed[Use.TRIGGER]
    assert allowed[Use.FILL_BY_AMM] == [Validity.VALID]


def test_loose_tiers_and_stable_feeds():
    wide = OraclePrice(100 * USD, 100 * USD, confidence=20 * USD, delay=0)
    assert drift_oracle.validity(wide, RULES, tier=Tier.SPECULATIVE) is Validity.VALID
    old = OraclePrice(USD, USD, confidence=0, delay=360)
    found = drift_oracle.validity(old, OracleRules(stable_feed=True), tier=Tier.A)
    assert found is Validity.STALE_FOR_AMM
