"""Small cases for Hypothesis that the path kernel and the exact engine both clear.

Amounts have 18 decimals, so that the engine's rounding to native units is far below any bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.simulation.cases import START_NS, collateral, rules_of
from trimtab.kernels.clearing import KeeperTerms, OracleTerms, oracle_terms
from trimtab.kernels.impact import (
    ImpactKind,
    ImpactTable,
    ImpactTerms,
    impact_terms,
    without_impact,
)
from trimtab.model import (
    BonusCurve,
    BookRow,
    Case,
    CategoryRules,
    FundRules,
    LiquidationRules,
    Rules,
    Sizing,
    SpiralRule,
    Tick,
)
from trimtab.model.settings import PERCENT
from trimtab.simulation.paths import PathGrid
from trimtab.units import WAD

ASSETS = ("AAA", "BBB")
STEP_SECONDS = 600.0
STEPS = 6
# Few and simple, so that books can be drawn to tie with them.
LEVELS = (100.0, 90.0, 80.0, 75.0, 64.0, 50.0, 40.0, 110.0)


@dataclass(frozen=True, slots=True)
class Scene:
    """A case, one path of it, and the world around it."""

    case: Case
    prices: Any
    grid: PathGrid
    impact: ImpactTerms
    oracle: OracleTerms
    keepers: KeeperTerms


@st.composite
def venues(draw: st.DrawFn) -> Rules:
    """Rules of two assets beside the quote, one category, small funds."""
    assets = [
        replace(
            collateral(name, 18, threshold=draw(st.sampled_from((50, 80))), bonus=draw(_BONUSES)),
            liquidation_fee_wad=draw(st.sampled_from((0, PERCENT))),
            liability_weight_wad=draw(st.sampled_from((WAD, 125 * PERCENT))),
        )
        for name in ASSETS
    ]
    assets[0] = replace(assets[0], liquidation_end_wad=draw(st.sampled_from((45, 50))) * PERCENT)
    pair = CategoryRules("pair", ASSETS, 85 * PERCENT, 90 * PERCENT, 2 * PERCENT)
    rules = rules_of(*assets, categories=[pair])
    dollars = replace(rules.assets["USD"], decimals=18)
    liquidation = LiquidationRules(
        sizing=draw(st.sampled_from(Sizing)),
        target_health_wad=draw(st.sampled_from((WAD, 105 * PERCENT))),
        bonus_curve=draw(st.sampled_from(BonusCurve)),
        spiral=draw(st.sampled_from(SpiralRule)),
        dust_debt_wad=draw(st.sampled_from((0, 100 * WAD))),
        dust_collateral_wad=draw(st.sampled_from((0, 100 * WAD))),
    )
    return replace(
        rules,
        assets={**rules.assets, "USD": dollars},
        liquidation=liquidation,
        insurance=FundRules(balance_wad=draw(st.sampled_from((0, 150 * WAD)))),
        backstop=FundRules(balance_wad=draw(st.sampled_from((0, 70 * WAD)))),
    )


_BONUSES = st.sampled_from((0, 5, 12))


@st.composite
def loans(draw: st.DrawFn, account: str, rules: Rules) -> list[BookRow]:
    """One account: at the edge at one of the levels, a hair beside it, or of several assets."""
    category = draw(st.sampled_from(("", "", "pair")))

    def line(asset: str, amount: float) -> BookRow:
        return BookRow(account, asset, round(amount * 10**9) * 10**9, category=category)

    kind = draw(st.sampled_from(("tie", "near", "mixed", "both")))
    held = draw(st.sampled_from(ASSETS))
    size = float(draw(st.sampled_from((1, 3, 10, 40))))
    if kind == "mixed":
        other = ASSETS[1 - ASSETS.index(held)]
        short = line(other, -size * draw(st.sampled_from((0.1, 0.2, 0.3))))
        owes = line("USD", -size * draw(st.sampled_from((10.0, 25.0, 33.0))))
        return [line(held, size), line("USD", size), short, owes]
    if kind == "both":
        owes = line("USD", -size * draw(st.sampled_from((60.0, 77.0))))
        return [line("AAA", size / 2), line("BBB", size / 2), owes]
    weight = rules.assets[held].liquidation_threshold_wad / WAD
    weight = 0.9 if category else weight
    off = 1.0 if kind == "tie" else draw(st.sampled_from((1.0 - 1e-6, 1.0 + 1e-6)))
    return [line(held, size), line("USD", -size * draw(st.sampled_from(LEVELS)) * weight * off)]


@st.composite
def keepers(draw: st.DrawFn) -> KeeperTerms:
    """Keepers with and without limits."""
    return KeeperTerms(
        min_profit=draw(st.sampled_from((0.0, 0.7))),
        gas=draw(st.sampled_from((0.0, 1.3))),
        gas_slope=draw(st.sampled_from((0.0, 0.5))),
        capital=draw(st.sampled_from((float("inf"), 900.0))),
        per_step=draw(st.sampled_from((1000, 2))),
        failure=draw(st.sampled_from((0.0, 0.4))),
        delay_steps=draw(st.sampled_from((0, 1))),
        halt=draw(st.sampled_from(((0, 0), (2, 4)))),
    )


@st.composite
def markets(draw: st.DrawFn) -> ImpactTerms:
    """Markets of every kind, that absorb, thin, and keep a part of what they fell."""
    table = ImpactTable(np.array([0.0, 5.0, 30.0]), np.array([0.0, 0.01, 0.2]))
    return impact_terms(
        ASSETS,
        kind=(draw(st.sampled_from((1, 2, 3))), ImpactKind.TABLE),
        first=(draw(st.sampled_from((0.003, 0.02))) if draw(st.booleans()) else 150.0, 0.0),
        fee=draw(st.sampled_from((1.0, 0.997))),
        permanent_share=draw(st.sampled_from((0.0, 0.25))),
        recovery_seconds=draw(st.sampled_from((np.inf, 900.0))),
        thinning=draw(st.sampled_from((0.0, 0.5))),
        depth_least=0.3,
        tables=(None, table),
        feedback=draw(st.booleans()),
    )


@st.composite
def oracles(draw: st.DrawFn) -> OracleTerms:
    """Oracles that are late, out, or lie."""
    return oracle_terms(
        ASSETS,
        deviation=draw(st.sampled_from((0.0, 0.07))),
        heartbeat_steps=draw(st.sampled_from((0, 2))),
        delay_steps=draw(st.sampled_from((0, 1))),
        outage=draw(st.sampled_from(((0, 0), (2, 4)))),
        lie_factor=(1.0, draw(st.sampled_from((1.0, 0.7)))),
        lie=(3, 4),
    )


@st.composite
def scenes(draw: st.DrawFn, *, plain: bool) -> Scene:
    """A scene; a plain one has markets without impact and an oracle that reports the path."""
    rules = draw(venues())
    book = [line for n in range(draw(st.integers(1, 4))) for line in draw(loans(f"a{n}", rules))]
    levels = st.lists(st.sampled_from(LEVELS), min_size=STEPS, max_size=STEPS)
    columns = [[100.0, *draw(levels)] for _ in ASSETS]
    prices = np.array(columns).T
    ticks = (Tick(START_NS, tuple((name, 100 * WAD) for name in ASSETS)),)
    case = Case("loans", rules, tuple(book), ticks, input_hashes={})
    return Scene(
        case,
        prices,
        PathGrid(ASSETS, (100.0, 100.0), STEPS, STEP_SECONDS),
        without_impact(ASSETS) if plain else draw(markets()),
        oracle_terms(ASSETS) if plain else draw(oracles()),
        draw(keepers()),
    )
