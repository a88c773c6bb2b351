"""Reads the documents: fenced blocks, links and tables, and a place to run what they show."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.checkout import ROOT

FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<language>[\w-]*)[^\n]*\n(?P<body>.*?)^(?P=fence)[ \t]*$",
    flags=re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)", flags=re.MULTILINE)
ATTRIBUTE = re.compile(r"\b(?:src|srcset|href)=\"([^\"]+)\"")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", flags=re.IGNORECASE)
COMMAND_START = re.compile(r"\$ (\.venv/bin/)?trimtab\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the line its fence stands on, its language and what is inside."""

    line: int
    language: str
    body: str


def blocks(text: str) -> list[Block]:
    return [
        Block(text.count("\n", 0, found.start()) + 1, found["language"], found["body"])
        for found in FENCE.finditer(text)
    ]


def sessions(text: str) -> list[Block]:
    """The Python blocks that show a session with its output."""
    return [block for block in blocks(text) if block.language == "python" and ">>> " in block.body]


def consoles(text: str) -> list[Block]:
    """The console blocks that begin with a call of Trimtab."""
    return [
        block
        for block in blocks(text)
        if block.language == "console" and COMMAND_START.match(block.body)
    ]


def shell_script(body: str) -> str:
    """What is typed in a console block: `$ ` lines with their continuations, no output."""
    typed = []
    continues = False
    for line in body.splitlines():
        if continues or line.startswith("$ "):
            typed.append(re.sub(r"^(\$|>) ", "", line))
            continues = line.endswith("\\")
    return "\n".join(typed)


def relative_links(text: str) -> Iterator[str]:
    """The targets of links within the checkout, without anchors; code is no link."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    for pattern in (LINK, REFERENCE, ATTRIBUTE):
        targets = (target for target in pattern.findall(prose) if not ELSEWHERE.match(target))
        yield from (target.partition("#")[0] for target in targets)


def table_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row of each table with its line; headings and rulers left out."""
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        is_row = line.lstrip().startswith("|")
        is_ruler = is_row and not line.strip("|-: \t")
        if is_row and inside and not is_ruler:
            cells = re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
            yield number, [cell.strip() for cell in cells]
        inside = is_row and (inside or is_ruler)


def make_stage(folder: Path) -> dict[str, str]:
    """Fill a folder with links to the checkout and a `trimtab`; returns the environment."""
    for path in ROOT.iterdir():
        if not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    start = "from trimtab.apps.cli import main; main()"
    program = programs / "trimtab"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{start}" "$@"\n')
    program.chmod(0o755)
    return os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
