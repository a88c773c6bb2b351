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
    name = record["command"]
    if not isinstance(name, str):
        raise ValueError(f"a command is named by a text, found {name!r}")
    data = {field: value for field, value in record.items() if field != "command"}
    built: Command = _decoded(KINDS[name], data)
    return built


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, vars(commands))


def _decoded(kind: type, record: Any) -> Any:
    hints = _hints(kind)
    if not isinstance(record, Mapping) or record.keys() != hints.keys():
        raise ValueError(f"{kind.__name__} has {', '.join(hints)}, found {record!r}")
    return kind(**{name: _value(hint, record[name]) for name, hint in hints.items()})


def _value(hint: Any, data: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        if data is None:
            return None
        hint = next(entry for entry in get_args(hint) if entry is not NoneType)
    if get_origin(hint) is tuple:
        if not isinstance(data, list | tuple):
            raise ValueError(f"expected a list, found {data!r}")
        inner = get_args(hint)
        if inner[-1] is Ellipsis:
            return tuple(_value(inner[0], entry) for entry in data)
        return tuple(_value(one, entry) for one, entry in zip(inner, data, strict=True))
    if hint not in (int, str):
        return _decoded(hint, data)
    # One text for one integer: 007, 1_000 and " 7 " are read by `int`, and no command wrote them.
    if not isinstance(data, str) or (hint is int and str(int(data)) != data):
        raise ValueError(f"expected a text of {hint.__name__}, found {data!r}")
    return hint(data)
