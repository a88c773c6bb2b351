"""The engine under each preset against the exact twin: decisions and amounts on random positions.

`python -m tests.protocols.presets` prints the figures of the same comparisons at a larger size.
A gap is the excess at which both decided differently, over what the preset says; an amount is a
difference over one unit of what the preset says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pytest

from tests.protocols.presets import comparisons_pools as pools
from tests.protocols.presets import comparisons_vaults as vaults
from tests.protocols.presets.engine_side import Tally
from trimtab.apps.presets import preset_names
from trimtab.protocols.aave import V3_0, V3_3, V3_7

Comparison = Callable[..., Tally]

# Largest amount in units, and least share of the positions that a liquidation was compared on.
COMPARED: Mapping[str, tuple[Comparison, int, float]] = {
    "aave-v3.0": (partial(pools.aave_largest, V3_0), 2, 0.3),
    "aave-v3.0 repaid alike": (partial(pools.aave_same_repayment, V3_0), 2, 0.2),
    "aave-v3.3": (partial(pools.aave_largest, V3_3), 2, 0.3),
    "aave-v3.3 repaid alike": (partial(pools.aave_same_repayment, V3_3), 2, 0.15),
    "aave-v3.7": (partial(pools.aave_largest, V3_7), 2, 0.3),
    "aave-v3.7 repaid alike": (partial(pools.aave_same_repayment, V3_7), 1, 0.1),
    "aave-v4": (pools.aave_v4_to_target, 1, 0.02),
    "compound-v3": (pools.compound_absorption, 2, 0.15),
    "morpho-blue": (pools.morpho_market, 1, 0.5),
    "maker": (vaults.maker_auctions, 2, 0.5),
    "euler-v2": (vaults.euler_pair, 2, 0.1),
    "liquity-v2": (vaults.liquity_offsets, 1, 0.15),
    "gearbox-v3": (vaults.gearbox_partial, 1, 0.1),
    "fluid": (vaults.fluid_walk, 2, 0.5),
}
POSITIONS = 300


@pytest.mark.parametrize("name", COMPARED)
def test_engine_and_twin_agree_within_what_the_preset_says(name: str) -> None:
    compare, units_max, share_min = COMPARED[name]
    tally = compare(seed=1, count=POSITIONS)
    assert tally.positions == POSITIONS
    assert tally.unsafe > POSITIONS // 3
    assert tally.liquidations >= share_min * POSITIONS, tally.line(name)
    assert tally.gap <= 1, tally.line(name)
    assert tally.amount <= units_max, tally.line(name)
    assert tally.fee <= 1, tally.line(name)


def test_every_preset_is_compared() -> None:
    assert {name.partition(" ")[0] for name in COMPARED} == set(preset_names())
