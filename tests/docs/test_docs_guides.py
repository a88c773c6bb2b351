"""The guides run: their files are written, their commands typed, their output compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.house import documents
from trimtab.adapters.files import load_case
from trimtab.apps.presets import read_rules
from trimtab.units import DataError

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
SECONDS_MAX = 60
FILE = re.compile(r"^`(?P<path>mine/[\w.]+)`:\n\n```\w+\n(?P<body>.*?)^```$", re.M | re.S)
NAMES = (
    "bring-your-own-book",
    "replay-a-crisis",
    "compare-rules",
    "read-the-outputs",
    "use-a-preset",
)


def guide(name: str) -> str:
    return (GUIDES / f"{name}.md").read_text(encoding="utf-8")


def write_files(folder: Path) -> None:
    """Write every file that the guides show."""
    for name in NAMES:
        for found in FILE.finditer(guide(name)):
            path = folder / found["path"]
            path.parent.mkdir(exist_ok=True)
            path.write_text(found["body"], encoding="utf-8")


def environment(folder: Path) -> Mapping[str, str]:
    """The environment with a `trimtab` on its path."""
    program = folder / "bin" / "trimtab"
    program.parent.mkdir()
    start = "from trimtab.apps.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{start}" "$@"\n')
    program.chmod(0o755)
    return os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def commands_of(body: str) -> list[tuple[str, list[str]]]:
    """Each command of a console block with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line)
    return found


def squeezed(line: str) -> str:
    return " ".join(line.split())


def run(name: str, folder: Path) -> list[str]:
    """Type a guide's commands in a folder of its own; what fails or is not printed."""
    folder.mkdir()
    write_files(folder)
    env = environment(folder)
    blocks = documents.consoles(guide(name))
    assert blocks, f"{name} shows no call of trimtab"
    wrong: list[str] = []
    for command, expected in (pair for block in blocks for pair in commands_of(block.body)):
        answer = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS_MAX,
            check=False,
        )
        if answer.returncode:
            wrong.append(f"{name}: {command}: exit {answer.returncode}\n{answer.stderr}")
        printed = [squeezed(line) for line in (answer.stdout + answer.stderr).splitlines()]
        wrong += [
            f"{name}: {command}: does not print {line!r}"
            for line in map(squeezed, expected)
            if not any(shown.startswith(line) for shown in printed)
        ]
    return wrong


def test_the_guides_run_and_print_what_they_say(tmp_path: Path) -> None:
    with ThreadPoolExecutor(len(NAMES)) as workers:
        wrong = list(workers.map(lambda name: run(name, tmp_path / name), NAMES))
    assert not any(wrong), "\n".join(line for lines in wrong for line in lines)


@pytest.mark.parametrize(
    ("file", "good", "bad"),
    [
        ("book.csv", "alice,ETH,10", "alice,ETHH,10"),
        ("book.csv", "alice,ETH,10", "alice,ETH,ten"),
        ("book.csv", "carol,USDC,30000", "carol,USDC"),
        ("book.csv", "account,", "\ufeffaccount,"),
        ("rules.toml", "max_ltv = 0.80", "max_lvt = 0.80"),
        ("rules.toml", "max_ltv = 0.80", "max_ltv = 0.84"),
        ("prices.csv", "T11:00:00Z", "T10:00:00Z"),
    ],
)
def test_a_wrong_file_is_answered_as_the_guide_says(
    tmp_path: Path, file: str, good: str, bad: str
) -> None:
    write_files(tmp_path)
    path = tmp_path / "mine" / file
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_case(tmp_path / "mine")
    assert f"`{caught.value}`" in guide("bring-your-own-book")


def test_a_conflict_with_a_preset_is_told_as_the_guide_says(tmp_path: Path) -> None:
    (block,) = [
        block.body
        for block in documents.blocks(guide("use-a-preset"))
        if block.body.startswith('preset = "aave-v3.7"\n\n[assets.WETH]')
    ]
    (tmp_path / "rules.toml").write_text(block, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_rules(tmp_path / "rules.toml")
    assert f"`{caught.value}`" in guide("use-a-preset")


def test_the_python_of_the_guides_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    (block,) = [
        block.body
        for block in documents.blocks(guide("bring-your-own-book"))
        if block.language == "python"
    ]
    exec(compile(block, "bring-your-own-book.md", "exec"), {})
