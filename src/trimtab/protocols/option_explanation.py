"""Why an option book needs the margin it does: netting, and how margin moves with the market.

The sensitivities of a requirement are central differences in exact fixed point: the book is taken
at prices a step up and down, volatilities a step up and down, and assessed afresh. A requirement is
a maximum over scenarios and has kinks; across one, a difference is a mean slope and its second
difference is large. Every number is in wad.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trimtab.protocols.option_assessment import Assessment
from trimtab.protocols.option_book import (
    BookGreeks,
    OptionBook,
    alone,
    greeks,
    leg_names,
    shifted,
)
from trimtab.protocols.option_venues import Assess
from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD, mul_div_down

PRICE_STEP_WAD: Final = WAD // 100
VOL_STEP_WAD: Final = WAD // 100


@dataclass(frozen=True, slots=True)
class LegAlone:
    """What one holding would need on its own."""

    name: str
    initial_wad: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A margin with its reasons.

    offset_wad: the sum of what each holding needs alone, less what they need together; negative
    where a venue asks more of the whole. account, margin: sensitivities of the book's value and of
    its initial requirement; price_step_wad: relative; vol_step_wad: absolute, per annum.
    """

    assessment: Assessment
    alone: tuple[LegAlone, ...]
    offset_wad: int
    account: BookGreeks
    margin: BookGreeks
    price_step_wad: int
    vol_step_wad: int


def explain(
    book: OptionBook,
    assess: Assess,
    *,
    price_step_wad: int = PRICE_STEP_WAD,
    vol_step_wad: int = VOL_STEP_WAD,
) -> Explanation:
    """Return a venue's margin of a book with stand-alone sums and sensitivities.

    Args:
        assess: one of `option_venues.VENUES`.
        price_step_wad: relative step of spot and forwards, above 0 and below 1.
        vol_step_wad: absolute step of every volatility, above 0; a volatility stays at least 0.
    """
    found = assess(book)
    parts = tuple(
        LegAlone(name, assess(part).initial_wad)
        for name, part in zip(leg_names(book), alone(book), strict=True)
    )
    return Explanation(
        assessment=found,
        alone=parts,
        offset_wad=sum(part.initial_wad for part in parts) - found.initial_wad,
        account=greeks(book),
        margin=margin_greeks(
            book, assess, price_step_wad=price_step_wad, vol_step_wad=vol_step_wad
        ),
        price_step_wad=price_step_wad,
        vol_step_wad=vol_step_wad,
    )


def margin_greeks(
    book: OptionBook, assess: Assess, *, price_step_wad: int, vol_step_wad: int
) -> BookGreeks:
    """Return how the initial requirement moves: central differences over the steps.

    delta = (R+ - R-) / 2h, gamma = (R+ - 2 R + R-) / h**2 with h = step * spot; vega likewise by
    the step of volatility.

    Rounding: toward zero.
    """
    assert 0 < price_step_wad < WAD, f"no relative step: {price_step_wad}"
    assert vol_step_wad > 0, f"no step of volatility: {vol_step_wad}"
    here = assess(book).initial_wad
    up, down = (
        assess(shifted(book, price_wad=sign * price_step_wad)).initial_wad for sign in (1, -1)
    )
    calm, wild = (
        assess(shifted(book, vol_wad=sign * vol_step_wad)).initial_wad for sign in (-1, 1)
    )
    step = mul_div_down(book.spot_wad, price_step_wad, WAD)
    return BookGreeks(
        delta_wad=mul_div_toward_zero(up - down, WAD, denominator=2 * step),
        gamma_wad=mul_div_toward_zero(up - 2 * here + down, WAD * WAD, denominator=step * step),
        vega_wad=mul_div_toward_zero(wild - calm, WAD, denominator=2 * vol_step_wad),
    )
