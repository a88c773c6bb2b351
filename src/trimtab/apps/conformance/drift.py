"""The rules of recorded Drift v2 cases; every input is an integer in the program's own scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols import drift, drift_liquidation
from trimtab.units import DataError

Inputs = Mapping[str, Any]


def _base_to_cover(inputs: Inputs) -> int:
    return drift_liquidation.base_to_cover(
        whole(inputs, "margin_shortage"),
        whole(inputs, "margin_ratio"),
        price=whole(inputs, "oracle_price"),
        liquidator_fee=whole(inputs, "liquidator_fee"),
        insurance_fee=whole(inputs, "if_fee"),
        quote_price=whole(inputs, "quote_oracle_price"),
    )


def _liability_to_cover(inputs: Inputs) -> int:
    return drift_liquidation.liability_to_cover(
        whole(inputs, "margin_shortage"),
        price=whole(inputs, "liability_price"),
        decimals=whole(inputs, "liability_decimals"),
        asset_weight=whole(inputs, "asset_weight"),
        liability_weight=whole(inputs, "liability_weight"),
        asset_multiplier=whole(inputs, "asset_multiplier"),
        liability_multiplier=whole(inputs, "liability_multiplier"),
        insurance_fee=whole(inputs, "if_fee"),
    )


def _insurance_fee(inputs: Inputs) -> int:
    return drift_liquidation.insurance_fee(
        whole(inputs, "margin_shortage"),
        whole(inputs, "base_amount"),
        ratio=whole(inputs, "margin_ratio"),
        liquidator_fee=whole(inputs, "liquidator_fee"),
        price=whole(inputs, "oracle_price"),
        fee_max=whole(inputs, "max_if_fee"),
        quote_price=whole(inputs, "quote_oracle_price"),
    )


def _liquidator_fee(inputs: Inputs) -> int:
    slots = whole(inputs, "slot") - whole(inputs, "last_active_slot")
    return drift_liquidation.liquidator_fee(
        whole(inputs, "base_fee"), whole(inputs, "max_fee"), slots=slots
    )


def _funding_delta(inputs: Inputs) -> int:
    return drift_liquidation.funding_delta(
        whole(inputs, "loss_quote"),
        base_long=whole(inputs, "base_long"),
        base_short=whole(inputs, "base_short"),
    )


def _weight(inputs: Inputs) -> int:
    kinds = {"asset": drift.asset_weight, "liability": drift.liability_weight}
    kind = inputs.get("kind")
    if kind not in kinds:
        raise DataError(
            "the kind is not known", column="kind", found=str(kind), expected="asset or liability"
        )
    return kinds[kind](
        whole(inputs, "token_amount_1e9"),
        whole(inputs, "weight"),
        imf_factor=whole(inputs, "imf_factor"),
    )


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "drift_base_to_cover_margin_shortage": _base_to_cover,
    "drift_liability_transfer_to_cover_shortage": _liability_to_cover,
    "drift_liquidation_fee_ramp": _liquidator_fee,
    "drift_perp_if_fee": _insurance_fee,
    "drift_size_adjusted_weights": _weight,
    "drift_socialised_loss_funding_delta": _funding_delta,
}
