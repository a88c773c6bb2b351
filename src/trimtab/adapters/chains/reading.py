"""From a node to a case folder: pin a block, read, check that the block still stands, write."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trimtab.adapters.chains.case_texts import Venue, write_case
from trimtab.adapters.chains.events import Span, check_span
from trimtab.adapters.chains.node import Block, Node
from trimtab.adapters.chains.reader import Progress, Reader, Tell
from trimtab.adapters.chains.record import begun_at, open_record
from trimtab.adapters.chains.wire import Wire
from trimtab.units import DataError

RECORD = "import.jsonl"


class Source(Protocol):
    """A protocol's contracts, and how their venue is read."""

    @property
    def target(self) -> str:
        """The contract that must be there, lower case."""

    def read(
        self, reader: Reader, *, span: Span, accounts: Sequence[str] | None, quote: str
    ) -> Venue:
        """Return the venue at the reader's block."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read and how.

    Args:
        block: its number, or a tag such as "latest" or "finalized".
        chain_id: the chain that the node must follow; None takes any.
        span: where to look for events.
        accounts: read these instead, lower case; None looks for events.
        quote: name of the unit of prices; "" is the protocol's own choice.
        resume: go on with the interrupted read in the folder.
    """

    block: int | str = "latest"
    chain_id: int | None = None
    span: Span = field(default_factory=Span)
    accounts: tuple[str, ...] | None = None
    quote: str = ""
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was read: the block, and the sizes of the case."""

    chain_id: int
    block: Block
    accounts: int
    rows: int
    notes: tuple[str, ...]


def read_case(
    wire: Wire, source: Source, *, out: Path, plan: Plan, tell: Tell | None = None
) -> Outcome:
    """Read a venue at one block and write its case.

    Every answer is kept in `import.jsonl` of the folder until the case is written; a read that was
    interrupted goes on with `plan.resume`, at its own block.

    Args:
        wire: to the node; it paces and retries.
        source: what to read.
        out: the case folder.
        plan: how.
        tell: is told the progress.

    Raises:
        DataError: the node fails, is on another chain, has not the block, its state or the
            contract, or answers what the protocol would not; an interrupted read is in the way, or
            is of something else; the machine refuses.
    """
    if out.exists() and not out.is_dir():
        raise DataError("the output is not a folder", where=out.name, expected="a folder")
    node, path = Node(wire), out / RECORD
    chain_id = _chain_id(node, plan)
    block = node.block(_wanted(path, plan))
    if plan.accounts is None:
        check_span(plan.span, block.number)
    with open_record(path, _head(chain_id, block)) as record:
        reader = Reader(node, block, record=record, tell=tell or _silent)
        _check_contract(reader, source.target)
        venue = source.read(reader, span=plan.span, accounts=plan.accounts, quote=plan.quote)
        if not venue.rows:
            raise DataError("nobody has a position", where=source.target)
        reader.still_there()
        write_case(out, venue, block=block, chain_id=chain_id)
    path.unlink(missing_ok=True)
    accounts = len({row.account for row in venue.rows})
    return Outcome(chain_id, block, accounts, len(venue.rows), tuple(venue.notes))


def _chain_id(node: Node, plan: Plan) -> int:
    chain_id = node.chain_id()
    if plan.chain_id is not None and chain_id != plan.chain_id:
        raise DataError(
            "the node follows another chain",
            where=node.where,
            found=str(chain_id),
            expected=str(plan.chain_id),
        )
    return chain_id


def _wanted(path: Path, plan: Plan) -> int | str:
    """The block to read: that of the interrupted read, unless the plan names one itself."""
    begun = begun_at(path)
    if begun is None:
        return plan.block
    if not plan.resume:
        raise DataError(
            "an interrupted read is in the folder",
            where=f"{path.parent.name}/{RECORD}",
            found=f"block {begun.get('block')}",
            hint="go on with --resume, or remove the file to start anew",
        )
    return plan.block if isinstance(plan.block, int) else int(begun["block"])


def _head(chain_id: int, block: Block) -> dict[str, str]:
    """What all answers of one record have in common; the questions say the rest."""
    return {"chain_id": str(chain_id), "block": str(block.number), "hash": block.hash}


def _check_contract(reader: Reader, address: str) -> None:
    if not reader.code_size(address):
        raise DataError(
            "there is no contract at this address at the block",
            where=reader.node.where,
            found=address,
            expected=f"the protocol's contract on this chain at block {reader.block.number}",
        )


def _silent(_: Progress) -> None:
    """Told to nobody."""
