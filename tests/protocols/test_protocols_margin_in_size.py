"""Margin as a function of size on every perpetual venue: rising and without jumps; exceptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import deribit, drift, dydx, gmx, hyperliquid, perp_v2, synthetix
from trimtab.protocols.deribit import InverseFuture
from trimtab.protocols.derive_portfolio import margin as pmrm2
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_rules import Portfolio
from trimtab.protocols.derive_portfolio_v1 import FirstPortfolio
from trimtab.protocols.derive_portfolio_v1 import margin as pmrm
from trimtab.protocols.derive_portfolio_v1_presets import DEPLOYED as FIRST
from trimtab.protocols.dydx_presets import SCRIPT_TIERS
from trimtab.protocols.exchanges_presets import brackets_presets
from trimtab.units import WAD

PRICE = 2000
MILLION = 10**6
TIERS = hyperliquid.Tiers((hyperliquid.Tier(0, 25), hyperliquid.Tier(100 * MILLION * WAD, 15)))
DRIFT = drift.PerpMarket(1_000, 500, imf_factor=50)
SNX = synthetix.Market(
    skew_scale=MILLION * WAD,
    initial_factor=2 * WAD,
    initial_ratio_min=WAD // 50,
    maintenance_scalar=WAD // 2,
    margin_min=50 * WAD,
)
BRACKETS = brackets_presets(
    {
        "ETH": [
            {"minNotional": low, "maxNotional": high, "maintenanceMarginRate": rate}
            | {"maxLeverage": leverage, "maintenanceAmount": cum, "currency": "USDT"}
            for low, high, rate, leverage, cum in (
                ("0", "50000", "0.005", "100", "0"),
                ("50000", "1000000", "0.01", "50", "250"),
                ("1000000", "90000000", "0.05", "10", "40250"),
            )
        ]
    }
)["ETH"]


def drift_margin(size: int, level: drift.Level = drift.Level.INITIAL) -> int:
    """USD in wad: notional * ratio, of thousandths of a coin."""
    ratio = drift.margin_ratio(DRIFT, size * 10**6, level=level)
    return size * WAD // 1000 * PRICE * ratio // 10_000


def snx_margin(size: int) -> int:
    held = synthetix.Position(SNX, size * WAD // 1000, PRICE * WAD, PRICE * WAD)
    return synthetix.initial_margin(held)


def perp_v2_margin(size: int) -> int:
    held = perp_v2.PerpPosition(size * WAD // 1000, 0, PRICE * WAD)
    account = perp_v2.PerpAccount(0, (held,))
    return perp_v2.health(account, perp_v2.PerpRules()).requirement_wad


def notional(size: int) -> int:
    return size * WAD // 1000 * PRICE


def dydx_margin(name: str, size: int) -> int:
    quanta = notional(size) // 10**12
    return dydx.initial_margin(SCRIPT_TIERS[name], quanta) * 10**12


def dydx_scaled(size: int) -> int:
    """The whole market's open interest is this position."""
    quanta = notional(size) // 10**12
    tier = SCRIPT_TIERS["Small-Cap"]
    return dydx.initial_margin(tier, quanta, open_interest=quanta) * 10**12


def gmx_opening(size: int) -> int:
    rules = gmx.Rules(collateral_factor=10**28, open_interest_factor=10**21)
    usd = notional(size) * 10**12
    return gmx.opening_collateral_min(usd, open_interest_usd=usd, rules=rules) // 10**12


def derive_perp(size: int) -> int:
    held = Portfolio(
        0, PRICE * WAD, WAD, WAD, perp_size_wad=size * WAD // 1000, perp_price_wad=PRICE * WAD
    )
    return -pmrm2(held, DEPLOYED).initial_wad


def first_perp(size: int) -> int:
    held = FirstPortfolio(
        0, PRICE * WAD, perp_size_wad=size * WAD // 1000, perp_price_wad=PRICE * WAD
    )
    return -pmrm(held, FIRST).initial_wad


