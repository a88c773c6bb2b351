"""A stored value of a setting as readers are told it: fractions, whole units, quote."""

from typing import Any

from trimtab.apps.summaries import wad_text
from trimtab.model import Kind, Setting
from trimtab.units import WAD, format_decimal, mul_div_down

WADS = (Kind.RATIO, Kind.VALUE, Kind.PRICE)


def setting_text(setting: Setting, stored: Any, *, decimals: int) -> str | None:
    """A stored value as text; None stays None.

    Arguments:
        decimals: of the asset whose amounts these are.
    """
    if stored is None:
        return None
    if setting.kind in WADS:
        return wad_text(stored)
    if setting.kind is Kind.FACTOR:
        return wad_text(mul_div_down(WAD, WAD, stored)) if stored else "0"
    if setting.kind is Kind.AMOUNT:
        return format_decimal(stored, decimals)
    if setting.kind is Kind.FLAG:
        return "true" if stored else "false"
    if isinstance(stored, tuple):
        return ", ".join(str(one) for one in stored)
    return str(stored)
