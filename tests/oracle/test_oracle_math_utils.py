"""The twin of Aave's health factor against @aave/math-utils, which the front end computes with.

The library's definition is neither version's: balances round half-up as until v3.4, but values and
the average threshold keep all digits, as the sum of v3.5 does, and the factor has 20 decimals. So

- where nothing rounds (index one, whole tokens), it is that of v3.7, which cuts it at 18 decimals;
- elsewhere its balances are those of v3.0, and v3.0 lies below it by what v3.0 cuts off: each value
  to a whole 1e-8 of base currency, and the average threshold to a whole basis point.
"""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.oracle.drawing import log_uniform
from tests.oracle.packages import CACHE
from tests.oracle.tally import Tally
from trimtab.protocols.aave import V3_0, V3_7, Holding, Position, Reserve, health
from trimtab.units import RAY, WAD, format_decimal

pytestmark = pytest.mark.oracle

USERS = 1_000
DECIMALS = (2, 6, 8, 18, 18)
SCRIPT = Path(__file__).with_name("health_factors.cjs")
Book = tuple[Position, dict[str, int]]


def draw_user(rng: Random, *, whole: bool) -> Book:
    """Somebody with one to five assets and some debt; with `whole`, nothing needs rounding."""
    holdings, prices = {}, {}
    for place in range(rng.randrange(1, len(DECIMALS) + 1)):
        threshold = rng.randrange(1, 9_500)
        indices = [RAY if whole else rng.randrange(RAY, 2 * RAY) for _ in range(2)]
        reserve = Reserve(
            DECIMALS[place],
            ltv_bps=threshold,
            threshold_bps=threshold,
            liquidity_index_ray=indices[0],
            borrow_index_ray=indices[1],
        )
        price, unit = log_uniform(rng, -3, 3), reserve.unit if whole else 1
        worths = [log_uniform(rng, 4, 6) for _ in range(2)]
        sizes = [unit * round(worth / price * reserve.unit / unit) for worth in worths]
        owes = place == 0 or rng.random() < 0.4
        name = f"asset{place}"
        flagged = rng.random() < 0.8
        holdings[name] = Holding(reserve, sizes[0], sizes[1] * owes, as_collateral=flagged)
        prices[name] = round(price * 1e8)
    return Position(holdings), prices


def asked(book: Book) -> dict[str, Any]:
    position, prices = book
    reserves = [
        {
            "underlyingAsset": name,
            "decimals": held.reserve.decimals,
            "priceInMarketReferenceCurrency": str(prices[name]),
            "liquidityIndex": str(held.reserve.liquidity_index_ray),
            "variableBorrowIndex": str(held.reserve.borrow_index_ray),
            "baseLTVasCollateral": str(held.reserve.ltv_bps),
            "reserveLiquidationThreshold": str(held.reserve.threshold_bps),
        }
        for name, held in position.holdings.items()
    ]
    holdings = [
        {
            "underlyingAsset": name,
            "scaledATokenBalance": str(held.scaled_supply),
            "scaledVariableDebt": str(held.scaled_debt),
            "usageAsCollateralEnabledOnUser": held.as_collateral,
        }
        for name, held in position.holdings.items()
    ]
    return {"reserves": reserves, "holdings": holdings}


def answers(books: list[Book]) -> list[dict[str, Any]]:
    """What the library says of each user: one process of node for all."""
    done = subprocess.run(
        ["node", str(SCRIPT), str(CACHE)],
        input=json.dumps([asked(book) for book in books]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(found) == len(books)
    return found


def test_health_factors_equal_v3_7_where_nothing_rounds(tally: Tally) -> None:
    tally.begin("aave math-utils against v3.7", first=("health factors",))
    rng = Random("whole users")
    books = [draw_user(rng, whole=True) for _ in range(USERS)]
    for number, (book, told) in enumerate(zip(books, answers(books), strict=True)):
        due = health(*book, version=V3_7).health_wad
        told_wad = Fraction(told["health"]) * WAD
        # Its last decimal is rounded half-up, and may have carried into the 18th.
        uncarried = told_wad - Fraction(WAD, 2 * 10**20)
        factor = due if due == int(uncarried) else int(told_wad)
        tally.agree("health", chain=factor, twin=due, where=f"user {number}")
        tally.counts["health factors"] += 1
    tally.demand("health factors", 1_000)


def test_health_factors_are_those_of_v3_0_but_for_what_it_cuts_off(tally: Tally) -> None:
    tally.begin("aave math-utils against v3.0", first=("health factors",))
    rng = Random("users")
    books = [draw_user(rng, whole=False) for _ in range(USERS)]
    for number, (book, told) in enumerate(zip(books, answers(books), strict=True)):
        where = f"user {number}"
        tally.agree("balances", chain=told["balances"], twin=balances(book[0]), where=where)
        low, high = bounds(book)
        factor = Fraction(told["health"])
        found = Fraction(health(*book, version=V3_0).health_wad, WAD)
        within = low <= found - factor <= high
        tally.agree("health within its bounds", chain=True, twin=within, where=where)
        tally.counts["health factors"] += 1
    tally.demand("health factors", 1_000)


def balances(position: Position) -> list[list[str]]:
    return [
        [
            format_decimal(amount, held.reserve.decimals)
            for amount in (held.supply(V3_0), held.debt(V3_0))
        ]
        for held in position.holdings.values()
    ]


def bounds(book: Book) -> tuple[Fraction, Fraction]:
    """How far v3.0 may lie from the factor with all digits, below and above.

    Below: one unit of value per asset, one basis point of the average threshold, half a unit of the
    product. Above: one unit of debt per asset, and half a unit of the product. Both have the last
    digit of a wad, and of the library's 20 decimals.
    """
    found, assets = health(*book, version=V3_0), len(book[0].holdings)
    debt, collateral = found.debt_value, found.collateral_value
    last = Fraction(1, WAD) + Fraction(collateral + debt, debt * 10**20)
    below = Fraction(collateral + 10_000 * (assets + 1), 10_000 * debt)
    weighted = sum(line.collateral_value * line.threshold_bps for line in found.lines.values())
    above = Fraction(weighted, 10_000 * debt) * Fraction(assets, debt) + Fraction(1, 2 * debt)
    return -below - last, above + last
