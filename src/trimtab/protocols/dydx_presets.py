"""dYdX v4's genesis state as presets, from entries that were loaded already.

Source of the format: dydxprotocol/v4-chain at 84d4664b, protocol/testing/mainnet/genesis.json
(modules perpetuals and clob). The mainnet genesis has no caps of open interest, which came later;
`SCRIPT_TIERS` are those of the genesis script at the same commit (protocol/testing/genesis.sh),
which have. Quote quantums are 1e-6 USDC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trimtab.protocols.dydx import MILLION, LiquidityTier
from trimtab.protocols.perp_presets import (
    OPEN_END,
    InterestScale,
    PerpPreset,
    PerpTier,
    whole,
)
from trimtab.units import RulesError, mul_div_up

SOURCE: Final = "dydxprotocol/v4-chain at 84d4664b, protocol/testing/mainnet/genesis.json"
SCRIPT_SOURCE: Final = "dydxprotocol/v4-chain at 84d4664b, protocol/testing/genesis.sh"
AS_OF: Final = "2026-03-04"
MISSING: Final = (
    "limits of liquidated notional and insurance by account and block",
    "deleveraging visits counterparties from a random start, in no order of profit",
    "an account may choose a higher initial fraction",
)
_QUANTUM_WAD: Final = 10**12


def _million(dollars: int) -> int:
    return dollars * MILLION * MILLION


SCRIPT_TIERS: Final[Mapping[str, LiquidityTier]] = {
    "Large-Cap": LiquidityTier(20_000, 600_000),
    "Small-Cap": LiquidityTier(100_000, 500_000, _million(20), _million(50)),
    "Long-Tail": LiquidityTier(200_000, 500_000, _million(5), _million(10)),
    "Safety": LiquidityTier(1_000_000, 200_000, _million(2), _million(5)),
    "Isolated": LiquidityTier(50_000, 600_000, _million(1) // 2, _million(1)),
    "Mid-Cap": LiquidityTier(50_000, 600_000, _million(40), _million(100)),
    "FX": LiquidityTier(10_000, 500_000, _million(1) // 2, _million(1)),
}


def genesis_presets(loaded: Mapping[str, Any]) -> dict[str, PerpPreset]:
    """Return a preset for each perpetual of a loaded genesis state, by ticker.

    Raises:
        RulesError: a module, a tier or a key is missing, or a fraction is out of range.
    """
    perpetuals = _part(loaded, "perpetuals", where="genesis")
    tiers = {
        whole(row, "id", where="liquidity tier"): row
        for row in _rows(perpetuals, "liquidity_tiers")
    }
    clob = _part(loaded, "clob", where="genesis")
    limits = _part(clob, "liquidations_config", where="clob")
    fee = whole(limits, "max_liquidation_fee_ppm", where="liquidations_config")
    found = {}
    for row in _rows(perpetuals, "perpetuals"):
        params = _part(row, "params", where="perpetual")
        ticker = str(params.get("ticker", ""))
        number = whole(params, "liquidity_tier", where=ticker)
        if number not in tiers:
            raise RulesError(
                "there is no such liquidity tier",
                where=ticker,
                column="liquidity_tier",
                found=str(number),
                expected=", ".join(map(str, sorted(tiers))),
            )
        tier = tier_of(tiers[number])
        found[ticker] = preset_of(ticker, tier, fee_ppm=fee, source=SOURCE)
    return found


def tier_of(row: Mapping[str, Any]) -> LiquidityTier:
    """Return a liquidity tier of the genesis; caps of open interest that it lacks are off."""
    where = str(row.get("name", "liquidity tier"))
    parts = {
        key: whole(row, key, where=where)
        for key in ("initial_margin_ppm", "maintenance_fraction_ppm")
    }
    for key, value in parts.items():
        if value > MILLION:
            raise RulesError(
                "the fraction is above one",
                where=where,
                column=key,
                found=str(value),
                expected="at most 1000000",
            )
    lower, upper = (
        whole(row, key, where=where) if key in row else 0
        for key in ("open_interest_lower_cap", "open_interest_upper_cap")
    )
    return LiquidityTier(
        parts["initial_margin_ppm"], parts["maintenance_fraction_ppm"], lower, upper
    )


def preset_of(
    ticker: str, tier: LiquidityTier, *, fee_ppm: int = 15_000, source: str = SCRIPT_SOURCE
) -> PerpPreset:
    """Return the preset of a market in a liquidity tier; the maintenance fraction is rounded up."""
    initial = tier.initial_ppm * _QUANTUM_WAD
    maintenance = mul_div_up(initial, tier.maintenance_fraction_ppm, MILLION)
    interest = None
    if tier.open_interest_upper:
        interest = InterestScale(
            tier.open_interest_lower * _QUANTUM_WAD, tier.open_interest_upper * _QUANTUM_WAD
        )
    return PerpPreset(
        venue="dYdX v4",
        market=ticker,
        quote="USDC",
        as_of=AS_OF,
        source=source,
        tiers=(PerpTier(0, OPEN_END, initial, maintenance),),
        interest=interest,
        liquidation_fee_wad=fee_ppm * _QUANTUM_WAD,
        missing=MISSING,
    )


def _part(loaded: Mapping[str, Any], key: str, *, where: str) -> Mapping[str, Any]:
    found = loaded.get(key)
    if isinstance(found, Mapping):
        return found
    raise RulesError("the part is missing", where=where, column=key, expected="an object")


def _rows(loaded: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = loaded.get(key)
    if isinstance(found, list) and all(isinstance(row, Mapping) for row in found):
        return found
    raise RulesError("the list is missing", where="perpetuals", column=key, expected="a list")
