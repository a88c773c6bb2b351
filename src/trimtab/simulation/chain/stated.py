"""From what a stress file says to oracles, chain and keepers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from trimtab.kernels.clearing import KeeperTerms, OracleTerms
from trimtab.model import OracleSettings, StressSettings
from trimtab.simulation.chain.blocks import ChainBehavior, KeeperBehavior, keeper_terms_of
from trimtab.simulation.chain.oracles import OracleBehavior, oracle_terms_of
from trimtab.units import float_of

_WAD_DECIMALS: Final = 18


def stated_oracles(
    settings: StressSettings, assets: Sequence[str], *, step_seconds: float
) -> OracleTerms:
    """Return the oracle terms of assets, in their order, as a stress file says."""
    behaviors = {asset: oracle_behavior(settings.oracle(asset)) for asset in assets}
    return oracle_terms_of(behaviors, assets, step_seconds=step_seconds)


def stated_keepers(
    settings: StressSettings, *, step_seconds: float, gas_asset: int = 0
) -> KeeperTerms:
    """Return the keepers' terms, as a stress file says; gas moves with asset `gas_asset`."""
    chain, keepers = settings.chain, settings.keepers
    capital = keepers.capital_wad
    return keeper_terms_of(
        ChainBehavior(
            float(chain.block_seconds),
            _float(chain.gas_cost_wad),
            _float(chain.gas_slope_wad),
            chain.landings_per_block,
            _float(chain.failure_wad),
            (float(chain.halt_from_seconds), float(chain.halt_to_seconds)),
        ),
        KeeperBehavior(
            _float(keepers.min_profit_wad),
            math.inf if capital is None else _float(capital),
            float(keepers.delay_seconds),
            keepers.halvings,
        ),
        step_seconds=step_seconds,
        gas_asset=gas_asset,
    )


def oracle_behavior(stated: OracleSettings) -> OracleBehavior:
    """Return how one oracle behaves."""
    return OracleBehavior(
        _float(stated.deviation_wad),
        float(stated.heartbeat_seconds),
        float(stated.delay_seconds),
        (float(stated.outage_from_seconds), float(stated.outage_to_seconds)),
        stated.sources,
        _float(stated.lie_factor_wad),
        (float(stated.lie_from_seconds), float(stated.lie_to_seconds)),
    )


def _float(wad: int) -> float:
    return float_of(wad, _WAD_DECIMALS)
