"""The rules of recorded Mango v4 cases.

A health case names balances and orders; prices, weights and lots are those of the venue's test, as
the group's `conventions` say. `dscale` and `bscale` hold the starts of the weight scaling and
`deposits` and `borrows` the banks' totals, each a list or a mapping by token; a pair in a scale is
the bank's total and its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled_value, wad
from trimtab.protocols.mango import Account, Level, OpenOrders, Perp, Prices, Token, Weights, health
from trimtab.protocols.mango_stable_price import started, updated
from trimtab.units import WAD, div_down

Inputs = Mapping[str, Any]

_PRICES: Final = (1, 5, 10)
_LOT: Final = 10


def _percent(*values: int) -> Weights:
    return Weights(*(div_down(value * WAD, 100) for value in values))


_WEIGHTS: Final = (
    _percent(80, 120, 90, 110),
    _percent(50, 150, 70, 130),
    _percent(50, 150, 70, 130),
)
_PERP_WEIGHTS: Final = _percent(80, 120, 90, 110)


def _wad(value: Any) -> int:
    return scaled_value(value, decimals=18)


def _of_token(inputs: Inputs, name: str, *, place: int) -> Any:
    """What the inputs say of a token: `name3`, or the entry of `name`; None for nothing."""
    held = inputs.get(f"{name}{place + 1}", inputs.get(name))
    if isinstance(held, Mapping):
        found = held.get(f"token{place + 1}", held.get(str(place + 1)))
        return found or None
    if isinstance(held, Sequence) and not isinstance(held, str):
        return (held[place] or None) if place < len(held) else None
    return held or None


def _scale(inputs: Inputs, names: tuple[str, str], *, place: int) -> tuple[int, int | None]:
    """The total of a bank in native units and the start of its scaling in quote, wad."""
    total, start = (_of_token(inputs, name, place=place) for name in names)
    if isinstance(start, Sequence) and not isinstance(start, str):
        total, start = start
    return _wad(total or 0), _wad(start) if start else None


def _token(inputs: Inputs, place: int) -> Token:
    price = _PRICES[place] * WAD
    deposits, deposit_start = _scale(inputs, ("deposits", "dscale"), place=place)
    borrows, borrow_start = _scale(inputs, ("borrows", "bscale"), place=place)
    return Token(
        wad(inputs, f"token{place + 1}", default=0),
        Prices(price, price),
        _WEIGHTS[place],
        deposits=deposits,
        borrows=borrows,
        deposit_scale_start=deposit_start,
        borrow_scale_start=borrow_start,
    )


def _orders(inputs: Inputs, place: int) -> OpenOrders:
    quote, base = inputs.get(f"serum_1{place + 1}", (0, 0))
    return OpenOrders(place, 0, reserved_base=_wad(base), reserved_quote=_wad(quote))


def _perp(inputs: Inputs) -> Perp:
    base, quote, bids, asks = map(_wad, inputs.get("perp", (0, 0, 0, 0)))
    price = _PRICES[1] * WAD
    return Perp(
        base * _LOT,
        quote,
        bids * _LOT,
        asks * _LOT,
        prices=Prices(price, price),
        weights=_PERP_WEIGHTS,
        overall_initial_wad=div_down(95 * WAD, 100),
        overall_maintenance_wad=div_down(98 * WAD, 100),
    )


def _health(inputs: Inputs) -> Fraction | None:
    account = Account(
        [_token(inputs, place) for place in range(3)],
        [_orders(inputs, place) for place in (1, 2)],
        [_perp(inputs)],
    )
    return from_wad(health(account, Level.INITIAL))


def _stable_price(inputs: Inputs) -> Fraction | None:
    now_s = 0
    model = started(wad(inputs, "start_price"), now_s)
    for step, count, price in inputs["segments"]:
        seconds, price_wad = whole({"step": step}, "step"), _wad(price)
        for _ in range(whole({"steps": count}, "steps")):
            now_s += seconds
            model = updated(model, price_wad, now_s=now_s)
    return from_wad(model.price_wad)


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "mango_init_health": _health,
    "mango_stable_price": _stable_price,
}
