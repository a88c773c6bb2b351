"""Commands as plain data and back, for journals. Integers travel as decimal strings."""

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from trimtab.model import commands
from trimtab.model.canonical import plain
from trimtab.model.commands import Command

KINDS: Mapping[str, type] = {kind.__name__: kind for kind in get_args(Command)}


def encode_command(command: Command) -> dict[str, Any]:
    """A command as nested plain data, with its kind."""
    return {"command": type(command).__name__, **plain(command)}


def decode_command(record: Mapping[str, Any]) -> Command:
    """The command that `encode_command` wrote.

    Raises:
        KeyError, ValueError: data that no command wrote.
    """
    kind = KINDS[record["command"]]
    built: Command = _decoded(kind, record)
    return built


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, vars(commands))


def _decoded(kind: type, record: Mapping[str, Any]) -> Any:
    return kind(**{name: _value(hint, record[name]) for name, hint in _hints(kind).items()})


def _value(hint: Any, data: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        if data is None:
            return None
        hint = next(entry for entry in get_args(hint) if entry is not NoneType)
    if get_origin(hint) is tuple:
        inner = get_args(hint)
        if inner[-1] is Ellipsis:
            return tuple(_value(inner[0], entry) for entry in data)
        return tuple(_value(one, entry) for one, entry in zip(inner, data, strict=True))
    if hint in (int, str):
        return hint(data)
    return _decoded(hint, data)
