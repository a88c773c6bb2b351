"""Case folders for the tests: a small sound one, of which each test spoils a part."""

from pathlib import Path

import pytest

from trimtab.adapters.files import load_case
from trimtab.units import DataError

RULES = """\
[venue]
name = "example"
quote = "USD"

[assets.ETH]
decimals = 18
max_ltv = 0.80
liquidation_threshold = 0.83
liquidation_bonus = 0.05

[assets.USDC]
decimals = 6
max_ltv = 0.75
liquidation_threshold = 0.78
"""

BOOK = "account,instrument,quantity\nalice,ETH,10\nalice,USDC,-1000.5\n"
PRICES = "timestamp,asset,price\n2020-03-12,ETH,194.5\n2020-03-12,USDC,1\n2020-03-13,ETH,110\n"
# A linear market of 18 decimals, as its asset has, and an inverse one that counts dollars.
MARKETS = """
[markets.ETH-PERP]
asset = "ETH"
initial_margin = 0.1
maintenance_margin = 0.05
funding = "recorded"

[markets.ETH-COIN]
kind = "inverse_perp"
asset = "ETH"
decimals = 2
initial_margin = 0.1
maintenance_margin = 0.05
"""


def case_folder(
    folder: Path,
    *,
    rules: str = RULES,
    book: str | bytes = BOOK,
    prices: str | bytes | None = PRICES,
    gas: str | None = None,
    oracle: str | None = None,
    funding: str | None = None,
) -> Path:
    """Write a case of CSV tables and return its folder."""
    tables = {"book.csv": book, "prices.csv": prices, "gas.csv": gas}
    tables |= {"oracle.csv": oracle, "funding.csv": funding}
    (folder / "rules.toml").write_text(rules)
    for name, content in tables.items():
        if content is not None:
            raw = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(raw)
    return folder


def refusal(folder: Path) -> str:
    """Return the one line with which the case of a folder is refused."""
    with pytest.raises(DataError) as caught:
        load_case(folder)
    return checked_line(caught.value, folder)


def checked_line(error: DataError, folder: Path) -> str:
    """Return the text of an error, which is one printable line without a path of the machine."""
    line = str(error)
    assert line.isprintable()
    assert str(folder) not in line
    return line
