"""A case to stress: a small book, a history of some days, and a market that thins."""

from __future__ import annotations

import math
from pathlib import Path

from tests.apps.command_line import write_case

STRESS_FILE = """\
[markets.ETH]
kind = "linear"
depth = 40
within = 0.02
recovery = 3600

[markets.BTC]
kind = "square_root"
coefficient = 0.01

[oracle."*"]
deviation = 0.005
heartbeat = 3600

[chain]
gas_cost = 5
failure = 0.1

[keepers]
min_profit = 1

[horizon]
length = 21600
step = 600
paths = 48
"""


def swinging(steps: int = 640) -> tuple[float, ...]:
    """Prices of ether that swing without repeating: a sum of waves of unrelated periods."""
    return tuple(
        round(
            1800.0
            * math.exp(
                0.05 * math.sin(step * 0.37)
                + 0.03 * math.sin(step * 1.93 + 1.0)
                + 0.02 * math.sin(step * step * 0.011)
            ),
            2,
        )
        for step in range(steps)
    )


def prices_text(steps: int = 640) -> str:
    """prices.csv, ten minutes a step; bitcoin follows its own waves."""
    rows = ["timestamp,asset,price"]
    for step, price in enumerate(swinging(steps)):
        day, minute = divmod(step * 10, 1440)
        stamp = f"2020-01-{1 + day:02}T{minute // 60:02}:{minute % 60:02}:00Z"
        other = round(26_000.0 * math.exp(0.04 * math.sin(step * 0.71 + 2.0)), 2)
        rows += [f"{stamp},ETH,{price}", f"{stamp},BTC,{other}", f"{stamp},USDC,1"]
    return "\n".join([*rows, ""])


def write_stress_case(folder: Path, *, settings: str | None = None, **texts: str) -> Path:
    """Write the case and return its folder; `settings` is the text of its stress file, if any."""
    written = write_case(folder, **({"prices": prices_text()} | texts))
    if settings is not None:
        (written / "stress.toml").write_text(settings, encoding="utf-8")
    return written
