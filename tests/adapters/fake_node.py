"""A fake chain behind HTTP on loopback, for whoever needs a URL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.adapters.chain_fakes import FakeChain
from trimtab.adapters.chains.wire import Request


@contextmanager
def serving(chain: FakeChain) -> Iterator[str]:
    """The URL of a node that follows the chain, as long as the body runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            whole = asked if isinstance(asked, list) else [asked]
            told = [answer(chain, one) for one in whole]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told if isinstance(asked, list) else told[0]).encode())

        def log_message(self, *_: object) -> None:
            """Nothing is written down."""

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def answer(chain: FakeChain, asked: dict[str, Any]) -> dict[str, Any]:
    (reply,) = chain.send([Request(asked["method"], tuple(asked["params"]))])
    line: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
    if reply.error is None:
        return line | {"result": reply.result}
    return line | {"error": {"code": reply.error.code, "message": reply.error.message}}
