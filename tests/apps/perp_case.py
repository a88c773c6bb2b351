"""A small venue with a linear, an inverse and an empty market, for the tests of positions."""

from __future__ import annotations

from pathlib import Path

PERP_RULES = """\
[venue]
name = "perps"
quote = "USD"

[assets.USD]
decimals = 6
max_ltv = 1.0
liquidation_threshold = 1.0

[assets.ETH]
decimals = 18
max_ltv = 0.80
liquidation_threshold = 0.85
liquidation_bonus = 0.05

[assets.BTC]
decimals = 8
max_ltv = 0.90
liquidation_threshold = 0.95
liquidation_bonus = 0.05

[markets.ETH-PERP]
asset = "ETH"
decimals = 6
initial_margin = 0.10
maintenance_margin = 0.05
liquidator_fee = 0.005
insurance_fee = 0.01
funding = "recorded"
funding_period = 3600

[markets.BTC-USD]
kind = "inverse_perp"
asset = "BTC"
initial_margin = 0.10
maintenance_margin = 0.05
liquidator_fee = 0.005

[markets.VOID-PERP]
asset = "BTC"
decimals = 4
initial_margin = 0.5
maintenance_margin = 0.25

[insurance]
balance = 40

[backstop]
balance = 25

[deleveraging]
policy = "queue"
"""
# Longs of ETH: ann and bob, and bob's isolated group; shorts: cat, dee and the group of eve.
PERP_BOOK = """\
account,instrument,quantity,entry_price,group
ann,USD,900,,
ann,ETH-PERP,4,2010,
bob,USD,1500,,
bob,ETH-PERP,3,1990,
bob,USD,150,,iso
bob,ETH-PERP,1,2000,iso
cat,USD,4000,,
cat,ETH-PERP,-3,2005,
dee,USD,2500,,
dee,ETH-PERP,-4,1995,
eve,USD,260,,iso
eve,ETH-PERP,-1,2000,iso
fay,BTC,0.2,,
fay,BTC-USD,12000,29900,
gus,USD,3000,,
gus,BTC-USD,-9000,30100,
hal,ETH,2,,
hal,USD,-2000,,
ivy,USD,9000,,
"""
# The same without hal, the one borrower.
NO_DEBT_BOOK = "".join(line for line in PERP_BOOK.splitlines(keepends=True) if "hal" not in line)
# ETH, the mark of ETH-PERP where there is one, BTC; a step every half an hour.
STEPS = (
    ("2000", "", "30000"),
    ("1950", "1930", "29500"),
    ("1640", "1632.5", "24000"),
    ("1500", "1490", "23000"),
    ("1900", "1905", "27000"),
    ("2300", "2310", "33000"),
)
FUNDING = """\
timestamp,market,rate
2024-01-01T00:20:00Z,ETH-PERP,0.001
2024-01-01T01:20:00Z,ETH-PERP,-0.0004
"""
MARKETS = ("BTC-USD", "ETH-PERP", "VOID-PERP")


def clock(step: int) -> str:
    """The time of a price row."""
    hour, half = divmod(step, 2)
    return f"2024-01-01T{hour:02}:{30 * half:02}:00Z"


def prices_of_steps(steps: tuple[tuple[str, str, str], ...] = STEPS) -> str:
    """prices.csv, long."""
    rows = ["timestamp,asset,price"]
    for number, quoted in enumerate(steps):
        for name, price in zip(("ETH", "ETH-PERP", "BTC"), quoted, strict=True):
            rows += [f"{clock(number)},{name},{price}"] if price else []
    return "\n".join([*rows, ""])


def write_perps(folder: Path, **texts: str) -> Path:
    """Write the case and return its folder; `texts` replace rules, book, prices or funding."""
    files = {
        "rules": PERP_RULES,
        "book": PERP_BOOK,
        "prices": prices_of_steps(),
        "funding": FUNDING,
    } | texts
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in files.items():
        if text:
            name = "rules.toml" if stem == "rules" else f"{stem}.csv"
            (folder / name).write_text(text, encoding="utf-8")
    return folder
