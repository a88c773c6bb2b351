"""The command line for the tests: in this process or in its own, and a small case to ask."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from trimtab.apps.cli import main

RULES = """\
[venue]
name = "small"
quote = "USD"

[assets.ETH]
decimals = 18
max_ltv = 0.75
liquidation_threshold = 0.80
liquidation_bonus = 0.05

[assets.BTC]
decimals = 8
max_ltv = 0.70
liquidation_threshold = 0.75
liquidation_bonus = 0.05

[assets.USDC]
decimals = 6

[insurance]
balance = 40
"""
BOOK = """\
account,instrument,quantity,group
ann,ETH,10,
ann,USDC,-12000,
bob,ETH,3,
bob,BTC,0.1,
bob,USDC,-5600,
dee,USDC,50000,
eve,ETH,7,loop
eve,USDC,-11100,loop
"""
CRASH = (2000, 1990, 1800, 1500, 1450, 1100, 700, 900, 1200)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left: its exit code and both streams."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """Standard output as text."""
        return self.raw.decode()

    @property
    def complaint(self) -> str:
        """The one line of an error; nothing else may have been said, and nothing printed."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: ")
        assert "Traceback" not in self.err
        assert self.raw == b""
        return lines[0]


def prices_text(prices: tuple[float, ...] = CRASH) -> str:
    """prices.csv of the small case, ten minutes a step."""
    rows = ["timestamp,asset,price"]
    for number, price in enumerate(prices):
        day, minute = divmod(number * 10, 1440)
        stamp = f"2020-{1 + day // 28:02}-{1 + day % 28:02}T{minute // 60:02}:{minute % 60:02}:00Z"
        rows += [f"{stamp},ETH,{price}", f"{stamp},BTC,{20 * price - 10_000 or 1}"]
        rows.append(f"{stamp},USDC,1")
    return "\n".join([*rows, ""]).replace(",-", ",")


def write_case(folder: Path, **texts: str) -> Path:
    """Write the small case and return its folder; `texts` replace rules, book or prices."""
    files = {"rules": RULES, "book": BOOK, "prices": prices_text()} | texts
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in files.items():
        name = "rules.toml" if stem == "rules" else f"{stem}.csv"
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def ask(*words: object) -> Answer:
    """Run a command in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    argv = ["trimtab", *map(str, words)]
    with mock.patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as done:
            code = done.code
    out.flush()
    assert isinstance(code, int)
    return Answer(code, out.buffer.getvalue(), err.getvalue())  # type: ignore[attr-defined]


def command(*words: object) -> list[str]:
    """The command as a process of its own."""
    return [sys.executable, "-c", "from trimtab.apps.cli import main; main()", *map(str, words)]


def environment(**changes: str) -> Mapping[str, str]:
    """The environment of a command's own process: no colors, no width of a terminal."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR")}
    return kept | {"NO_COLOR": "1"} | changes


def spawn(*words: object, cwd: Path | None = None) -> Answer:
    """Run a command in its own process."""
    done = subprocess.run(
        command(*words), capture_output=True, cwd=cwd, env=environment(), check=False, timeout=60
    )
    return Answer(done.returncode, done.stdout, done.stderr.decode())
