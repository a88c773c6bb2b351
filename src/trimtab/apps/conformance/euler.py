"""The rules of Euler v2: the largest liquidation, the LTV ramp and the floor of socialization."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols.euler import (
    EulerLiquidation,
    EulerPosition,
    EulerRules,
    Pledge,
    Quote,
    largest_liquidation,
    liquidate,
)
from trimtab.protocols.euler_vault import LoanToValue
from trimtab.units import wad_mul_down

Inputs = Mapping[str, Any]

_COLLATERAL: Final = "collateral"


def _position(inputs: Inputs) -> EulerPosition:
    ltv = whole(inputs, "ltv")
    quote = Quote.flat(whole(inputs, "cprice"))
    pledge = Pledge(whole(inputs, "bal"), LoanToValue(ltv, ltv), quote)
    return EulerPosition({_COLLATERAL: pledge}, whole(inputs, "debt"))


def _check(inputs: Inputs) -> dict[str, int]:
    offer = largest_liquidation(
        _position(inputs),
        Quote.flat(whole(inputs, "dprice")),
        collateral=_COLLATERAL,
        rules=EulerRules(whole(inputs, "maxdisc")),
        now_s=1,
    )
    return {
        "max_repay": offer.repay,
        "max_yield": offer.seized,
        "discount_factor": offer.factor_wad,
    }


def _ramp(inputs: Inputs) -> int:
    duration = whole(inputs, "duration")
    target = whole(inputs, "target")
    # The clock starts at one: a target time of zero would mean an unknown collateral.
    ltv = LoanToValue(
        borrow_bps=0,
        liquidation_bps=target,
        initial_bps=whole(inputs, "initial"),
        target_time_s=1 + duration,
        ramp_seconds=duration,
    )
    return ltv.liquidation_bps_at(1 + whole(inputs, "elapsed"))


def _residual(inputs: Inputs) -> dict[str, Any]:
    price = Quote.flat(whole(inputs, "dprice"))
    done = liquidate(
        _position(inputs),
        price,
        collateral=_COLLATERAL,
        rules=EulerRules(whole(inputs, "maxdisc")),
        now_s=1,
    )
    assert isinstance(done, EulerLiquidation), "nothing here is refused"
    return {
        "residual_liability_value": wad_mul_down(done.position.debt, price.mid),
        "socialized": done.socialized > 0,
    }


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "euler_v2.checkliquidation": _check,
    "euler_v2.liquidation_ltv_ramp": _ramp,
    "euler_v2.residual_liability_value_after_liquidation_below_the_1e6_socialisation_floor": (
        _residual
    ),
}
