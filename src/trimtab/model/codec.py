"""Commands as plain data and back, for journals. Integers travel as decimal strings."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from trimtab.model import commands
from trimtab.model.canonical import canonical_json, plain
from trimtab.model.commands import Command

Reader = Callable[[Any], Any]

KINDS: Mapping[str, type] = {kind.__name__: kind for kind in get_args(Command)}


def encode_command(command: Command) -> dict[str, Any]:
    """A command as nested plain data, with its kind."""
    return {"command": type(command).__name__, **plain(command)}


def command_text(command: Command) -> str:
    """Canonical JSON of `encode_command`, written in one pass."""
    held = {entry.name: getattr(command, entry.name) for entry in fields(command)}
    return canonical_json({"command": type(command).__name__, **held})


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
def _readers(kind: type) -> dict[str, Reader]:
    return {name: _reader(hint) for name, hint in get_type_hints(kind, vars(commands)).items()}


def _decoded(kind: type, record: Any) -> Any:
    readers = _readers(kind)
    if not isinstance(record, Mapping) or record.keys() != readers.keys():
        raise ValueError(f"{kind.__name__} has {', '.join(readers)}, found {record!r}")
    return kind(**{name: read(record[name]) for name, read in readers.items()})


@cache
def _reader(hint: Any) -> Reader:
    """What reads values of a type; made once, for a tick has a hundred of them."""
    if get_origin(hint) in (Union, UnionType):
        (inner,) = (entry for entry in get_args(hint) if entry is not NoneType)
        read = _reader(inner)
        return lambda data: None if data is None else read(data)
    if get_origin(hint) is tuple:
        first, *others = get_args(hint)
        if others == [Ellipsis]:
            read = _reader(first)
            return lambda data: tuple([read(entry) for entry in _listed(data)])
        readers = (_reader(first), *map(_reader, others))
        return lambda data: tuple([r(one) for r, one in zip(readers, _listed(data), strict=True)])
    if hint is int:
        return _integer
    if hint is str:
        return _text
    return partial(_decoded, hint)


def _listed(data: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise ValueError(f"expected a list, found {data!r}")
    return data


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise ValueError(f"expected a text of str, found {data!r}")
    return data


def _integer(data: Any) -> int:
    # One text for one integer: 007, 1_000 and " 7 " are read by `int`, and no command wrote them.
    if not isinstance(data, str) or str(number := int(data)) != data:
        raise ValueError(f"expected a text of int, found {data!r}")
    return number
