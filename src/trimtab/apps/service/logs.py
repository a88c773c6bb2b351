"""Structured logs: one JSON object a line on stderr, with UTC time, level and a closed event."""

import logging
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from trimtab.units import UsageError

NOTHING: Mapping[str, Any] = MappingProxyType({})
LEVELS = ("debug", "info", "warning", "error")


class Log(Protocol):
    """What writes a line: an event by its closed name, and plain fields about it."""

    def debug(self, event: str, about: Mapping[str, Any] = NOTHING) -> object:
        """For who looks for a fault."""

    def info(self, event: str, about: Mapping[str, Any] = NOTHING) -> object:
        """What is as it should be."""

    def warning(self, event: str, about: Mapping[str, Any] = NOTHING) -> object:
        """What somebody should look at."""

    def error(self, event: str, about: Mapping[str, Any] = NOTHING) -> object:
        """What somebody must look at."""


class StructuredLog:
    """Lines of structlog."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def debug(self, event: str, about: Mapping[str, Any] = NOTHING) -> None:
        """For who looks for a fault."""
        self._logger.debug(event, **about)

    def info(self, event: str, about: Mapping[str, Any] = NOTHING) -> None:
        """What is as it should be."""
        self._logger.info(event, **about)

    def warning(self, event: str, about: Mapping[str, Any] = NOTHING) -> None:
        """What somebody should look at."""
        self._logger.warning(event, **about)

    def error(self, event: str, about: Mapping[str, Any] = NOTHING) -> None:
        """What somebody must look at."""
        self._logger.error(event, **about)


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
    return StructuredLog(structlog.get_logger())
