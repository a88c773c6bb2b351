"""`python -m trimtab.apps.service.fanout`: the stream's process; its stdin is the service's link.

It gives way to the service (nice 5, and it never interrupts it where the system can be told so),
and stress tests give way to it: readers who get a frame late are told so by its time, but a
liquidation must not wait for them.
"""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
from typing import Any

from trimtab.apps.service.fanout.service_end import ServiceEnd

NICE = 5
# For a thousand readers, as many who are yet to show a key, and some to spare.
DESCRIPTORS = 4096


def main() -> None:
    """Serve readers until the service ends."""
    _give_way()
    # Whoever stops the service stops its group, too: the service says when this ends.
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    _allow_descriptors()
    link = socket.socket(fileno=os.dup(0))
    asyncio.run(_serve(link))


def _give_way() -> None:
    os.nice(NICE)
    if sys.platform == "linux":
        # A batch process that wakes waits for its turn: the writer keeps its core until it rests.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _allow_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _serve(link: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    end = ServiceEnd(link, loop)

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception") or context.get("message")
        end.log("error", "stream_failed", about={"error": f"{type(error).__name__}: {error}"})

    loop.set_exception_handler(failed)
    await end.serve()


if __name__ == "__main__":
    main()
