"""`trimtab import PROTOCOL`: the command line of reading a chain."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab.apps.console import exit_code

if TYPE_CHECKING:
    from trimtab.adapters.chains import Source

imports = typer.Typer(
    name="import",
    help="Read accounts of a chain, or market data of an exchange, into a case folder.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Rpc = Annotated[str, typer.Option(help="URL of the node.", envvar="TRIMTAB_RPC")]
Out = Annotated[Path, typer.Option(help="Case folder to write.")]
Block = Annotated[str, typer.Option(help="Block to read at: a number, latest, safe or finalized.")]
ChainId = Annotated[
    int | None, typer.Option(help="Refuse a node that follows another chain.", min=1)
]
FromBlock = Annotated[int, typer.Option(help="Look for events from this block on.", min=0)]
Chunk = Annotated[int, typer.Option(help="Most blocks in one question for events.", min=1)]
Accounts = Annotated[
    Path | None, typer.Option(help="Read these addresses, one a line, not those of events.")
]
Quote = Annotated[str, typer.Option(help="Name of the unit of prices.")]
Rate = Annotated[float, typer.Option(help="Requests a second at most.", min=0.01)]
Tries = Annotated[
    int, typer.Option(help="How often a request is tried before it is given up.", min=1)
]
Timeout = Annotated[float, typer.Option(help="How long to wait for an answer.", min=0.1)]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted read.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@dataclass(frozen=True, slots=True)
class Question:
    """The options that all protocols share."""

    rpc: str
    out: Path
    block: str
    chain_id: int | None
    from_block: int
    chunk_blocks: int
    accounts: Path | None
    quote: str
    requests_per_second: float
    tries: int
    timeout_seconds: float
    resume: bool
    debug: bool

    def run(self, source: "Callable[[], Source]") -> None:
        """Read the source and leave with the exit code; heavy imports happen in here."""

        def verb() -> None:
            from trimtab.adapters.chains import Manners
            from trimtab.apps.importing import import_case, run_import

            chosen = source()
            run_import(
                chosen,
                self.out,
                ask=lambda tell: import_case(
                    chosen,
                    self.out,
                    rpc=self.rpc,
                    block=self.block,
                    chain_id=self.chain_id,
                    from_block=self.from_block,
                    chunk_blocks=self.chunk_blocks,
                    accounts=self.accounts,
                    quote=self.quote,
                    resume=self.resume,
                    manners=Manners(rate_per_s=self.requests_per_second, tries_max=self.tries),
                    timeout_s=self.timeout_seconds,
                    progress=tell,
                ),
            )

        raise typer.Exit(exit_code(verb, debug=self.debug))


@imports.command("aave-v3")
def aave_v3(
    *,
    rpc: Rpc,
    pool: Annotated[str, typer.Option(help="Address of the pool.")],
    out: Out,
    block: Block = "latest",
    chain_id: ChainId = None,
    from_block: FromBlock = 0,
    chunk_blocks: Chunk = 10_000,
    accounts: Accounts = None,
    quote: Quote = "USD",
    requests_per_second: Rate = 20.0,
    tries: Tries = 6,
    timeout_seconds: Timeout = 30.0,
    resume: Resume = False,
    debug: Debug = False,
) -> None:
    """A pool of Aave v3, with its reserves, categories and oracle prices.

    \b
    Example: trimtab import aave-v3 --rpc URL \\
        --pool 0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2 --block 21000000 \\
        --from-block 16291127 --out out/aave
    """

    def source() -> "Source":
        from trimtab.adapters.chains import AaveV3, checked_address

        return AaveV3(checked_address(pool, "--pool"))

    Question(
        rpc=rpc,
        out=out,
        block=block,
        chain_id=chain_id,
        from_block=from_block,
        chunk_blocks=chunk_blocks,
        accounts=accounts,
        quote=quote,
        requests_per_second=requests_per_second,
        tries=tries,
        timeout_seconds=timeout_seconds,
        resume=resume,
        debug=debug,
    ).run(source)


@imports.command("compound-v3")
def compound_v3(
    *,
    rpc: Rpc,
    comet: Annotated[str, typer.Option(help="Address of the market.")],
    out: Out,
    block: Block = "latest",
    chain_id: ChainId = None,
    from_block: FromBlock = 0,
    chunk_blocks: Chunk = 10_000,
    accounts: Accounts = None,
    quote: Quote = "USD",
    requests_per_second: Rate = 20.0,
    tries: Tries = 6,
    timeout_seconds: Timeout = 30.0,
    resume: Resume = False,
    debug: Debug = False,
) -> None:
    """A market of Compound III (a Comet), with its collaterals and feed prices.

    \b
    Example: trimtab import compound-v3 --rpc URL \\
        --comet 0xc3d688B66703497DAA19211EEdff47f25384cdc3 --block 21000000 \\
        --from-block 15331586 --out out/compound
    """

    def source() -> "Source":
        from trimtab.adapters.chains import CompoundV3, checked_address

        return CompoundV3(checked_address(comet, "--comet"))

    Question(
        rpc=rpc,
        out=out,
        block=block,
        chain_id=chain_id,
        from_block=from_block,
        chunk_blocks=chunk_blocks,
        accounts=accounts,
        quote=quote,
        requests_per_second=requests_per_second,
        tries=tries,
        timeout_seconds=timeout_seconds,
        resume=resume,
        debug=debug,
    ).run(source)


@imports.command("morpho-blue")
def morpho_blue(
    *,
    rpc: Rpc,
    market: Annotated[list[str], typer.Option(help="Id of a market; may be given again.")],
    out: Out,
    morpho: Annotated[
        str | None, typer.Option(help="Address of Morpho, where it is another than Ethereum's.")
    ] = None,
    block: Block = "latest",
    chain_id: ChainId = None,
    from_block: FromBlock = 0,
    chunk_blocks: Chunk = 10_000,
    accounts: Accounts = None,
    quote: Annotated[str, typer.Option(help="Name of the loan asset; absent: its symbol.")] = "",
    requests_per_second: Rate = 20.0,
    tries: Tries = 6,
    timeout_seconds: Timeout = 30.0,
    resume: Resume = False,
    debug: Debug = False,
) -> None:
    """Markets of Morpho Blue that lend one asset, which is the quote.

    \b
    Example: trimtab import morpho-blue --rpc URL --block 21000000 \\
        --market \\
        0xb323495f7e4148be5643a4ea4a8221eef163e4bccfdedc2a6f4696baacbc86cc \\
        --from-block 18883124 --out out/morpho
    """

    def source() -> "Source":
        from trimtab.adapters.chains import MORPHO, MorphoBlue, checked_address, checked_hash

        ids = tuple(dict.fromkeys(checked_hash(one, "--market") for one in market))
        return MorphoBlue(ids, checked_address(morpho or MORPHO, "--morpho"))

    Question(
        rpc=rpc,
        out=out,
        block=block,
        chain_id=chain_id,
        from_block=from_block,
        chunk_blocks=chunk_blocks,
        accounts=accounts,
        quote=quote,
        requests_per_second=requests_per_second,
        tries=tries,
        timeout_seconds=timeout_seconds,
        resume=resume,
        debug=debug,
    ).run(source)