MARGINS: dict[str, Callable[[int], int]] = {
    "dydx initial, no caps": lambda size: dydx_margin("Large-Cap", size),
    "dydx initial, own open interest": dydx_scaled,
    "drift initial": drift_margin,
    "drift maintenance": lambda size: drift_margin(size, drift.Level.MAINTENANCE),
    "hyperliquid maintenance": lambda size: TIERS.maintenance(notional(size)),
    "synthetix initial": snx_margin,
    "perp v2 maintenance": perp_v2_margin,
    "binance maintenance": lambda size: BRACKETS.maintenance().maintenance(notional(size)),
    "gmx collateral to open": gmx_opening,
    "derive pmrm2 perpetual": derive_perp,
    "derive pmrm perpetual": first_perp,
}
# How much margin one more thousandth of a coin (2 USD) may ask for: at most itself, but where the
# margin fraction of the whole rises with size.
STEEP = {"dydx initial, own open interest": 4, "synthetix initial": 4, "drift initial": 2}


@pytest.mark.parametrize("name", MARGINS)
@given(size=st.integers(1, 40_000_000))
def test_margin_rises_with_size_without_jumps(name, size):
    of = MARGINS[name]
    less, more = of(size), of(size + 1)
    most = STEEP.get(name, 1) * notional(1)
    if name.startswith("drift"):  # its ratio is cut to a basis point: steps of that much
        most += notional(size) // 10_000
    if name.startswith("dydx"):  # to a millionth
        most += notional(size) // MILLION
    assert 0 <= more - less <= most + 10**12


@pytest.mark.parametrize("name", MARGINS)
def test_a_larger_size_never_has_a_smaller_fraction(name):
    of = MARGINS[name]
    fractions = [of(size) / notional(size) for size in (10**5, 10**6, 10**7, 4 * 10**7)]
    falling = [a - b for a, b in pairwise(fractions)]
    # The 50 USD of every position weigh less on a larger one.
    assert all(fall < (1e-3 if name.startswith("synthetix") else 1e-12) for fall in falling)


def test_exception_initial_margin_at_most_leverage_jumps_at_the_bounds():
    low, high = BRACKETS.initial_wad(50_000 * WAD - 1), BRACKETS.initial_wad(50_000 * WAD)
    assert (low, high) == (500 * WAD, 1000 * WAD)
    tiers = (TIERS.initial(100 * MILLION * WAD - 1, 25), TIERS.initial(100 * MILLION * WAD, 25))
    assert tiers[1] > tiers[0] * 3 // 2


def test_exception_gmx_requires_collateral_that_no_size_explains():
    rules = gmx.Rules(collateral_factor=10**28, collateral_min_usd=10**30)
    held = {"collateral_prices": gmx.PricePair(1, 1), "prices": gmx.PricePair(10**30, 10**30)}
    dust = gmx.Position(10**20, 0, True)
    found = gmx.health(dust, 10**29, rules=rules, **held)
    assert found.reason is gmx.Reason.BELOW_MIN_COLLATERAL


def test_exception_deribit_s_dampener_makes_margin_grow_faster_than_size():
    def far_loss(coins):
        rules = replace(deribit.BTC, dampener_wad=WAD)
        found = deribit.margin([InverseFuture(-coins * WAD)], rules=rules)
        return -min(result.counted_wad for result in found.extended)

    assert far_loss(20) > 2 * far_loss(10) > 0


def test_exception_what_perp_v2_takes_jumps_at_a_hundred_dollars():
    def taken(value):
        held = perp_v2.PerpPosition(value * WAD, -value * WAD, WAD)
        account = perp_v2.PerpAccount(4 * WAD, (held,))
        return perp_v2.liquidatable_size_wad(account, 0, rules=perp_v2.PerpRules())

    assert taken(100) == 100 * WAD
    assert taken(101) == 101 * WAD // 2


@given(st.integers(1, 10**12), st.sampled_from(sorted(SCRIPT_TIERS)))
def test_open_interest_raises_initial_margin_only(amount, name):
    tier = SCRIPT_TIERS[name]
    grown = [
        dydx.initial_margin(tier, amount, open_interest=interest)
        for interest in (0, tier.open_interest_lower, tier.open_interest_upper, 10**16)
    ]
    assert grown == sorted(grown)
    if tier.open_interest_upper:
        assert grown[-1] == amount
    assert dydx.maintenance_margin(tier, amount) <= grown[0] + 1
