"""The guide to reading a chain runs, against a made-up pool at the address that it names."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import trimtab
from tests.adapters import aave_pool
from tests.adapters.chain_fakes import skip_without_extra
from tests.adapters.fake_node import serving
from tests.adapters.morpho_markets import MORPHO, ONE, chain_of_markets
from tests.docs import test_docs_guides as guides
from tests.house import documents
from trimtab.adapters.chains import MORPHO as MORPHO_MAINNET

skip_without_extra()

NAME = "read-a-chain"
POOL = "0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2"
HEIGHT = 21_000_000


def test_the_commands_print_what_the_guide_shows(tmp_path: Path) -> None:
    chain = aave_pool.pool()
    chain.contracts[POOL] = chain.contracts[aave_pool.POOL]
    chain.height, chain.chain_id = HEIGHT, 1
    blocks = [one for one in documents.blocks(guides.guide(NAME)) if one.language == "console"]
    typed = [pair for block in blocks for pair in guides.commands_of(block.body)]
    assert len(typed) >= 4
    with serving(chain) as url:
        environment = dict(guides.environment(tmp_path)) | {"TRIMTAB_RPC": url}
        for command, expected in typed:
            answer = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert answer.returncode == 0, f"{command}: {answer.stderr}"
            printed = (answer.stdout + answer.stderr).splitlines()
            for line in expected:
                assert any(shown.startswith(line) for shown in printed), f"{command}: {printed}"


def test_the_python_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [
        block.body for block in documents.blocks(guides.guide(NAME)) if block.language == "python"
    ]
    chain = chain_of_markets()
    chain.contracts[MORPHO_MAINNET] = chain.contracts[MORPHO]
    chain.logs = [log | {"address": MORPHO_MAINNET} for log in chain.logs]
    with serving(chain) as url:
        code = re.sub(r"0x[0-9a-f]{64}", ONE, block).replace("http://127.0.0.1:8545", url)
        code = code.replace("18_883_124", "0")
        monkeypatch.chdir(tmp_path)
        exec(compile(code, f"{NAME}.md", "exec"), {})
    assert trimtab.load_case(tmp_path / "morpho").rules.quote == "USDC"
