"""Debt over liquidity by volatility, in the manner of the Compound market-risk reports of 2020.

A run is a day of ten minutes in which collateral moves by a geometric Brownian motion, keepers
liquidate where it pays, and what they sell moves the price. It fails when, at any step, more than
one per cent of the debt is owed by accounts whose collateral is worth less. A cell is the share
of runs that fail.
"""

import tempfile
from pathlib import Path

import numpy as np
from case_files import BuiltCase
from cases_compound import compound_2020_08
from cases_steth import steth_2023_health
from finding import Figure, Finding

from trimtab.adapters.files import load_case
from trimtab.kernels.clearing import oracle_terms
from trimtab.kernels.impact import ImpactTerms
from trimtab.model import Case
from trimtab.simulation.clearing_case import kernel_engine
from trimtab.simulation.markets import Market, square_root_of_volume, terms_of
from trimtab.simulation.paths import Brownian, PathGrid, price_paths
from trimtab.simulation.paths.driving import independent
from trimtab.simulation.world import keepers_of
from trimtab.units import float_of

COLLATERAL = "COLLATERAL"
DAY = 86_400.0
STEP = 600.0
PATHS = 64
SEED = 2020
FAILS_ABOVE = 0.01
# Debt over what the market trades in a day; and annual volatility, which was 1.6 to 5.2 on the
# crisis days of the data.
DEBT_OVER_VOLUME = (0.1, 1.0, 3.0, 10.0)
VOLATILITY = (1.0, 2.0, 4.0, 6.0)
WAD_DECIMALS = 18


def loaded(built: BuiltCase) -> Case:
    """Return a built case as a run takes it."""
    with tempfile.TemporaryDirectory() as folder:
        return load_case(built.write(Path(folder)))


def debt_of(case: Case) -> float:
    """Return what the book owes; every asset stands at a price of 1."""
    owed = 0.0
    for row in case.book:
        if row.quantity < 0:
            owed -= float_of(row.quantity, case.rules.assets[row.instrument].decimals)
    return owed


def impact(debt: float, *, over_volume: float, volatility: float) -> ImpactTerms:
    """Return the market of a cell: the root of the quantity over a day's volume, no fee."""
    law = square_root_of_volume(
        daily_volume=debt / over_volume, vol_daily=volatility / np.sqrt(365.0)
    )
    return terms_of({COLLATERAL: Market(law.curve(), recovery_seconds=DAY)}, (COLLATERAL,))


def failing(case: Case, *, over_volume: float, volatility: float) -> float:
    """Return the share of a cell's runs that fail; every cell sees the same draws."""
    debt = debt_of(case)
    model = Brownian((COLLATERAL,), np.zeros(1), np.array([volatility]), independent(1))
    grid = PathGrid((COLLATERAL,), (1.0,), round(DAY / STEP), STEP)
    clears = kernel_engine(
        case,
        grid,
        impact=impact(debt, over_volume=over_volume, volatility=volatility),
        oracle=oracle_terms((COLLATERAL,)),
        keepers=keepers_of(case, step_seconds=STEP),
        seed=SEED,
    )
    found = clears(price_paths(model, grid, seed=SEED, paths=PATHS), 0)
    return float((found.undercollateralized_peak > FAILS_ABOVE * debt).mean())


def found(data: Path) -> Finding:
    """Work the grid on a book of healthy users, and one cell on Compound's own table."""
    book = loaded(steth_2023_health(data))
    compound = loaded(compound_2020_08(data))
    figures = [
        Figure(
            f"debt over a day's volume {over:g}, volatility {volatility:g}: runs that fail",
            None,
            failing(book, over_volume=over, volatility=volatility),
        )
        for over in DEBT_OVER_VOLUME
        for volatility in VOLATILITY
    ]
    bare = failing(compound, over_volume=DEBT_OVER_VOLUME[0], volatility=VOLATILITY[0])
    figures.append(Figure("the calmest cell on Compound's table: runs that fail", None, bare))
    return Finding(
        "Debt over liquidity by volatility",
        "Gauntlet (February 2020) and Kao, Chitra et al., market risk of Compound: a run fails "
        "when more than 1 % of debt is under-collateralized; the reports' cells are not restated",
        "1,309 Aave v2 users with stETH, June 2023, by totals (accounts/aave_v2_steth_users); the "
        "143 Compound v2 accounts of 2020-08 (accounts/compound_v2_accounts_2020-08)",
        f"{PATHS} days of {STEP:g} s a cell, seed {SEED}, Brownian collateral without drift, debt "
        "still; square-root impact of the stated volume, recovering within a day, with feedback",
        tuple(figures),
        "the public table of Compound's accounts holds only those below health 1, most of them "
        "dust without collateral, so every run on it fails from the first step; the grid "
        "is therefore worked on another protocol's healthy book, and compares in shape alone.",
    )
