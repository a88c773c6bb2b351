"""The Python front of `trimtab import`: a protocol's positions on a chain to a case folder."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from trimtab.adapters.chains import (
    HttpWire,
    Manners,
    Outcome,
    PacedWire,
    Plan,
    Progress,
    Source,
    Span,
    SystemClock,
    checked_address,
    read_accounts,
    read_case,
)
from trimtab.apps import console
from trimtab.units import UsageError

TAGS = ("latest", "safe", "finalized")
EXTRA = "reading a chain needs the extra `chain`: pip install 'trimtab[chain]'"


def import_case(
    source: Source,
    out: str | Path,
    *,
    rpc: str,
    block: int | str = "latest",
    chain_id: int | None = None,
    from_block: int = 0,
    chunk_blocks: int = 10_000,
    accounts: str | Path | Sequence[str] | None = None,
    quote: str = "",
    resume: bool = False,
    manners: Manners | None = None,
    timeout_s: float = 30.0,
    progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Read a protocol's accounts and configuration at one block and write them as a case.

    Arguments:
        source: `AaveV3(pool)`, `CompoundV3(comet)` or `MorphoBlue(markets)`.
        out: the case folder; an interrupted read keeps what it has in `import.jsonl` there.
        rpc: URL of the node, http or https.
        block: a number, or "latest", "safe" or "finalized".
        chain_id: refuse a node that follows another chain.
        from_block: where to begin to look for events.
        chunk_blocks: most blocks in one question for events.
        accounts: a file with an address a line, or addresses, instead of what events name.
        quote: name of the unit of prices; "" is USD, for Morpho Blue the loan asset's symbol.
        resume: go on with an interrupted read, at its block.
        manners: how fast, and how often again.
        timeout_s: for one answer, seconds.
        progress: is told what is read, how much of it is done, and how much there is.

    Raises:
        UsageError: an argument that no chain could make sense of, or the extra is missing.
        DataError: see `trimtab.adapters.chains.read_case`.
    """
    plan = Plan(
        block=checked_block(block),
        chain_id=chain_id,
        span=Span(from_block, chunk_blocks),
        accounts=_accounts(accounts),
        quote=quote,
        resume=resume,
    )
    try:
        wire = HttpWire(rpc, timeout_s=timeout_s)
    except ModuleNotFoundError:
        raise UsageError(EXTRA) from None
    paced = PacedWire(wire, manners or Manners(), clock=SystemClock())
    return read_case(paced, source, out=Path(out), plan=plan, tell=progress)


def checked_block(block: int | str) -> int | str:
    """Return a block's number or tag; UsageError for anything else."""
    text = str(block)
    if text in TAGS:
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise UsageError(f"--block {text!r}: expected a number or one of {', '.join(TAGS)}")


def _accounts(accounts: str | Path | Sequence[str] | None) -> tuple[str, ...] | None:
    if accounts is None:
        return None
    if isinstance(accounts, str | Path):
        with console.naming_file("--accounts", Path(accounts)):
            return read_accounts(Path(accounts))
    return tuple(sorted({checked_address(one, "accounts") for one in accounts}))


class Bars:
    """A progress bar on stderr per thing that is read; a context manager ends the last one."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._what = ""
        self._tell: Callable[[int, int], None] | None = None

    def tell(self, now: Progress) -> None:
        """Show how much of a thing is done."""
        if now.what != self._what or self._tell is None:
            self._stack.close()
            self._tell = self._stack.enter_context(console.progress(now.what))
            self._what = now.what
        self._tell(now.done, now.of)

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def run_import(
    source: Source, out: Path, *, ask: Callable[[Callable[[Progress], None]], Outcome]
) -> None:
    """`trimtab import`: read with a progress bar, then say what was read.

    Arguments:
        source: what is read.
        out: the case folder.
        ask: reads, given whom to tell its progress.
    """
    console.require_folder("--out", out)
    try:
        with Bars() as bars:
            outcome = ask(bars.tell)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; what was read is kept in {out}: go on with --resume"
        ) from None
    for note in outcome.notes:
        console.say(f"warning: {note}")
    block = outcome.block
    console.say(f"chain {outcome.chain_id}, block {block.number}, {block.hash}")
    console.say(
        f"{outcome.accounts} accounts, {outcome.rows} positions of {source.target}; case: {out}"
    )
