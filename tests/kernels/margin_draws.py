"""Random portfolios for the exact twins and the same as columns, and rules carried to floats."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass

import numpy as np

from trimtab.kernels import derive_grid
from trimtab.kernels.derive_columns import CollateralRows, DeriveBook
from trimtab.kernels.option_book import OptionBook
from trimtab.protocols import derive_portfolio_rules as exact
from trimtab.protocols.deribit import DeribitOption, InverseFuture, LinearFuture
from trimtab.units import WAD

DAY = 86400
CENT = WAD // 100
FLOATS = {
    exact.VolShockRules: derive_grid.VolShocks,
    exact.SkewRules: derive_grid.SkewTilts,
    exact.MarginRules: derive_grid.MarginFactors,
    exact.BasisRules: derive_grid.BasisMoves,
    exact.ContingencyRules: derive_grid.ContingencyRates,
    exact.Scenario: derive_grid.ScenarioPoint,
    exact.PortfolioRules: derive_grid.DeriveGrid,
}


def to_floats(record):
    """An exact record of rules as its float64 namesake: wad become fractions."""
    if isinstance(record, tuple):
        return tuple(to_floats(one) for one in record)
    if not is_dataclass(record):
        return str(record)
    values = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, int):
            scale = WAD if field.name.endswith("_wad") else 1
            values[field.name.removesuffix("_wad")] = value / scale
        else:
            values[field.name] = to_floats(value)
    return FLOATS[type(record)](**values)


def offsets_of(groups):
    return np.cumsum([0, *(len(group) for group in groups)])


def wads(rows, name):
    return np.array([getattr(row, name) for row in rows], dtype=object).astype(np.float64) / WAD


def deribit_accounts(count, *, seed):
    """Accounts of up to six inverse options and a future of each kind."""
    draw = random.Random(seed)

    def option():
        forward = draw.randint(1, 100_000)
        return DeribitOption(
            amount_wad=draw.choice([-1, 1]) * draw.randint(1, 500) * CENT,
            strike_wad=max(1, round(forward * draw.choice([1, 0.9, 1.1, 0.3, 3]))) * WAD,
            forward_wad=forward * WAD,
            vol_wad=draw.randint(0, 200) * CENT,
            seconds=draw.choice([0, 60, DAY, 30 * DAY, draw.randint(1, 400 * DAY)]),
            is_call=draw.random() < 0.5,
            is_inverse=draw.random() < 0.7,
        )

    return [
        (
            [option() for _ in range(draw.randint(0, 6))],
            InverseFuture(draw.randint(-300, 300) * CENT),
            LinearFuture(draw.randint(-100, 100) * CENT, draw.randint(1, 9999) * WAD),
        )
        for _ in range(count)
    ]


def deribit_columns(accounts):
    """The options of all accounts, the coins and the linear notional of each account."""
    held = [option for options, _, _ in accounts for option in options]
    book = OptionBook(
        amount=wads(held, "amount_wad"),
        forward=wads(held, "forward_wad"),
        strike=wads(held, "strike_wad"),
        vol_annual=wads(held, "vol_wad"),
        seconds=[option.seconds for option in held],
        is_call=np.array([option.is_call for option in held], dtype=bool),
        is_inverse=np.array([option.is_inverse for option in held], dtype=bool),
        offsets=offsets_of([options for options, _, _ in accounts]),
    )
    coins = [inverse.coins_wad / WAD for _, inverse, _ in accounts]
    notional = [linear.size_wad / WAD * (linear.price_wad / WAD) for _, _, linear in accounts]
    return book, coins, notional


def derive_portfolios(count, *, seed):
    """Portfolios of up to three expiries of up to five options, with a perpetual and collateral."""
    draw = random.Random(seed)

    def option():
        return exact.OptionPosition(
            strike_wad=draw.choice([1500, 2000, 2000, 2500, draw.randint(500, 4000)]) * WAD,
            is_call=draw.random() < 0.5,
            amount_wad=draw.randint(-500, 500) * CENT,
            vol_wad=draw.randint(1, 200) * CENT,
        )

    def expiry():
        return exact.Expiry(
            seconds=draw.choice([0, 600, DAY, 30 * DAY, draw.randint(1, 400 * DAY)]),
            forward_variable_wad=draw.randint(1000, 3000) * WAD,
            forward_fixed_wad=draw.choice([0, 0, 0, 500 * WAD]),
            rate_wad=draw.randint(-20, 30) * CENT,
            confidence_wad=draw.randint(0, 100) * CENT,
            options=tuple(option() for _ in range(draw.randint(1, 5))),
        )

    def collateral():
        return exact.Collateral(
            amount_wad=draw.randint(0, 1000) * CENT,
            price_wad=draw.randint(1, 3000) * WAD,
            confidence_wad=draw.randint(0, 100) * CENT,
            cancels_risk=draw.random() < 0.5,
            initial_haircut_wad=draw.randint(0, 40) * CENT,
            maintenance_haircut_wad=draw.randint(0, 40) * CENT,
        )

    return [
        exact.Portfolio(
            cash_wad=draw.randint(-(10**4), 10**4) * WAD,
            spot_wad=2000 * WAD,
            spot_confidence_wad=draw.randint(0, 100) * CENT,
            stable_price_wad=draw.randint(90, 102) * CENT,
            perp_size_wad=draw.choice([0, 1]) * draw.randint(-300, 300) * CENT,
            perp_price_wad=2010 * WAD,
            perp_confidence_wad=draw.randint(0, 100) * CENT,
            perp_cash_wad=draw.randint(-100, 100) * WAD,
            collaterals=tuple(collateral() for _ in range(draw.randint(0, 2))),
            expiries=tuple(expiry() for _ in range(draw.randint(0, 3))),
        )
        for _ in range(count)
    ]


def derive_book(portfolios):
    """The same portfolios as columns."""
    expiries = [expiry for one in portfolios for expiry in one.expiries]
    held = [(expiry, option) for expiry in expiries for option in expiry.options]
    options = [option for _, option in held]
    of_expiry = [expiry for expiry, _ in held]
    pledged = [one for portfolio in portfolios for one in portfolio.collaterals]
    accounts = {
        name.removesuffix("_wad"): wads(portfolios, name)
        for name in (
            "cash_wad",
            "spot_wad",
            "spot_confidence_wad",
            "stable_price_wad",
            "perp_size_wad",
            "perp_price_wad",
            "perp_confidence_wad",
            "perp_cash_wad",
        )
    }
    return DeriveBook(
        **accounts,
        options=OptionBook(
            amount=wads(options, "amount_wad"),
            forward=wads(of_expiry, "forward_variable_wad"),
            forward_fixed=wads(of_expiry, "forward_fixed_wad"),
            strike=wads(options, "strike_wad"),
            vol_annual=wads(options, "vol_wad"),
            seconds=[expiry.seconds for expiry in of_expiry],
            is_call=np.array([option.is_call for option in options], dtype=bool),
            offsets=offsets_of([expiry.options for expiry in expiries]),
        ),
        expiry_offsets=offsets_of([one.expiries for one in portfolios]),
        expiry_seconds=[expiry.seconds for expiry in expiries],
        rate=wads(expiries, "rate_wad"),
        expiry_confidence=wads(expiries, "confidence_wad"),
        collaterals=CollateralRows(
            amount=wads(pledged, "amount_wad"),
            price=wads(pledged, "price_wad"),
            confidence=wads(pledged, "confidence_wad"),
            cancels_risk=np.array([one.cancels_risk for one in pledged], dtype=bool),
            initial_haircut=wads(pledged, "initial_haircut_wad"),
            maintenance_haircut=wads(pledged, "maintenance_haircut_wad"),
            offsets=offsets_of([one.collaterals for one in portfolios]),
        ),
    )
