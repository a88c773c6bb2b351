"""Fluid: no recorded case has a rule of it yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

RULES: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {}
