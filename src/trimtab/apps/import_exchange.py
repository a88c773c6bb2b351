"""`trimtab import exchange`: market data of an exchange into a case folder."""

from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimtab.apps import console

if TYPE_CHECKING:
    from trimtab.adapters.exchanges import ExchangeQuestion, MarketImport, Progress


class Price(StrEnum):
    """Which price of an instrument."""

    TRADE = "trade"
    MARK = "mark"
    INDEX = "index"


class DataTableName(StrEnum):
    """A table beside the prices."""

    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    DEPTH = "depth"


def exchange(
    name: Annotated[str, typer.Argument(help="Exchange, as ccxt names it.", metavar="NAME")],
    *,
    symbol: Annotated[
        list[str],
        typer.Option(help="ASSET=SYMBOL, symbols as ccxt writes them; may be given again."),
    ],
    since: Annotated[str, typer.Option(help="Begin of the histories, a UTC time.")],
    out: Annotated[Path, typer.Option(help="Case folder to write into.")],
    until: Annotated[str, typer.Option(help="End of the histories, a UTC time; absent: now.")] = "",
    timeframe: Annotated[
        str, typer.Option(help="Length of a candle, such as 1m, 1h or 1d.")
    ] = "1h",
    price: Annotated[Price, typer.Option(help="Which price.")] = Price.TRADE,
    table: Annotated[
        list[DataTableName] | None,
        typer.Option(help="Read this beside prices; may be given again; all where none is."),
    ] = None,
    depth_levels: Annotated[
        int, typer.Option(help="Price levels of each side of the order book.", min=1)
    ] = 100,
    quote: Annotated[
        str, typer.Option(help="Name of the unit of prices; absent: that of the symbols.")
    ] = "",
    tries: Annotated[
        int, typer.Option(help="How often a request is tried before it is given up.", min=1)
    ] = 6,
    timeout_seconds: Annotated[
        float, typer.Option(help="How long to wait for an answer.", min=0.1)
    ] = 30.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a broken read.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Prices, funding, open interest and order books of an exchange, through ccxt.

    \b
    Example: trimtab import exchange binanceusdm --symbol ETH=ETH/USDT:USDT \\
        --since 2024-01-01 --out out/market
    """

    def verb() -> None:
        from trimtab.adapters.exchanges import DataTable, ExchangeQuestion, Manners, PriceKind
        from trimtab.adapters.exchanges.question import symbol_of

        named = table or list(DataTableName)
        question = ExchangeQuestion(
            exchange=name,
            symbols=dict(symbol_of(text) for text in symbol),
            since_ns=instant(since, "--since"),
            until_ns=instant(until, "--until") if until else None,
            timeframe=timeframe,
            price=PriceKind(price.value),
            tables=frozenset(DataTable(one.value) for one in named),
            depth_levels=depth_levels,
            quote=quote,
        )
        manners = Manners(tries_max=tries, timeout_s=timeout_seconds)
        run_import_exchange(question, out, resume=resume, manners=manners)

    raise typer.Exit(console.exit_code(verb, debug=debug))


def instant(text: str, option: str) -> int:
    """Return a date or time as ns UTC.

    Raises:
        UsageError: it is neither.
    """
    from trimtab.units import NumberError, Time, UsageError

    try:
        return Time.parse(text if "T" in text else f"{text}T00:00:00Z").raw
    except NumberError as error:
        raise UsageError(f"{option} {text!r}: {error.what}; expected 2024-01-31") from None


class Bars:
    """A progress bar on stderr per history that is read; a context manager ends the last one."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._what = ""
        self._tell: Callable[[int, int], None] | None = None

    def tell(self, now: "Progress") -> None:
        """Show how much of a history is read, in hours."""
        if now.what != self._what or self._tell is None:
            self._stack.close()
            self._tell = self._stack.enter_context(console.progress(f"{now.what} (hours)"))
            self._what = now.what
        self._tell(now.done // 3_600_000, max(now.of // 3_600_000, 1))

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def run_import_exchange(
    question: "ExchangeQuestion",
    out: Path,
    *,
    resume: bool = False,
    manners: Any = None,
    client: Any = None,
) -> "MarketImport":
    """Read with a progress bar, then say what was read."""
    from trimtab.adapters.exchanges import import_market_data

    console.require_folder("--out", out)
    try:
        with Bars() as bars:
            found = import_market_data(
                question, out, resume=resume, manners=manners, progress=bars.tell, client=client
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; what was read is kept beside {out}: go on with --resume"
        ) from None
    for note in found.notes:
        console.say(f"warning: {note}")
    rows = ", ".join(f"{count} rows of {table}" for table, count in found.rows.items())
    console.say(f"{found.exchange}: {rows}; case: {out}")
    return found
