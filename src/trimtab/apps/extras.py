"""What each extra of the package needs, held against what is installed here."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata

from trimtab.units import UsageError

PACKAGE = "trimtab"
# `psycopg[binary]>=3.2,<4; extra == 'service'`, as wheels write it.
_NEEDED = re.compile(
    r"(?P<name>[\w.-]+)\s*(\[[^\]]*\])?\s*\(?(?P<bounds>[^;)]*)\)?"
    r";.*extra\s*==\s*['\"](?P<extra>[^'\"]+)"
)
_BOUND = re.compile(r"(?P<sign>>=|<)\s*(?P<release>\d+(\.\d+)*)")

Installed = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Extra:
    """One extra of the package.

    missing: names that are not installed. other: names with a version that does not fit, which is
    told beside them.
    """

    name: str
    missing: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all that it needs is here."""
        return not (self.missing or self.other)

    def __str__(self) -> str:
        """One line: complete, or what is not, and the command that installs it."""
        if self.is_complete:
            return "complete"
        clauses = []
        if self.missing:
            clauses.append(f"missing {', '.join(self.missing)}")
        if self.other:
            clauses.append(f"unfit {', '.join(self.other)}")
        return f"{'; '.join(clauses)}: pip install '{PACKAGE}[{self.name}]'"


def extras(
    needed: Iterable[str] | None = None, *, installed: Installed = metadata.version
) -> tuple[Extra, ...]:
    """The extras of the package, by name.

    Arguments:
        needed: requirements as the metadata of a wheel has them; None is the package's own.
        installed: the version of a distribution; raises PackageNotFoundError where there is none.
    """
    texts = metadata.requires(PACKAGE) or [] if needed is None else needed
    found: dict[str, tuple[list[str], list[str]]] = {}
    for match in filter(None, map(_NEEDED.match, texts)):
        missing, other = found.setdefault(match["extra"], ([], []))
        try:
            version = installed(match["name"])
        except metadata.PackageNotFoundError:
            missing.append(match["name"])
            continue
        if not _fits(version, match["bounds"]):
            other.append(f"{match['name']} {version} ({match['bounds'].strip()})")
    return tuple(
        Extra(name, tuple(missing), tuple(other))
        for name, (missing, other) in sorted(found.items())
    )


def require_extra(name: str, *, doing: str) -> None:
    """UsageError, with the way on, where what an extra needs is not installed.

    Arguments:
        name: of the extra. doing: what needs it, for the line.
    """
    missing = [one.missing[0] for one in extras() if one.name == name and one.missing]
    if missing:
        way = f"pip install '{PACKAGE}[{name}]', or `make extras` in a checkout"
        raise UsageError(f"{doing} needs {missing[0]}: {way}")


def _fits(version: str, bounds: str) -> bool:
    """Whether a release lies within lower and upper bounds; other signs bind nothing here."""
    release = _release(version)
    for bound in _BOUND.finditer(bounds):
        limit = _release(bound["release"])
        if (release < limit) if bound["sign"] == ">=" else (release >= limit):
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a release without trailing zeros, so that 6 and 6.0 are one."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
