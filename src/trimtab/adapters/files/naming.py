"""Names in input files: which are acceptable, and which one a misspelt one was meant to be."""

import difflib
from collections.abc import Iterable

from trimtab.units import DataError

LISTED_MAX = 8
COMPARED_LENGTH_MAX = 60
CLOSE_ENOUGH = 0.5


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown name: the nearest known one, else the known ones.

    >>> nearest_hint("max_lvt", ["decimals", "max_ltv"]), nearest_hint("eth", ["ETH", "BTC"])
    ('did you mean max_ltv?', 'did you mean ETH?')
    """
    shown = {each.casefold(): each for each in known}
    # difflib is quadratic, and the name may be as long as a hostile file makes it.
    wanted = name.casefold()[:COMPARED_LENGTH_MAX]
    close = difflib.get_close_matches(wanted, shown, n=1, cutoff=CLOSE_ENOUGH)
    if close:
        return f"did you mean {shown[close[0]]}?"
    listed = [each[:COMPARED_LENGTH_MAX] for each in list(shown.values())[:LISTED_MAX]]
    more = ", ..." if len(shown) > LISTED_MAX else ""
    return f"known: {', '.join(listed)}{more}"


def check_name(name: str, what: str) -> None:
    """Raise DataError unless `name` is fit for an account, group, asset, category or venue.

    Args:
        name: the name as written.
        what: the noun it names, for the message.
    """
    if not name:
        raise DataError(f"the {what} has no name", found=name, expected="a name")
    if not name.isprintable():
        raise DataError(
            f"the {what} name holds a character that does not print",
            found=name,
            expected="printable characters",
        )
    if name != name.strip():
        raise DataError(
            f"the {what} name begins or ends with a space", found=name, expected=repr(name.strip())
        )


def check_own_name(name: str, what: str) -> None:
    """Raise DataError unless `name` is acceptable and leaves the venue's own marks alone."""
    check_name(name, what)
    if name.startswith("@"):
        raise DataError(
            f"the {what} name begins with @, which marks what the venue owns",
            found=name,
            expected="another first character",
        )
    if "/" in name:
        raise DataError(
            f"the {what} name holds a slash, which parts an account from its group",
            found=name,
            expected="a name without /",
        )
