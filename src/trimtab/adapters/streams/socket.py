"""A WebSocket server as a stream of texts: connected again whenever it breaks."""

from collections.abc import Callable
from threading import Event, Lock
from typing import Any

from trimtab.units import UsageError

OPEN_S = 10.0
MESSAGE_MAX = 2**20
EXTRA = "a WebSocket feed needs the extra `service`: pip install 'trimtab[service]'"


def reason_of(error: Exception) -> str:
    """Why a connection could not be made or kept, one clause for people."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return " ".join(text.split())[:200]


class SocketStream:
    """Reads texts and may answer; one thread reads."""

    def __init__(self, url: str, *, wait_first_s: float = 0.5, wait_max_s: float = 30.0) -> None:
        """A stream that is not connected yet.

        Raises:
            UsageError: an address that is neither ws nor wss.
        """
        if not url.startswith(("ws://", "wss://")):
            raise UsageError(f"--feed {url}: expected ws:// or wss://")
        self.url = url
        self.connected = False
        self.connections = 0
        self._waits = (wait_first_s, wait_max_s)
        self._socket: Any = None
        self._lock = Lock()

    def read(
        self,
        take: Callable[[str], object],
        stop: Event,
        *,
        told: Callable[[str], object] = len,
    ) -> None:
        """Give every text to `take` until `stop`; a broken connection is made again.

        Arguments:
            told: hears, after each try, why there is no connection; empty: there is one.
        """
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ModuleNotFoundError:
            raise UsageError(EXTRA) from None
        wait_s = self._waits[0]
        while not stop.is_set():
            try:
                with connect(self.url, open_timeout=OPEN_S, max_size=MESSAGE_MAX) as socket:
                    self._opened(socket)
                    told("")
                    wait_s = self._waits[0]
                    self._drain(socket, take, stop=stop)
                why = "closed by this side"
            except (OSError, TimeoutError, WebSocketException) as error:
                why = reason_of(error)
            finally:
                self.connected, self._socket = False, None
            if not stop.is_set():
                told(why)
            if stop.wait(wait_s):
                return
            wait_s = min(2 * wait_s, self._waits[1])

    def _opened(self, socket: Any) -> None:
        self._socket, self.connected = socket, True
        self.connections += 1

    def _drain(self, socket: Any, take: Callable[[str], object], *, stop: Event) -> None:
        while not stop.is_set():
            try:
                text = socket.recv(timeout=0.2)
            except TimeoutError:
                continue
            take(text if isinstance(text, str) else text.decode("utf-8", "replace"))

    def say(self, text: str) -> bool:
        """Send a text to the server; False where there is no connection."""
        socket = self._socket
        if socket is None:
            return False
        try:
            with self._lock:
                socket.send(text)
        except Exception:  # whatever broke the connection is met by the reader
            return False
        return True
