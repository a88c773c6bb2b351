"""The rules of recorded Aave v3 and v4 cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols import aave, aave_math, aave_rates, aave_v4
from trimtab.units import (
    mul_div_up,
    ray_div_down,
    ray_div_half_up,
    ray_div_up,
    ray_mul_down,
    ray_mul_half_up,
    ray_mul_up,
    wad_div_half_up,
    wad_mul_half_up,
)

Inputs = Mapping[str, Any]
Binary = Callable[[int, int], int]


def _percent(rounded: Binary) -> Callable[[Inputs], int]:
    return lambda inputs: rounded(whole(inputs, "value"), whole(inputs, "percentage"))


def _binary(rounded: Binary) -> Callable[[Inputs], int]:
    return lambda inputs: rounded(whole(inputs, "a"), whole(inputs, "b"))


def _mul_div_up(inputs: Inputs) -> int:
    return mul_div_up(whole(inputs, "a"), whole(inputs, "b"), whole(inputs, "c"))


def _linear(inputs: Inputs) -> int:
    return aave_math.linear_factor(whole(inputs, "rate_ray"), whole(inputs, "seconds"))


def _compounded(version: aave.Version) -> Callable[[Inputs], int]:
    return lambda inputs: aave_math.compounded_factor(
        whole(inputs, "rate_ray"), whole(inputs, "seconds"), version=version
    )


def _rates(inputs: Inputs) -> Mapping[str, int]:
    strategy = aave_rates.RateStrategy(
        kink_bps=whole(inputs, "optimal_bps"),
        base_bps=whole(inputs, "base_bps"),
        slope1_bps=whole(inputs, "slope1_bps"),
        slope2_bps=whole(inputs, "slope2_bps"),
        reserve_factor_bps=whole(inputs, "reserve_factor_bps"),
    )
    found = aave_rates.rates(
        strategy,
        whole(inputs, "total_debt"),
        available_liquidity=whole(inputs, "available_liquidity"),
        deficit=whole(inputs, "unbacked_or_deficit"),
    )
    return {
        "liquidity_rate": found.supply_rate_ray,
        "variable_borrow_rate": found.borrow_rate_ray,
    }


def _liquidation(version: aave.Version) -> Callable[[Inputs], Mapping[str, Any]]:
    """One collateral and one debt at index one; a refusal is answered by its reason."""

    def answer(inputs: Inputs) -> Mapping[str, Any]:
        pledged = aave.Reserve(
            whole(inputs, "coll_decimals"),
            threshold_bps=whole(inputs, "lt"),
            bonus_bps=whole(inputs, "bonus"),
            fee_bps=whole(inputs, "fee"),
        )
        drawn = aave.Reserve(whole(inputs, "debt_decimals"))
        position = aave.Position(
            {
                "collateral": aave.Holding(pledged, scaled_supply=whole(inputs, "coll_balance")),
                "debt": aave.Holding(drawn, scaled_debt=whole(inputs, "debt_balance")),
            }
        )
        prices = {
            "collateral": whole(inputs, "coll_price"),
            "debt": whole(inputs, "debt_price"),
        }
        call = aave.Call("collateral", "debt", whole(inputs, "debt_to_cover"))
        found = aave.liquidate(position, prices, version=version, call=call)
        if isinstance(found, aave.Refused):
            before = aave.health(position, prices, version=version)
            return {"refused": found.reason.value, "health_factor_before": before.health_wad}
        return {
            "debt_repaid": found.seizure.debt_repaid,
            "collateral_to_liquidator": found.seizure.to_liquidator,
            "protocol_fee": found.fee_paid,
            "health_factor_before": found.before.health_wad,
            "health_factor_after": found.after.health_wad,
        }

    return answer


def _v4_bonus(inputs: Inputs) -> int:
    config = aave_v4.Config(
        target_health_wad=10**18,
        health_for_max_bonus_wad=whole(inputs, "health_factor_for_max_bonus"),
        bonus_factor_bps=whole(inputs, "bonus_factor_bps"),
    )
    return aave_v4.liquidation_bonus_bps(
        config, whole(inputs, "health_factor"), max_bonus_bps=whole(inputs, "max_bonus_bps")
    )


def _v4_debt_to_target(inputs: Inputs) -> int:
    return aave_v4.debt_to_target(
        whole(inputs, "total_debt_value_ray"),
        whole(inputs, "health_factor"),
        target_wad=whole(inputs, "target_health_factor"),
        bonus_bps=whole(inputs, "liquidation_bonus_bps"),
        factor_bps=whole(inputs, "collateral_factor_bps"),
        debt_price=whole(inputs, "debt_price"),
        debt_unit=whole(inputs, "debt_unit"),
    )


def _v4_amounts(inputs: Inputs) -> Mapping[str, Any]:
    config = aave_v4.Config(whole(inputs, "thf"), whole(inputs, "hfm"), whole(inputs, "lbf"))
    pledged = aave_v4.Reserve(
        unit=whole(inputs, "cu"),
        price=whole(inputs, "cp"),
        factor_bps=whole(inputs, "cf"),
        max_bonus_bps=whole(inputs, "mx"),
        fee_bps=whole(inputs, "fee"),
    )
    drawn = aave_v4.Reserve(unit=whole(inputs, "du"), price=whole(inputs, "dp"))
    found = aave_v4.liquidation_amounts(
        config,
        whole(inputs, "tdv"),
        health_wad=whole(inputs, "hf"),
        collateral=aave_v4.Holding(pledged, supply=whole(inputs, "coll_bal")),
        debt=aave_v4.Holding(drawn, debt=whole(inputs, "debt_bal")),
        debt_to_cover=whole(inputs, "cover"),
    )
    if isinstance(found, aave_v4.Refused):
        return {"refused": found.reason.value}
    return {
        "collateral_to_liquidate": found.collateral,
        "collateral_to_liquidator": found.to_liquidator,
        "debt_to_liquidate": found.debt,
    }


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "aave_v3.percentmul_half_up": _percent(aave_math.percent_mul_half_up),
    "aave_v3.percentmulfloor": _percent(aave_math.percent_mul_down),
    "aave_v3.percentmulceil": _percent(aave_math.percent_mul_up),
    "aave_v3.percentdiv_half_up": _percent(aave_math.percent_div_half_up),
    "aave_v3.percentdivfloor": _percent(aave_math.percent_div_down),
    "aave_v3.percentdivceil": _percent(aave_math.percent_div_up),
    "aave_v3.wadmul_half_up": _binary(wad_mul_half_up),
    "aave_v3.waddiv_half_up": _binary(wad_div_half_up),
    "aave_v3.raymul_half_up": _binary(ray_mul_half_up),
    "aave_v3.raymulfloor": _binary(ray_mul_down),
    "aave_v3.raymulceil": _binary(ray_mul_up),
    "aave_v3.raydiv_half_up": _binary(ray_div_half_up),
    "aave_v3.raydivfloor": _binary(ray_div_down),
    "aave_v3.raydivceil": _binary(ray_div_up),
    "aave_v3.muldivceil": _mul_div_up,
    "aave_v3.linear_index_factor": _linear,
    "aave_v3.compounded_index_factor": _compounded(aave.V3_7),
    "aave_v3.compounded_index_factor_derived_exact_value_exact": _compounded(aave.V3_7),
    "aave_v3.kinked_rate_strategy_v2": _rates,
    "aave_v3_0.wadmul": _binary(wad_mul_half_up),
    "aave_v3_0.waddiv": _binary(wad_div_half_up),
    "aave_v3_0.raymul": _binary(ray_mul_half_up),
    "aave_v3_0.raydiv": _binary(ray_div_half_up),
    "aave_v3_0.liquidationcall_single_collateral_single_debt": _liquidation(aave.V3_0),
    "aave_v4.variable_liquidation_bonus": _v4_bonus,
    "aave_v4.debt_to_restore_target_health_factor_rounded_up": _v4_debt_to_target,
    "aave_v4.liquidation_amounts": _v4_amounts,
}
