"""Who may do what: roles, the guard before every route, and the headers of every answer."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from fastapi import Request
from starlette.requests import HTTPConnection

# Scripts, styles, pictures and connections of this origin alone; no frame, no form elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Role(IntEnum):
    """What a key may do; each role may do what those before it may."""

    READ = 1
    OPERATE = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of the key, and its role."""

    name: str
    role: Role


class RefusedError(Exception):
    """A request that is refused: HTTP status, a closed word, one clear line, further headers."""

    def __init__(
        self, status: int, error: str, *, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.headers = headers or {}


def caller_of(connection: HTTPConnection) -> Caller:
    """Who asks; RefusedError 401 where a key is needed and missing, unknown, expired or revoked."""
    found: Any = getattr(connection.state, "caller", None)
    if found is None:
        found = connection.state.caller = connection.app.state.gate.admit(connection)
    assert isinstance(found, Caller), "the gate names the caller or refuses"
    return found


def needs(role: Role) -> Callable[[Request], Caller]:
    """A dependency of a route: the caller, who has at least this role."""

    def guard(request: Request) -> Caller:
        caller = caller_of(request)
        require_role(caller, role)
        return caller

    return guard


def require_role(caller: Caller, role: Role) -> None:
    """Refuse a caller of a lesser role."""
    if caller.role < role:
        what = f"the key {caller.name!r} has the role {caller.role.name.lower()}"
        message = f"{what}; expected {role.name.lower()}"
        raise RefusedError(403, "role_too_low", message=message)
