"""What lies in the checkout: the one place where the house tests read git and the disk."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNREAD = frozenset({".git", ".venv", "__pycache__", "build", "dist", "out", "node_modules"})


def git(*words: str) -> str:
    """What git says in the checkout; "" where git or the repository is missing."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return answer.stdout if answer.returncode == 0 else ""


def walk() -> list[str]:
    found = []
    for path in ROOT.rglob("*"):
        place = path.relative_to(ROOT)
        unread = UNREAD.intersection(place.parts) or place.parts[0].endswith("_cache")
        if path.is_file() and not unread:
            found.append(place.as_posix())
    return found


@cache
def files() -> tuple[str, ...]:
    """Tracked files and those about to be, as paths from the root; without git, all files."""
    is_top = git("rev-parse", "--show-toplevel").strip() == str(ROOT)
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard") if is_top else ""
    names = listed.split("\0") if listed else walk()
    return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))


@cache
def text(path: str) -> str | None:
    """The text of a file, None where it holds no text."""
    content = (ROOT / path).read_bytes()
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
