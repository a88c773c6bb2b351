"""Small random cases and worlds that both engines can run: loans only, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tests.simulation.cases import STEP_SECONDS, collateral, row, rules_of, ticks_of
from trimtab.kernels.clearing.terms import NO_LIMIT, KeeperTerms, OracleTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, ImpactTable, ImpactTerms
from trimtab.model import (
    BonusCurve,
    BookRow,
    Case,
    LiquidationRules,
    ReplayRules,
    Rules,
    Sizing,
    SpiralRule,
)
from trimtab.model.settings import PERCENT
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.world import WorldTerms
from trimtab.units import WAD, float_of

NAMES = ("AAA", "BBB")
FIRST = {"AAA": 2_000.0, "BBB": 30.0, "USD": 1.0}
PARAMETER = {
    ImpactKind.NONE: 0.0,
    ImpactKind.LINEAR: 2e-4,
    ImpactKind.SQUARE_ROOT: 0.003,
    ImpactKind.CONSTANT_PRODUCT: 4_000.0,
    ImpactKind.TABLE: 0.0,
}


@dataclass(frozen=True)
class Scene:
    """A case, one path of prices, its grid, and the world around it."""

    case: Case
    prices: NDArray[np.float64]
    grid: PathGrid
    terms: WorldTerms


def scene(seed: int, *, liquid: bool = True) -> Scene:
    """A scene that depends on its seed alone; not `liquid`: pools run out of what is seized."""
    draw = random.Random(seed)
    rules = drawn_rules(draw)
    book = drawn_book(draw, rules, liquid=liquid)
    ticks = ticks_of({name: FIRST[name] for name in NAMES})
    case = Case("drawn", rules, book, ticks, ReplayRules(), input_hashes={})
    steps = draw.randint(1, 8)
    moves = np.random.default_rng(seed).normal(-0.04, 0.1, (steps, 2))
    if draw.random() < 0.5:
        # A gap that leaves accounts bankrupt: their last collateral is still worth taking.
        moves[draw.randrange(steps)] -= draw.uniform(0.2, 0.6)
    logs = np.vstack([np.zeros(2), moves.cumsum(axis=0)])
    prices = np.array([FIRST[name] for name in NAMES]) * np.exp(logs)
    grid = PathGrid(NAMES, tuple(prices[0].tolist()), steps, float(STEP_SECONDS))
    terms = WorldTerms(drawn_impact(draw), drawn_oracle(draw), drawn_keepers(draw))
    return Scene(case, prices, grid, terms)


def drawn_rules(draw: random.Random) -> Rules:
    """Two assets beside the quote, small units, and a liquidation of any kind."""
    assets = [
        collateral(
            name, 18, threshold=draw.choice((60, 75, 80, 90)), bonus=draw.choice((0, 1, 5, 10))
        )
        for name in NAMES
    ]
    if draw.random() < 0.4:
        assets = [replace(asset, liquidation_fee_wad=PERCENT // 2) for asset in assets]
    if draw.random() < 0.3:
        assets = [replace(asset, liability_weight_wad=11 * WAD // 10) for asset in assets]
    rules = rules_of(*assets)
    money = replace(rules.assets["USD"], decimals=18)
    liquidation = LiquidationRules(
        sizing=draw.choice(list(Sizing)),
        spiral=draw.choice(list(SpiralRule)),
        bonus_curve=draw.choice(list(BonusCurve)),
        dust_debt_wad=draw.choice((0, 100 * WAD)),
        dust_collateral_wad=draw.choice((0, 50 * WAD)),
    )
    return replace(rules, assets={**rules.assets, "USD": money}, liquidation=liquidation)


def drawn_book(draw: random.Random, rules: Rules, *, liquid: bool) -> tuple[BookRow, ...]:
    """Up to six borrowers at 1.02 to 1.6 of what their collateral weighs, and a lender."""
    rows = []
    for number in range(draw.randint(1, 6)):
        held = draw.sample((*NAMES, "USD"), draw.choice((1, 1, 2)), counts=(3, 3, 1))
        owed = draw.choice([name for name in (*NAMES, "USD", "USD") if name not in held])
        weighed = 0.0
        for name in held:
            value = draw.uniform(1_000.0, 20_000.0)
            weighed += value * float_of(rules.assets[name].liquidation_threshold_wad, 18)
            rows.append(row(f"a{number}", name, round(value / FIRST[name] * 1e18)))
        debt = weighed / draw.uniform(1.02, 1.6)
        debt /= float_of(rules.assets[owed].liability_weight_wad, 18)
        rows.append(row(f"a{number}", owed, -round(debt / FIRST[owed] * 1e18)))
    if liquid:
        rows += [row("lender", name, round(1e7 / FIRST[name] * 1e18)) for name in FIRST]
    return tuple(rows)


def drawn_impact(draw: random.Random) -> ImpactTerms:
    """Any two markets, with or without feedback."""
    kinds = [draw.choice(list(ImpactKind)) for _ in NAMES]
    table = ImpactTable(np.array([0.0, 20.0, 1_000.0]), np.array([0.0, 0.01, 0.5]))
    return ImpactTerms(
        NAMES,
        np.array([int(kind) for kind in kinds]),
        np.array([PARAMETER[kind] for kind in kinds]),
        fee=np.full(2, draw.choice((1.0, 0.997))),
        permanent_share=np.full(2, draw.choice((0.0, 0.3, 1.0))),
        recovery_seconds=np.full(2, draw.choice((300.0, 3_600.0, np.inf))),
        thinning=np.full(2, draw.choice((0.0, 1.0))),
        depth_least=np.full(2, 0.2),
        sigma_ref=np.full(2, 0.8),
        tables=tuple(table if kind is ImpactKind.TABLE else None for kind in kinds),
        feedback=draw.random() < 0.7,
    )


def drawn_oracle(draw: random.Random) -> OracleTerms:
    """Late, lazy, silent and lying in turns."""
    return oracle_terms(
        NAMES,
        deviation=draw.choice((0.0, 0.02)),
        heartbeat_steps=draw.choice((0, 2)),
        delay_steps=draw.choice((0, 0, 1)),
        outage=draw.choice(((0, 0), (2, 4))),
        lie_factor=draw.choice((0.9, 1.1)),
        lie=draw.choice(((0, 0), (1, 3))),
    )


def drawn_keepers(draw: random.Random) -> KeeperTerms:
    """Gas, delay, congestion, failure, a halt; of a limited capital ties would decide."""
    return KeeperTerms(
        min_profit=draw.choice((0.0, 20.0)),
        gas=draw.choice((0.0, 5.0)),
        gas_slope=draw.choice((0.0, 2.0)),
        per_step=draw.choice((NO_LIMIT, 1)),
        failure=draw.choice((0.0, 0.4)),
        delay_steps=draw.choice((0, 1)),
        halt=draw.choice(((0, 0), (2, 3))),
    )
