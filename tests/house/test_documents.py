"""The documents are tested: what they show runs, what they link exists, what they list is whole."""

import doctest
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from docs import generate_commands
from tests.house import checkout, documents

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CONSOLE_SECONDS_MAX = 120


def page(path: str) -> str:
    place = checkout.ROOT / path
    assert place.is_file(), f"{path} is missing"
    return place.read_text(encoding="utf-8")


@cache
def verbs() -> tuple[str, ...]:
    return tuple(generate_commands.verbs_in(generate_commands.help_of()))


def mentions(text: str, *, verb: str) -> bool:
    return bool(re.search(rf"\btrimtab {re.escape(verb)}\b|`{re.escape(verb)}`", text))


def test_sessions_of_the_readme_print_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = documents.sessions(page("README.md"))
    assert sessions, "README.md shows no Python session (```python with >>> lines)"
    documents.make_stage(tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    report: list[str] = []
    for block in sessions:
        parser = doctest.DocTestParser()
        test = parser.get_doctest(block.body, names, "README.md", "README.md", block.line)
        runner = doctest.DocTestRunner(optionflags=OPTIONS)
        runner.run(test, out=report.append, clear_globs=False)
        names = test.globs
    assert not report, "".join(report)


def test_consoles_of_the_readme_run(tmp_path: Path) -> None:
    consoles = documents.consoles(page("README.md"))
    assert consoles, "README.md shows no call of trimtab (```console, first line `$ trimtab`)"
    environment = documents.make_stage(tmp_path)
    failed = []
    for block in consoles:
        script = documents.shell_script(block.body)
        answer = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CONSOLE_SECONDS_MAX,
            check=False,
        )
        if answer.returncode:
            failed.append(
                f"README.md:{block.line}: exit {answer.returncode}\n{script}\n{answer.stderr}"
            )
    assert not failed, "\n".join(failed)


def test_relative_links_lead_somewhere() -> None:
    broken = []
    for path in checkout.files():
        text = checkout.text(path) if path.endswith(".md") else None
        for target in documents.relative_links(text or ""):
            folder = checkout.ROOT if target.startswith("/") else (checkout.ROOT / path).parent
            if not os.path.exists(folder / target.lstrip("/")):
                broken.append(f"{path}: {target}")
    assert not broken, "\n".join(broken)


def test_every_glossary_term_is_explained() -> None:
    rows = list(documents.table_rows(page("docs/glossary.md")))
    assert rows, "docs/glossary.md holds no table of terms"
    empty = [
        f"docs/glossary.md:{line}: {cells}"
        for line, cells in rows
        if len(cells) < 2 or not all(cells)
    ]
    assert not empty, "\n".join(empty)


@pytest.mark.parametrize("path", ["README.md", "docs/commands.md"])
def test_every_verb_is_documented(path: str) -> None:
    assert verbs(), "`trimtab --help` lists no verb"
    text = page(path)
    missing = [verb for verb in verbs() if not mentions(text, verb=verb)]
    assert not missing, f"{path} says nothing of: {', '.join(missing)}"


def test_the_commands_page_is_what_the_command_line_says() -> None:
    expected = generate_commands.commands_page()
    assert page("docs/commands.md") == expected, "docs/commands.md is out of date: run `make docs`"


def test_readers_of_documents_find_what_they_should() -> None:
    text = (
        "[a](x.md#top) `[no](code.md)` [b](https://example.org) [c](#here)\n\n"
        '```python\n>>> 1\n1\n```\n\n<img src="pic.svg">\n\n'
        "```console\n$ trimtab health \\\n    case\nsafe\n$ echo done\n```\n\n"
        "| term | meaning |\n|---|---|\n| debt | |\n| dust | a little |\n"
    )
    assert list(documents.relative_links(text)) == ["x.md", "pic.svg"]
    assert [block.body for block in documents.sessions(text)] == [">>> 1\n1\n"]
    (console,) = documents.consoles(text)
    assert documents.shell_script(console.body) == "trimtab health \\\n    case\necho done"
    assert [cells for _, cells in documents.table_rows(text)] == [
        ["debt", ""],
        ["dust", "a little"],
    ]


def test_verbs_are_read_from_the_help() -> None:
    text = (
        "Usage: trimtab\n\nCommands:\n  health    Who is safe.\n            Or not.\n  replay  x\n"
    )
    assert generate_commands.verbs_in(text) == ["health", "replay"]
