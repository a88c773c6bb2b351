"""Structured logs: one JSON object a line on stderr, with UTC time, level and a closed event."""

import logging
import sys
from typing import Any, Protocol

from trimtab.units import UsageError

LEVELS = ("debug", "info", "warning", "error")


class Log(Protocol):
    """What writes a line: an event by its closed name, and fields."""

    def debug(self, event: str, **fields: Any) -> Any:
        """For who looks for a fault."""

    def info(self, event: str, **fields: Any) -> Any:
        """What is as it should be."""

    def warning(self, event: str, **fields: Any) -> Any:
        """What somebody should look at."""

    def error(self, event: str, **fields: Any) -> Any:
        """What somebody must look at."""


def start_logs(level: str) -> Log:
    """Logs from this level on.

    Raises:
        UsageError: no such level.
    """
    import structlog

    if level not in LEVELS:
        raise UsageError(f"--log-level {level!r}: expected one of {', '.join(LEVELS)}")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    log: Log = structlog.get_logger()
    return log
