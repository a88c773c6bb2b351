"""What a builder hands over, and decimal numbers as text without a float in between."""

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from pathlib import Path

# Wide enough that every sum and product of the tables' numbers is exact.
EXACT = Context(prec=200)
QUOTIENT_PLACES = 18


@dataclass(frozen=True, slots=True)
class BuiltCase:
    """A case folder: text by file name, and what the reader of the numbers has to know."""

    name: str
    files: Mapping[str, str]
    notes: Sequence[str]

    def write(self, folder: Path) -> Path:
        """Write the case below `folder`, with its notes as README.md; returns its own folder."""
        target = folder / self.name
        target.mkdir(parents=True, exist_ok=True)
        notes = "".join(f"- {note}\n" for note in self.notes)
        texts = {**self.files, "README.md": f"# {self.name}\n\n{notes}"}
        for name, text in sorted(texts.items()):
            (target / name).write_bytes(text.encode())
        return target


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a gzipped CSV file, every cell as the text that the source printed."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def scaled(text: str, decimals: int) -> Decimal:
    """A raw integer balance, or a price in wei, in whole units; exact."""
    return Decimal(text).scaleb(-decimals, EXACT)


def plain(number: Decimal) -> str:
    """Exact decimal text without an exponent or idle zeros."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    answer = Decimal(0)
    for number in numbers:
        answer = EXACT.add(answer, number)
    return answer


def product(left: Decimal, right: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(left, right)


def quotient(left: Decimal, right: Decimal, *, places: int = QUOTIENT_PLACES) -> Decimal:
    """The quotient, rounded half to even at a number of places."""
    return EXACT.divide(left, right).quantize(Decimal(1).scaleb(-places), context=EXACT)


def lines(header: str, rows: Iterable[str]) -> str:
    """The text of a CSV table."""
    return "\n".join([header, *rows, ""])


def percent(part: Decimal, whole: Decimal) -> str:
    """A share for a reader."""
    return f"{EXACT.divide(part, whole) * 100:.4f} %"
