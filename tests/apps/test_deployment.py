"""What is deployed is what there is: the container's and the unit's paths, verbs and ports."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.apps.command_line import ask
from tests.apps.service.services import Caller, quiet, running
from tests.house import checkout
from trimtab.apps.service import serving
from trimtab.apps.service.alert_rules import read_alerts
from trimtab.apps.service.serving import ServeQuestion

ROOT = Path(__file__).parents[2]
CONTAINER = (ROOT / "Containerfile").read_text()
UNIT_FILE = ROOT / "deploy/trimtab.service"
VENV = "/opt/trimtab"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, lines that go on joined."""
    lines = [line for line in CONTAINER.splitlines() if line and not line.startswith("#")]
    text = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    found = [line.partition(" ") for line in text.splitlines()]
    return [(word, rest.strip()) for word, _, rest in found]


def told(word: str) -> list[str]:
    """What all instructions of one kind say."""
    return [rest for name, rest in instructions() if name == word]


def comment() -> str:
    """The commands that the Containerfile begins with, one a line."""
    lines = [line[1:].strip() for line in CONTAINER.splitlines() if line.startswith("#   ")]
    return re.sub(r"\\\n", " ", "\n".join(lines))


def unit() -> dict[str, list[str]]:
    """The settings of the unit; a setting may be there several times."""
    found: dict[str, list[str]] = {}
    text = re.sub(r"\\\n\s*", " ", UNIT_FILE.read_text())
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ServeQuestion]:
    """What `trimtab serve` would serve."""
    found: list[ServeQuestion] = []
    monkeypatch.setattr(serving, "run_serve", found.append)
    return found


def test_the_container_copies_what_the_checkout_has() -> None:
    tracked = set(checkout.files())
    for rest in told("COPY"):
        if rest.startswith("--from"):
            assert rest == f"--from=build {VENV} {VENV}"
            continue
        for source in rest.split()[:-1]:
            held = {path for path in tracked if path == source or path.startswith(f"{source}/")}
            assert held, f"a fresh clone has no {source}"
    assert {"pyproject.toml", "README.md", "LICENSE", "NOTICE", "src"} <= {
        word for rest in told("COPY") for word in rest.split()
    }


def test_what_is_installed_is_pinned_and_all_that_the_service_needs() -> None:
    installed = [rest for rest in told("RUN") if "pip install" in rest]
    assert len(installed) == 2
    locked, own = installed
    assert "--require-hashes --only-binary :all: -r requirements/service.txt" in locked
    assert "--no-deps --no-build-isolation ." in own, "nothing else is taken from outside"
    text = (ROOT / "requirements/service.txt").read_text()
    pins = dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", text, re.MULTILINE))
    tests = (ROOT / "requirements/dev.txt").read_text()
    assert set(pins.items()) <= set(
        re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", tests, re.MULTILINE)
    ), "what is deployed is what was tested"
    hashed = re.findall(r"^[a-z][^\n]*==[^\n]* \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(hashed) > 40
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["service"],
        *project["build-system"]["requires"],
    ]
    for requirement in needed:
        name = re.match(r"[\w.-]+", requirement)
        assert name is not None
        assert name[0] in pins, f"requirements/service.txt lacks {name[0]}"


def test_the_container_runs_without_root_and_says_how_it_is(
    asked: list[ServeQuestion],
) -> None:
    (user,) = told("USER")
    assert re.search(rf"useradd --uid [1-9]\d+ .*--home-dir /data .*\b{user}$", told("RUN")[-1])
    names = [word for word, _ in instructions()]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name == "RUN")
    assert (told("WORKDIR")[-1], told("VOLUME")) == ("/data", ["/data"])
    assert told("STOPSIGNAL") == ["SIGTERM"], "what the service drains at"
    assert json.loads(told("ENTRYPOINT")[0]) == ["trimtab", "serve"]
    assert ask("serve", "/data/case").code == 0
    (usual,) = asked
    assert told("EXPOSE") == [str(usual.port)]
    (health,) = told("HEALTHCHECK")
    address = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", health)
    assert address is not None
    assert int(address[1]) == usual.port
    with running(quiet()) as service:
        assert Caller(service).get(address[2]).text == "ok"


def test_the_container_s_commands_are_those_of_the_command_line(
    asked: list[ServeQuestion], tmp_path: Path
) -> None:
    build, keys, run = comment().splitlines()
    assert shlex.split(build)[:2] == ["podman", "build"]
    image = shlex.split(build)[shlex.split(build).index("-t") + 1]
    words = shlex.split(keys.replace("/data/", f"{tmp_path}/"))
    assert ask(*words[words.index(image, words.index("--entrypoint") + 2) + 1 :]).code == 0
    assert (tmp_path / "keys.json").exists()
    words = shlex.split(run)
    assert ask("serve", *words[len(words) - words[::-1].index(image) :]).code == 0
    (found,) = asked
    assert (found.case, found.host, found.journal) == (
        *("/data/case", "0.0.0.0", "/data/venue.db"),
    )
    assert found.keys == Path("/data/keys.json")


def test_the_unit_starts_what_there_is(asked: list[ServeQuestion]) -> None:
    (start,) = unit()["ExecStart"]
    program, *words = shlex.split(start)
    assert program == f"{VENV}/bin/trimtab", "where the container has it too"
    answer = ask(*words)
    assert answer.code == 0, answer.err
    (found,) = asked
    assert (found.case, found.journal, found.act, found.feeds) == ("case", "venue.db", True, ())
    assert found.alerts is not None
    assert read_alerts(UNIT_FILE.with_name(found.alerts.name)).rules
    assert found.keys == Path("keys.json")
    (home,) = unit()["WorkingDirectory"]
    assert home == f"/var/lib/{unit()['StateDirectory'][0]}"
    for pair in unit()["Environment"][0].split():
        assert pair.partition("=")[2].startswith(f"{home}/"), "all else is read-only"
    assert unit()["KillSignal"] == told("STOPSIGNAL")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_nothing_to_say_of_the_unit(tmp_path: Path) -> None:
    text = UNIT_FILE.read_text()
    there = tmp_path / UNIT_FILE.name
    there.write_text(text.replace(f"{VENV}/bin/trimtab", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(there)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
