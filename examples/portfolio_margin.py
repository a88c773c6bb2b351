"""Margins of real option portfolios under five venues' rules, side by side, explained and replayed.

    python examples/portfolio_margin.py                      # a synthetic chain, no data needed
    python examples/portfolio_margin.py --data ../shared/data --currency BTC
    python examples/portfolio_margin.py --data ../shared/data --replay

Prints the table to stdout and writes a page that explains one portfolio under one venue's rules
(--portfolio, --venue) to --out. With --data the chain is a snapshot of Deribit's, the last one
unless --snapshot counts another; with --replay the portfolios of the first snapshot are held to
their expiry and their initial margin is printed for every snapshot (* account value below it,
! below maintenance). Exit codes: 0 done, 2 usage,
3 missing data.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from trimtab.adapters.files import ChainSnapshot, read_option_chain
from trimtab.apps.option_portfolios import NamedBook, named_books, repriced, synthetic_snapshot
from trimtab.apps.report import portfolio_report
from trimtab.protocols.option_book import OptionBook, value_wad
from trimtab.protocols.option_explanation import explain
from trimtab.protocols.option_venues import VENUES
from trimtab.units import WAD, Time, TrimtabError

CHAIN = Path("options/deribit_option_chain_snapshots_2026.parquet")
HELD_DAYS_MIN = 150


def side_by_side(books: Sequence[NamedBook]) -> list[str]:
    """The initial requirement of each portfolio under each venue, in whole quote."""
    lines = [f"{'portfolio':16}{'value':>10}" + "".join(f"{name:>10}" for name in VENUES)]
    for named in books:
        needs = [assess(named.book).initial_wad for assess in VENUES.values()]
        figures = "".join(f"{round(need / WAD):>10,}" for need in needs)
        lines.append(f"{named.name:16}{round(value_wad(named.book) / WAD):>10,}{figures}")
    return lines


def replay(snapshots: Sequence[ChainSnapshot], venue: str) -> list[str]:
    """The portfolios of the first snapshot, held to expiry: initial margin under one venue.

    A star says that the account's value is below it, an exclamation mark that it is below the
    maintenance margin: the account would be liquidated.
    """
    first = snapshots[0]
    near, far = _held_expiries(first)
    books = named_books(first, near_ns=near, far_ns=far)
    lines = [f"{'time':18}{'index':>9}" + "".join(f"{book.name:>17}" for book in books)]
    for snapshot in snapshots:
        found = [repriced(named.book, snapshot) for named in books]
        if any(book is None for book in found):
            continue
        figures = "".join(f"{_figure(book, venue):>17}" for book in found if book)
        when = Time(snapshot.at_ns).text()[:16]
        lines.append(f"{when:18}{round(snapshot.index_wad / WAD):>9,}{figures}")
    return lines


def _figure(book: OptionBook, venue: str) -> str:
    found, worth = VENUES[venue](book), value_wad(book)
    sign = "!" if worth < found.maintenance_wad else "*" if worth < found.initial_wad else " "
    return f"{round(found.initial_wad / WAD):,}{sign}"


def _held_expiries(snapshot: ChainSnapshot) -> tuple[int, int]:
    """The first expiry half a year off, and the last one."""
    held_ns = HELD_DAYS_MIN * 86_400 * 10**9
    near = next(at for at in snapshot.forwards_wad if at - snapshot.at_ns > held_ns)
    return near, max(snapshot.forwards_wad)


def main(arguments: list[str] | None = None) -> int:
    """Print the table, write the page; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the data sets; none: synthetic")
    parser.add_argument("--currency", default="BTC", help="BTC or ETH, both with BTC's parameters")
    parser.add_argument("--snapshot", type=int, default=-1, help="which, -1 is the last")
    parser.add_argument("--portfolio", default="iron condor", help="the one to explain")
    parser.add_argument("--venue", choices=VENUES, default="pmrm2", help="the rules to explain")
    parser.add_argument("--out", type=Path, default=Path("out/portfolio_margin.html"))
    parser.add_argument("--replay", action="store_true", help="margin at every snapshot")
    given = parser.parse_args(arguments)
    try:
        snapshots = (
            read_option_chain(given.data / CHAIN, given.currency)
            if given.data
            else (synthetic_snapshot(),)
        )
    except TrimtabError as error:
        print(error, file=sys.stderr)
        return 3
    snapshot = snapshots[given.snapshot]
    books = {named.name: named for named in named_books(snapshot)}
    if given.portfolio not in books:
        print(f"no portfolio {given.portfolio!r}; one of: {', '.join(books)}", file=sys.stderr)
        return 2
    if given.replay:
        print("\n".join(replay(snapshots, given.venue)))
        return 0
    print("\n".join(side_by_side(list(books.values()))))
    named = books[given.portfolio]
    found = {key: explain(named.book, assess) for key, assess in VENUES.items()}
    typed = " ".join(["python examples/portfolio_margin.py", *(arguments or sys.argv[1:])])
    page = portfolio_report(named, found, venue=given.venue, at_ns=snapshot.at_ns, command=typed)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(page, encoding="utf-8")
    print(f"written: {given.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
