"""The doctor names what an extra lacks, and the command that installs it."""

from __future__ import annotations

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.apps.command_line import ask
from trimtab.apps import console, doctor
from trimtab.apps import extras as extras_module
from trimtab.apps.extras import Extra, extras

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
# As a wheel's metadata has them.
NEEDED = [
    f"{text}; extra == '{name}'"
    for name, texts in PROJECT["optional-dependencies"].items()
    for text in texts
] + PROJECT["dependencies"]


def nothing(name: str) -> str:
    raise metadata.PackageNotFoundError(name)


def test_every_extra_of_the_project_is_told() -> None:
    told = extras(NEEDED, installed=nothing)
    assert [one.name for one in told] == ["chain", "distributed", "service", "sim"]
    for one in told:
        texts = PROJECT["optional-dependencies"][one.name]
        names = [text.partition(">")[0].partition("[")[0] for text in texts]
        assert list(one.missing) == names
        assert str(one) == f"missing {', '.join(names)}: pip install 'trimtab[{one.name}]'"


def test_what_the_package_says_of_itself_is_what_the_project_says() -> None:
    assert [one.name for one in extras()] == sorted(PROJECT["optional-dependencies"])


@pytest.mark.parametrize(
    ("bounds", "version", "fits"),
    [
        (">=6,<7", "6.0.1", True),
        ("<7,>=6", "7.0", False),
        ("<7,>=6", "6", True),
        (">=6", "5.99.9", False),
        (">=2.0.36", "2.0.36", True),
        (">=2.0.36", "2.0.4", False),
        (">=2.0.36", "2.1", True),
        (">=0.165", "0.165.0rc1", True),
        ("", "0.1", True),
    ],
)
def test_a_version_that_does_not_fit_is_told(bounds: str, version: str, fits: bool) -> None:
    (one,) = extras([f"web3{bounds}; extra == 'chain'"], installed=lambda _: version)
    assert one.is_complete is fits
    if not fits:
        command = "pip install 'trimtab[chain]'"
        assert str(one) == f"unfit web3 {version} ({bounds}): {command}"


def test_all_that_is_there_is_complete() -> None:
    told = extras(NEEDED, installed=lambda _: "999")
    assert {one.name for one in told if not one.is_complete} == {"chain"}, "that has upper bounds"
    assert str(extras(["ray>=2; extra == 'distributed'"], installed=lambda _: "2.60")[0]) == (
        "complete"
    )


def test_the_doctor_tells_extras_in_both_forms(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_speeds", dict)
    monkeypatch.setattr(doctor, "kernel_facts", dict)
    lacking = Extra("sim", ("optuna",), ())
    monkeypatch.setattr(doctor, "extras", lambda: (Extra("chain", (), ()), lacking))
    doctor.run_doctor(console.Format.JSON)
    found = json.loads(capsys.readouterr().out)
    assert found["extra_chain"] == "complete"
    assert found["extra_sim"] == "missing optuna: pip install 'trimtab[sim]'"
    doctor.run_doctor(console.Format.TABLE)
    table = " ".join(capsys.readouterr().out.split())
    assert "extra chain complete" in table
    assert "extra sim missing optuna: pip install 'trimtab[sim]'" in table


@pytest.mark.parametrize(
    "words",
    [
        ["journal", "verify", "x.db"],
        ["journal", "export", "x.db", "out"],
        ["journal", "restore", "a", "b"],
        ["journal", "cut-tail", "x.db"],
        ["keys", "list"],
        ["keys", "add", "desk"],
        ["keys", "revoke", "desk"],
        ["serve", "case"],
        ["demo", "--live"],
    ],
)
def test_verbs_without_their_extra_say_how_to_have_it(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lacking = Extra("service", ("sqlalchemy", "fastapi"), ())
    monkeypatch.setattr(extras_module, "extras", lambda: (lacking,))
    monkeypatch.chdir(tmp_path)
    answer = ask(*words)
    assert answer.code == 2
    assert answer.out == ""
    (line,) = answer.err.splitlines()
    assert line.startswith("error: ")
    way = "pip install 'trimtab[service]', or `make extras` in a checkout"
    assert line.endswith(f"needs sqlalchemy: {way}")
    assert not list(tmp_path.iterdir())
