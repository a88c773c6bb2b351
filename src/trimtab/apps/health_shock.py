"""Where a book stands after prices have moved at once: what is asked, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trimtab.apps.summaries import WAD_DECIMALS, wad_text
from trimtab.engine import Draft
from trimtab.model import Case, account_key
from trimtab.simulation import Standing, standing
from trimtab.simulation.price_shock import Shock
from trimtab.units import WAD, DataError, NumberError, UsageError, parse_decimal

EVERY_OTHER: Final = "*"
FORMS: Final = "ASSET=-30% (a move) or ASSET=1500 (a price); * is every other asset"
_PERCENT_DECIMALS: Final = WAD_DECIMALS - 2


@dataclass(frozen=True, slots=True)
class PriceMove:
    """An asset's price before and after, wad of the quote."""

    asset: str
    before_wad: int
    after_wad: int


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a shock did: prices that moved, and who is liquidatable only since.

    asked: the moves as they were asked for, by asset. owed_by_wildcard: assets that accounts owe
    and that `*` moved, for nobody named them.
    """

    asked: Mapping[str, str]
    moves: tuple[PriceMove, ...]
    liquidatable_before: int
    newly_liquidatable: tuple[str, ...]
    owed_by_wildcard: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What a reader may not expect of `*`, in one line; "" where there is nothing to say."""
        if not self.owed_by_wildcard:
            return ""
        owed = ", ".join(self.owed_by_wildcard)
        return f"* moved what is owed too: {owed}; name assets to move them alone"

    def document(self) -> dict[str, Any]:
        """As JSON has it: exact decimal texts."""
        return {
            "asked": dict(self.asked),
            "prices": [
                {
                    "asset": one.asset,
                    "before": wad_text(one.before_wad),
                    "after": wad_text(one.after_wad),
                }
                for one in self.moves
            ],
            "liquidatable_before": self.liquidatable_before,
            "newly_liquidatable": list(self.newly_liquidatable),
            "owed_by_wildcard": list(self.owed_by_wildcard),
            "note": self.note,
        }


def moves_of(texts: Sequence[str]) -> dict[str, str]:
    """Return what `ASSET=MOVE` texts ask for, by asset.

    >>> moves_of(["ETH=-30%", "*=-10%"])
    {'ETH': '-30%', '*': '-10%'}

    Raises:
        UsageError: another form, or an asset twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        asset, separator, move = text.rpartition("=")
        if not separator or not asset or not move:
            raise UsageError(f"--shock {text!r}: expected {FORMS}")
        if asset in found:
            raise UsageError(f"--shock {text!r}: {asset} is moved to {found[asset]} already")
        found[asset] = move
    return found


def shock_of(moves: Mapping[str, str]) -> Shock:
    """Return the shock of moves by asset: `-30%` changes a price, `1500` is one.

    Raises:
        UsageError: no number, a fall of all there is or more, or a price of `*`.
    """
    factors, prices, rest = {}, {}, WAD
    for asset, text in moves.items():
        is_move = text.endswith("%")
        try:
            value = parse_decimal(
                text.removesuffix("%"), _PERCENT_DECIMALS if is_move else WAD_DECIMALS
            )
        except NumberError:
            raise UsageError(f"--shock {asset}={text}: expected {FORMS}") from None
        if (WAD + value if is_move else value) <= 0:
            fall = not is_move and -100 * WAD < value < 0
            hint = f"; {asset}={text}% for a fall of {text[1:]} %" if fall else ""
            raise UsageError(f"--shock {asset}={text}: expected a price above 0 after it{hint}")
        if asset == EVERY_OTHER and not is_move:
            raise UsageError(f"--shock {asset}={text}: expected a move, such as *=-20%")
        if asset == EVERY_OTHER:
            rest = WAD + value
        elif is_move:
            factors[asset] = WAD + value
        else:
            prices[asset] = value
    return Shock(factors, prices, rest)


def shocked_standing(
    case: Case, moves: Mapping[str, str], *, at_ns: int | None
) -> tuple[Standing, Aftermath]:
    """Return where every account stands once prices have moved, and what that changed.

    Raises:
        UsageError: moves that cannot be made; DataError: see `standing`.
    """
    before, shock = standing(case, at_ns=at_ns), shock_of(moves)
    try:
        after = standing(case, at_ns=at_ns, shock=shock)
    except DataError as error:
        asset = error.column or error.found or ""
        given = moves.get(asset, moves.get(EVERY_OTHER, ""))
        expected = f"; expected {error.expected}" if error.expected else ""
        raise UsageError(f"--shock {asset}={given}: {error.what}{expected}") from None
    were = _liquidatable(before)
    new = tuple(name for name in _liquidatable(after) if name not in set(were))
    found, owed = _moves(before, after), _owed_by_wildcard(case, moves)
    moved = {one.asset for one in found}
    owed = tuple(name for name in owed if name in moved)
    return after, Aftermath(dict(moves), found, len(were), new, owed)


def _owed_by_wildcard(case: Case, moves: Mapping[str, str]) -> tuple[str, ...]:
    """Assets of the book's debts that only `*` speaks of, in the order of the rules."""
    if EVERY_OTHER not in moves:
        return ()
    assets = case.rules.assets
    owed = {row.instrument for row in case.book if row.quantity < 0}
    named = {name for name, rules in assets.items() if {name, rules.underlying} & moves.keys()}
    return tuple(name for name in assets if name in owed - named)


def _liquidatable(found: Standing) -> list[str]:
    return [account_key(one.account, one.group) for one in found.accounts if one.liquidatable]


def _moves(before: Standing, after: Standing) -> tuple[PriceMove, ...]:
    first, last = (Draft(one.store, one.as_of_ns) for one in (before, after))
    found = []
    for asset in before.case.rules.assets:
        old, new = first.mark_if_priced(asset), last.mark_if_priced(asset)
        if old is not None and new is not None and old.price_wad != new.price_wad:
            found.append(PriceMove(asset, old.price_wad, new.price_wad))
    return tuple(found)
