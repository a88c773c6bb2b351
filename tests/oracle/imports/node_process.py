"""A local node of one's own: anvil on loopback, started and stopped with its own process."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.oracle.packages import ANVIL, MissingError

START_SECONDS_MAX = 30
ANSWER_SECONDS_MAX = 120
OPTIONS = (
    "--silent",
    "--auto-impersonate",
    "--block-base-fee-per-gas=0",
    "--gas-price=0",
    "--disable-block-gas-limit",
    "--disable-min-priority-fee",
)


class NodeError(Exception):
    """What the node said instead of a result."""


class LocalNode:
    """JSON-RPC to the node over one connection, apart from the code under test."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)

    def ask(self, method: str, *params: Any) -> Any:
        return self.ask_each([(method, params)])[0]

    def ask_each(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of a batch.

        Raises:
            NodeError: the first error among them.
        """
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in enumerate(requests)
        ]
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/", json.dumps(body), headers)
        answers = json.loads(self._connection.getresponse().read())
        answers.sort(key=lambda answer: answer["id"])
        for answer in answers:
            if "error" in answer:
                raise NodeError(answer["error"].get("message", str(answer["error"])))
        return [answer["result"] for answer in answers]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program() -> Path:
    if ANVIL is None:
        raise MissingError("no anvil is known here for this machine")
    path = ANVIL.folder / "bin" / "anvil"
    if not path.is_file():
        raise MissingError(f"{ANVIL.spec} is not there: run `make oracle`")
    return path


@contextmanager
def local_node(*options: str) -> Iterator[LocalNode]:
    """A node with an empty chain, and no more once the body is left.

    Raises:
        MissingError: its program cannot be had, or it does not start.
    """
    port = free_port()
    with TemporaryDirectory() as home:
        process = subprocess.Popen(
            [str(program()), "--host=127.0.0.1", f"--port={port}", *OPTIONS, *options],
            env=os.environ | {"HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await_port(port, process)
            yield LocalNode(port, process)
        finally:
            process.kill()
            process.wait()


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise MissingError(f"anvil did not start in {START_SECONDS_MAX} s")
