"""A list of accounts to read instead of those that events name."""

from pathlib import Path

from trimtab.adapters.chains.abi import checked_address
from trimtab.adapters.files.encoding import read_text
from trimtab.units import DataError


def read_accounts(path: Path) -> tuple[str, ...]:
    """Return the addresses of a text file, in lower case, sorted, each once.

    Args:
        path: UTF-8, an address a line; empty lines and what follows a `#` are left out.

    Raises:
        DataError: unreadable, a line that is no address, or no address at all.
    """
    found = set()
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        word = line.partition("#")[0].strip()
        if word:
            try:
                found.add(checked_address(word, path.name))
            except DataError as error:
                raise error.located(row=row) from None
    if not found:
        raise DataError("the list of accounts is empty", where=path.name, expected="an address")
    return tuple(sorted(found))
