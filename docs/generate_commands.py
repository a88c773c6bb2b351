"""Writes docs/commands.md from the help of the command line, and docs/rules.md from settings."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("commands.md")
START = "import sys; sys.argv[0] = 'trimtab'; from trimtab.apps.cli import main; main()"
# Plain text of a fixed width, whatever the terminal.
PLAIN = {
    "COLUMNS": "100",
    "LINES": "50",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "TERMINAL_WIDTH": "100",
    "TYPER_USE_RICH": "0",
}
LOUD = frozenset({"FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "GITHUB_ACTIONS"})
HEAD = """\
# Commands

Generated from the help of the command line by `make docs`; not to be edited by hand.
"""


def help_of(*words: str) -> str:
    """What `trimtab [words] --help` prints."""
    quiet = {name: value for name, value in os.environ.items() if name not in LOUD}
    answer = subprocess.run(
        [sys.executable, "-c", START, *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=quiet | PLAIN,
    )
    return "\n".join(line.rstrip() for line in answer.stdout.strip().splitlines())


def verbs_in(help_text: str) -> list[str]:
    """The names listed below `Commands:`, in the order of the help."""
    _, _, listed = help_text.partition("\nCommands:\n")
    listed = listed.partition("\n\n")[0]
    return re.findall(r"^  (\w[\w-]*)", listed, flags=re.MULTILINE)


def sections(*words: str) -> list[str]:
    """The help of a verb and of the verbs below it, each under its own heading."""
    text = help_of(*words)
    heading = f"{'#' * (len(words) + 1)} `{' '.join(('trimtab', *words))}`"
    own = [f"{heading}\n\n```text\n{text}\n```\n"]
    return own + [part for verb in verbs_in(text) for part in sections(*words, verb)]


def commands_page() -> str:
    """The whole page, as it should stand in docs/commands.md."""
    first, *rest = sections()
    return "\n".join([HEAD, first.replace("# `", "## `", 1), *rest])


if __name__ == "__main__":
    from trimtab.adapters.files import rules_reference
    from trimtab.adapters.files.stress_reference import stress_reference

    PAGE.write_text(commands_page(), encoding="utf-8")
    PAGE.with_name("rules.md").write_text(rules_reference(), encoding="utf-8")
    PAGE.with_name("stress.md").write_text(stress_reference(), encoding="utf-8")
