"""Replays history with the feedback of liquidations on prices, on and off, and draws it.

    python examples/history_feedback.py --data ../shared/data --out out [--only NAME] [--days N]

The stETH book goes through 2021-05-19 and November 2022; a generated leveraged book goes through
the minutes of January 2021 beside the liquidations that were recorded. Tables go to stdout,
assumptions to stderr, pictures to `--out`. Exit codes: 0 done, 2 usage, 3 missing data.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from feedback_minutes import ASSUMPTIONS as MINUTE_ASSUMPTIONS
from feedback_minutes import DAY, figures, read_minutes, simulate
from feedback_pictures import draw_minutes, draw_steth
from feedback_steth import ASSUMPTIONS as STETH_ASSUMPTIONS
from feedback_steth import COLUMNS, MULTIPLES, WINDOWS, compare, difference, rows_of

MINUTES = "eth-minutes-2021-01"
ALL_DAYS = 28


def steth(name: str, data: Path, *, out: Path, multiples: tuple[int, ...]) -> dict[str, object]:
    """One window of the stETH book: table, sentence, picture."""
    found = compare(name, data, multiples=multiples)
    print(f"## {name}\n\n{markdown(COLUMNS, rows_of(found))}\n\n{difference(found)}\n")
    draw_steth(found, name, path=out / f"{name}-feedback.png")
    return {
        f"x{each.depth} {what}": run.outcomes.row(0)
        for each in found
        for what, run in (("on", each.feedback), ("off", each.without))
    }


def minutes(data: Path, *, out: Path, days: int) -> dict[str, object]:
    """The minutes of January 2021: figures with feedback and without, picture."""
    found = read_minutes(data)
    runs = {
        name: simulate(found, minutes=days * DAY, feedback=name == "on") for name in ("on", "off")
    }
    span = slice(DAY + 1, min(DAY + days * DAY, len(found.price) - 1))
    tables = {name: figures(found, run, span=span) for name, run in runs.items()}
    rows = [(what, *(f"{tables[name][what]:,.3f}" for name in runs)) for what in tables["on"]]
    heads = ("figure", "feedback on", "feedback off")
    print(f"## {MINUTES}\n\n{markdown(heads, rows)}\n")
    on, off = (float(run.longs.sum()) for run in runs.values())
    print(
        f"longs liquidated with feedback less without: {on - off:+,.0f} ETH ({on / off - 1:+.1%})\n"
    )
    draw_minutes(found, runs, span=span, path=out / f"{MINUTES}-feedback.png")
    return dict(tables)


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    rule = ("---", *["---:"] * (len(heads) - 1))
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, rule, *rows))


def main(arguments: list[str] | None = None) -> int:
    """Run all, or the one named by --only."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the pictures")
    parser.add_argument("--only", choices=[*WINDOWS, MINUTES], help="run this alone")
    parser.add_argument("--days", type=int, default=ALL_DAYS, help="days of January from the 2nd")
    parser.add_argument("--depths", type=int, nargs="+", default=MULTIPLES, help="of the pool")
    given = parser.parse_args(arguments)
    if given.days < 1 or min(given.depths) < 1:
        print("--days and --depths are at least 1", file=sys.stderr)
        return 2
    if not (given.data / "accounts").is_dir():
        print(f"no data sets in {given.data}: expected a folder accounts/ there", file=sys.stderr)
        return 3
    given.out.mkdir(parents=True, exist_ok=True)
    documents = {}
    for name in [given.only] if given.only else [*WINDOWS, MINUTES]:
        for note in MINUTE_ASSUMPTIONS if name == MINUTES else STETH_ASSUMPTIONS:
            print(f"{name}: {note}", file=sys.stderr)
        if name == MINUTES:
            documents[name] = minutes(given.data, out=given.out, days=given.days)
        else:
            depths = tuple(given.depths)
            documents[name] = steth(name, given.data, out=given.out, multiples=depths)
    (given.out / "history_feedback.json").write_text(json.dumps(documents, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
