"""The rule of SPAN: the scan risk of lines whose risk arrays are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.scaled import from_wad, scaled_value, wad
from trimtab.protocols.span import Line, scan_risk


def _scan_risk(inputs: Mapping[str, Any]) -> dict[str, Any]:
    positions = inputs["positions"]
    found = scan_risk(
        [
            Line(
                wad(positions, name),
                tuple(scaled_value(p, decimals=18) for p in inputs[f"risk_array_{name}_pnl"]),
            )
            for name in positions
        ]
    )
    return {"scan_risk": from_wad(found.risk_wad), "worst_scenario": found.scenario}


RULES: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "span_scan_risk_covered_write": _scan_risk,
}
