"""The buffer between what may be borrowed and where liquidation begins, which a search must leave.

Without one an account that borrows all it may is liquidatable at the next price.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from trimtab.model import AssetRules, CategoryRules, Rules
from trimtab.model.conflicts import Conflict
from trimtab.units import WAD, UsageError, format_decimal

LEAST_BUFFER: Final = "0.02"
Buffers = Mapping[tuple[str, str], int]
_WAD_DECIMALS: Final = 18


def least_buffers(rules: Rules, least: str) -> dict[tuple[str, str], int]:
    """Return the least buffer of each asset and category: (section, name) to wad.

    Args:
        rules: the present ones; where they leave less, a search may leave as little, not less.
        least: decimal text, from 0 to below 1.

    Raises:
        UsageError: no such number.
    """
    try:
        asked = Decimal(least)
        fits = 0 <= asked < 1
    except InvalidOperation:
        fits = False
    if not fits:
        raise UsageError(f"least buffer: found {least}, expected a number from 0 to below 1")
    return {
        key: min(int(asked * WAD), max(_buffer(one), 0)) for key, one in _records(rules).items()
    }


def buffer_conflict(rules: Rules, buffers: Buffers) -> Conflict | None:
    """Return the first asset or category that leaves less than its buffer; None where none does."""
    for (section, name), one in _records(rules).items():
        if _buffer(one) < buffers.get((section, name), 0):
            return Conflict(
                f"{section}.{name}.max_ltv",
                format_decimal(one.max_ltv_wad, _WAD_DECIMALS),
                "a max_ltv below liquidation_threshold by the least buffer",
            )
    return None


def _records(rules: Rules) -> dict[tuple[str, str], AssetRules | CategoryRules]:
    """What can be borrowed against, but for the quote, which is not sold for itself."""
    found: dict[tuple[str, str], AssetRules | CategoryRules] = {
        ("assets", name): one for name, one in rules.assets.items() if name != rules.quote
    }
    found |= {("categories", name): one for name, one in rules.categories.items()}
    return {key: one for key, one in found.items() if one.liquidation_threshold_wad}


def _buffer(one: AssetRules | CategoryRules) -> int:
    return one.liquidation_threshold_wad - one.max_ltv_wad
