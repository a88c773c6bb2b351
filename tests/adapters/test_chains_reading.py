"""From a node to a folder: pinned to one block, resumed, refused with one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters import aave_pool, compound_market
from tests.adapters.chain_fakes import HEIGHT, FakeChain, address, block_hash, skip_without_extra
from trimtab.adapters.chains import AaveV3, CompoundV3, Outcome, Plan, Progress, Span, read_case
from trimtab.adapters.chains.reading import RECORD
from trimtab.units import DataError

skip_without_extra()

PLAN = Plan(span=Span(0, 100))
ON = Plan(span=Span(0, 100), resume=True)


def read(chain: FakeChain, out: Path, plan: Plan = PLAN) -> Outcome:
    return read_case(chain, AaveV3(aave_pool.POOL), out=out, plan=plan)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def interrupted(out: Path, *, after: int) -> FakeChain:
    """A read that ends after so many requests."""
    chain = aave_pool.pool()
    chain.fails_after = after
    with pytest.raises(KeyboardInterrupt):
        read(chain, out)
    chain.fails_after = None
    return chain


def requests_of_a_whole_read(tmp_path: Path) -> int:
    chain = aave_pool.pool()
    read(chain, tmp_path / "whole")
    return len(chain.asked)


def test_wherever_it_stops_a_resumed_read_ends_the_same(tmp_path: Path) -> None:
    total = requests_of_a_whole_read(tmp_path)
    expected = files(tmp_path / "whole")
    assert RECORD not in expected
    for after in range(0, total, 3):
        out = tmp_path / f"after {after}"
        chain = interrupted(out, after=after)
        asked = len(chain.asked)
        read(chain, out, ON)
        assert files(out) == expected
        # Chain, block, contract, Multicall3 and the block again at the end; the rest is new.
        assert len(chain.asked) <= total + min(asked, 5)


def test_a_resumed_read_keeps_its_block(tmp_path: Path) -> None:
    chain = interrupted(tmp_path / "case", after=20)
    chain.height = HEIGHT + 50  # "latest" is another block by now
    assert read(chain, tmp_path / "case", ON).block.number == HEIGHT
    pins = {str(one.params[1]) for one in chain.asked if one.method == "eth_call"}
    assert pins == {str({"blockHash": block_hash(HEIGHT)})}


def test_an_interrupted_read_is_not_begun_anew_by_mistake(tmp_path: Path) -> None:
    chain = interrupted(tmp_path / "case", after=20)
    before = files(tmp_path / "case")
    with pytest.raises(DataError) as caught:
        read(chain, tmp_path / "case")
    assert str(caught.value) == (
        f"case/{RECORD}: an interrupted read is in the folder; found 'block {HEIGHT}'; "
        "go on with --resume, or remove the file to start anew"
    )
    assert files(tmp_path / "case") == before


def test_a_read_of_another_block_does_not_go_on(tmp_path: Path) -> None:
    chain = interrupted(tmp_path / "case", after=20)
    plan = Plan(block=HEIGHT - 1, span=Span(0, 100), resume=True)
    with pytest.raises(DataError, match="column block: the record is of another block"):
        read(chain, tmp_path / "case", plan)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(span=Span(7, 90), resume=True),
        Plan(span=Span(0, 100), accounts=(aave_pool.ANN,), resume=True),
        Plan(span=Span(0, 3), quote="EUR", resume=True),
    ],
)
def test_who_asks_for_something_else_gets_that(tmp_path: Path, plan: Plan) -> None:
    """Answers are kept by question: those that are asked again are used, the others are not."""
    chain = interrupted(tmp_path / "resumed", after=30)
    read(chain, tmp_path / "resumed", plan)
    read(aave_pool.pool(), tmp_path / "fresh", plan)
    assert files(tmp_path / "resumed") == files(tmp_path / "fresh")


def test_two_blocks_of_one_number_are_never_mixed(tmp_path: Path) -> None:
    chain = interrupted(tmp_path / "case", after=20)
    chain.hashes[HEIGHT] = "0x" + "ff" * 32
    with pytest.raises(DataError, match="column hash: the record is of another block"):
        read(chain, tmp_path / "case", ON)


def test_a_block_that_left_the_chain_while_it_was_read_writes_nothing(tmp_path: Path) -> None:
    chain = aave_pool.pool()
    original = chain.send

    def reorganized(requests: object) -> object:
        if chain.count("eth_call") > 15:
            chain.hashes[HEIGHT] = "0x" + "ff" * 32
        return original(requests)  # type: ignore[arg-type]

    chain.send = reorganized  # type: ignore[method-assign, assignment]
    with pytest.raises(DataError, match="reorganized"):
        read(chain, tmp_path / "case")
    assert not (tmp_path / "case" / "book.csv").exists()


def test_a_node_of_another_chain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(aave_pool.pool(), tmp_path / "case", Plan(chain_id=1))
    assert str(caught.value) == (
        "node.example: the node follows another chain; found '7'; expected 1"
    )
    assert not (tmp_path / "case").exists()


def test_an_address_without_a_contract_is_refused(tmp_path: Path) -> None:
    source = AaveV3(address(0xDEAD))
    with pytest.raises(DataError) as caught:
        read_case(aave_pool.pool(), source, out=tmp_path / "case", plan=PLAN)
    assert "there is no contract at this address at the block" in str(caught.value)
    assert address(0xDEAD) in str(caught.value)
    assert not (tmp_path / "case").exists()


def test_a_contract_of_another_protocol_is_refused(tmp_path: Path) -> None:
    source = AaveV3(compound_market.COMET)
    with pytest.raises(DataError, match="is it a contract of this protocol"):
        read_case(compound_market.market(), source, out=tmp_path / "case", plan=PLAN)
    source_other = CompoundV3(aave_pool.POOL)
    with pytest.raises(DataError, match="is it a contract of this protocol"):
        read_case(aave_pool.pool(), source_other, out=tmp_path / "other", plan=PLAN)


def test_a_block_that_is_not_there_yet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such block"):
        read(aave_pool.pool(), tmp_path / "case", Plan(block=HEIGHT + 1))


def test_accounts_without_a_position_make_no_case(tmp_path: Path) -> None:
    plan = Plan(accounts=(aave_pool.DAN,))
    with pytest.raises(DataError, match="nobody has a position"):
        read(aave_pool.pool(), tmp_path / "case", plan)


def test_a_file_is_no_case_folder(tmp_path: Path) -> None:
    (tmp_path / "case").write_text("mine")
    with pytest.raises(DataError, match="not a folder"):
        read(aave_pool.pool(), tmp_path / "case")
    assert (tmp_path / "case").read_text() == "mine"


def test_a_case_is_replaced_and_strangers_are_left(tmp_path: Path) -> None:
    read(aave_pool.pool(), tmp_path / "case")
    before = files(tmp_path / "case")
    (tmp_path / "case" / "notes.txt").write_text("mine")
    (tmp_path / "case" / "book.csv").write_text("old")
    read(aave_pool.pool(), tmp_path / "case")
    assert files(tmp_path / "case") == before | {"notes.txt": b"mine"}


def test_progress_says_what_is_read(tmp_path: Path) -> None:
    told: list[Progress] = []
    source = AaveV3(aave_pool.POOL)
    read_case(aave_pool.pool(), source, out=tmp_path / "case", plan=PLAN, tell=told.append)
    phases = list(dict.fromkeys(one.what for one in told))
    assert phases[-4:] == ["events", "accounts", "balances", "categories"]
    assert all(0 < one.done <= one.of for one in told)
    assert Progress("events", 1001, 1001) in told
