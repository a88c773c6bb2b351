"""The rules of Gearbox v3: the payments of a liquidation, and thresholds on a ramp."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols.gearbox_credit import (
    BPS,
    Owed,
    TransferFee,
    liquidation_payments,
    threshold_bps,
)
from trimtab.units import mul_div_down

Inputs = Mapping[str, Any]


def _payments(inputs: Inputs) -> dict[str, int]:
    interest = whole(inputs, "accrued_interest")
    fees = mul_div_down(interest, whole(inputs, "fee_interest_bps"), BPS)
    # The library takes the fees of a transfer as functions; its test, where these cases come from,
    # passes a token that adds floor(amount * fee) to what is sent.
    rate = whole(inputs, "token_transfer_fee_bps") if "token_transfer_fee_bps" in inputs else 0
    payments = liquidation_payments(
        Owed(whole(inputs, "debt"), interest, fees),
        whole(inputs, "total_value"),
        fee_bps=whole(inputs, "fee_liquidation_bps"),
        discount_bps=whole(inputs, "liquidation_discount_bps"),
        transfer_fee=TransferFee(rate, is_surcharge=True) if rate else None,
    )
    return {
        "amount_to_pool": payments.to_pool,
        "remaining_funds": payments.to_owner,
        "profit": payments.profit,
        "loss": payments.loss,
    }


def _ramp(inputs: Inputs) -> int:
    return threshold_bps(
        whole(inputs, "lt_initial"),
        whole(inputs, "lt_final"),
        since_start_s=whole(inputs, "seconds_since_ramp_start"),
        duration_s=whole(inputs, "duration"),
    )


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "gearbox_v3.liquidation_payments_waterfall": _payments,
    "gearbox_v3.liquidation_threshold_ramp": _ramp,
}
