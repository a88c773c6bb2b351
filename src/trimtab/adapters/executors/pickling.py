"""What crosses to another process: read-only views of mappings, which rules and cases hold."""

import copyreg
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


def allow_views_of_mappings() -> None:
    """Let a read-only view of a mapping cross as the mapping that it shows."""
    copyreg.pickle(MappingProxyType, _view)


def view_of(shown: dict[Any, Any]) -> Mapping[Any, Any]:
    """Return a read-only view; the class itself has no name by which it could be pickled."""
    return MappingProxyType(shown)


def _view(view: Mapping[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    return view_of, (dict(view),)
