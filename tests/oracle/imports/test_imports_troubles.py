"""What goes wrong with a real node is one line, and what was read by then is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.imports import import_checks as checks
from tests.oracle.imports.morpho_crowd import Hall, deploy_hall, fill
from tests.oracle.imports.node_chain import NodeChain
from tests.oracle.imports.node_process import LocalNode, local_node
from trimtab.adapters.chains.reading import RECORD

pytestmark = pytest.mark.oracle

KEPT_STATES = 20
ANVIL_CHAIN = "31337"


@pytest.fixture(scope="module")
def hall() -> Iterator[tuple[LocalNode, Hall]]:
    with local_node(f"--prune-history={KEPT_STATES}") as node:
        hall = deploy_hall(NodeChain(node))
        fill(hall, 10)
        yield node, hall


def words(node: LocalNode, hall: Hall, *, out: Path) -> list[str]:
    markets = [word for key in hall.venues for word in ("--market", key)]
    place = ["--rpc", node.url, "--morpho", hall.morpho, "--out", str(out), "--tries", "2"]
    return ["import", "morpho-blue", *place, *markets]


def complaint(*asked: str) -> str:
    """The one line of a command that ends with exit code 3."""
    done = checks.command(*asked)
    assert done.returncode == 3, done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_state_that_the_node_dropped(hall: tuple[LocalNode, Hall], tmp_path: Path) -> None:
    node, place = hall
    old = str(place.chain.height - KEPT_STATES - 30)
    line = complaint(*words(node, place, out=tmp_path / "case"), "--block", old)
    assert "the node does not have the state of the block" in line
    assert "use an archive node" in line
    assert not (tmp_path / "case").exists()


def test_another_chain(hall: tuple[LocalNode, Hall], tmp_path: Path) -> None:
    line = complaint(*words(*hall, out=tmp_path / "case"), "--chain-id", "1")
    assert f"the node follows another chain; found '{ANVIL_CHAIN}'; expected 1" in line


def test_no_contract_there(hall: tuple[LocalNode, Hall], tmp_path: Path) -> None:
    line = complaint(*words(*hall, out=tmp_path / "case"), "--morpho", "0x" + "77" * 20)
    assert "there is no contract at this address at the block" in line


def test_no_such_market(hall: tuple[LocalNode, Hall], tmp_path: Path) -> None:
    line = complaint(*words(*hall, out=tmp_path / "case"), "--market", "0x" + "77" * 32)
    assert "--market: there is no market of this id" in line


def test_another_contract_there(hall: tuple[LocalNode, Hall], tmp_path: Path) -> None:
    loan = next(iter(hall[1].venues.values())).loan
    line = complaint(*words(*hall, out=tmp_path / "case"), "--morpho", loan)
    assert "the contract refuses a call" in line
    assert "is it a contract of this protocol?" in line


def test_a_node_that_dies_leaves_what_was_read(tmp_path: Path) -> None:
    with local_node() as node:
        hall = deploy_hall(NodeChain(node))
        fill(hall, 40)
        out = tmp_path / "case"
        asked = [*words(node, hall, out=out), "--requests-per-second", "60"]
        watch = threading.Thread(target=kill_after, args=(node, out / RECORD))
        watch.start()
        line = complaint(*asked, "--chunk-blocks", "5")
        watch.join()
    assert "the node does not answer" in line
    assert "check --rpc and that the node runs" in line
    assert checks.recorded(out / RECORD) > 3
    assert not (out / "book.csv").exists()


def kill_after(node: LocalNode, record: Path) -> None:
    """Kill the node once the record has some lines."""
    pause = threading.Event()
    for _ in range(3_000):
        if checks.recorded(record) > 3:
            break
        pause.wait(0.01)
    node.process.kill()
