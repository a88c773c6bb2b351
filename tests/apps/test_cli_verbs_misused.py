"""`trimtab import` and `trimtab preset` misused: one line, its exit code, and nothing written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest import mock

import pytest

from tests.apps.command_line import ask
from tests.apps.test_presets import COMET
from trimtab.apps.preset_verbs import RULES_FILE
from trimtab.apps.presets import CONFIGURED, preset, preset_names
from trimtab.units import RulesError

POOL = "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2"
EXCHANGE = ("import", "exchange", "binanceusdm", "--symbol", "ETH=ETH/USDT:USDT")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "aave-v3"), "Missing option"),
        (("import", "aave-v3", "--rpc", "http://127.0.0.1:1"), "Missing option"),
        (("import", "compound-v3", "--pool", POOL), "No such option"),
        (("import", "uniswap"), "No such command"),
        (("import", "morpho-blue", "--rpc", "http://127.0.0.1:1", "--out", "x"), "'--market'"),
        (("import", "exchange"), "Missing"),
        (("import", "exchange", "binanceusdm"), "'--symbol'"),
        ((*EXCHANGE, "--since", "2024-01-01"), "'--out'"),
        ((*EXCHANGE, "--since", "2024-01-01", "--out", "x", "--price", "last"), "'last'"),
        (
            (*EXCHANGE, "--since", "2024-01-01", "--out", "x", "--depth-levels", "0"),
            "--depth-levels '0': expected 1 or more",
        ),
        (("preset", "show"), "Missing argument 'NAME'"),
        (("preset", "import", "compound-v3"), "Missing argument 'FILE'"),
        (("preset", "frobnicate"), "No such command"),
        (("preset", "list", "--format", "yaml"), "'yaml'"),
    ],
)
def test_what_is_missing_or_unknown_is_a_usage_error(
    words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TRIMTAB_RPC", raising=False)
    monkeypatch.chdir(tmp_path)
    answer = ask(*words)
    assert answer.code == 2
    assert said.lower() in answer.complaint.lower()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["import", "preset"])
def test_a_group_alone_shows_its_help(verb: str) -> None:
    answer = ask(verb)
    assert answer.code == 2
    assert "Usage: trimtab" in answer.err + answer.out


def test_an_exchange_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    words = (*EXCHANGE, "--since", "2024-01-01", "--out", tmp_path / "case")
    with mock.patch.dict(sys.modules, {"ccxt": None}):
        answer = ask(*words)
    assert answer.code == 2
    assert "pip install 'trimtab[chain]'" in answer.complaint
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "1 January"), "--since '1 January'"),
        (("--since", "2024-01-01", "--until", "later"), "--until 'later'"),
        (("--since", "2024-01-01", "--timeframe", "1y"), "--timeframe"),
    ],
)
def test_a_time_that_is_none_is_named_with_its_option(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    answer = ask(*EXCHANGE, *words, "--out", tmp_path / "case")
    assert answer.code == 2
    assert said in answer.complaint
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_preset_is_no_table_of_rows(form: str) -> None:
    answer = ask("preset", "show", preset_names()[0], "--format", form)
    assert answer.code == 2
    assert "--format" in answer.complaint


def test_with_debug_the_traceback_comes_before_the_line() -> None:
    answer = ask("preset", "show", "nothing", "--debug")
    assert answer.code == 3
    assert answer.err.startswith("Traceback")
    assert answer.err.splitlines()[-1].startswith("error: ")
    assert answer.raw == b""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "comet.json"
    path.write_text(json.dumps(COMET))
    return path


def test_a_configuration_goes_to_a_folder_or_to_a_file(configuration: Path, tmp_path: Path) -> None:
    folder, file = tmp_path / "a" / "case", tmp_path / "b" / "mine.toml"
    for out in (folder, file):
        answer = ask("preset", "import", "compound-v3", configuration, "--out", out)
        assert (answer.code, answer.out) == (0, "")
        written = folder / RULES_FILE if out == folder else file
        assets = {"WETH", "USDC", "USD"} & set(_assets(written))
        assert answer.err == f"{written}: {len(_assets(written))} assets\n"
        assert {"WETH", "USDC"} <= assets
    assert (folder / RULES_FILE).read_bytes() == file.read_bytes()


def _assets(path: Path) -> list[str]:
    heads = [line for line in path.read_text().splitlines() if line.startswith("[assets.")]
    return [head.removeprefix("[assets.").removesuffix("]") for head in heads]


def test_a_file_that_is_there_is_not_written_over(configuration: Path, tmp_path: Path) -> None:
    out = tmp_path / "rules.toml"
    out.write_text("mine")
    answer = ask("preset", "import", "compound-v3", configuration, "--out", out)
    assert answer.code == 2
    assert "there is such a file already" in answer.complaint
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "comet.json"),
        ("[]", "comet.json"),
        ("{}", "comet.json"),
        ('{"baseToken": 5}', "comet.json"),
    ],
)
def test_a_configuration_that_is_none_is_bad_data(
    configuration: Path, tmp_path: Path, content: str, said: str
) -> None:
    configuration.write_text(content)
    out = tmp_path / "case"
    answer = ask("preset", "import", "compound-v3", configuration, "--out", out)
    assert answer.code == 3
    assert said in answer.complaint
    assert not out.exists()


@pytest.mark.parametrize("name", sorted(set(preset_names()) - CONFIGURED.keys()))
def test_other_presets_say_which_take_a_configuration(configuration: Path, name: str) -> None:
    answer = ask("preset", "import", name, configuration)
    assert answer.code == 3
    assert all(other in answer.complaint for other in CONFIGURED)


@pytest.mark.parametrize("name", ["", "../aave-v3.7", "AAVE-V3.7", "aave-v3.7.toml"])
def test_a_preset_is_found_by_its_exact_name(name: str) -> None:
    with pytest.raises(RulesError, match="there is no such preset"):
        preset(name)
