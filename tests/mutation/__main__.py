"""Runs a module's tests against each of its mutants: `python -m tests.mutation [MODULE...]`.

    make mutants                            all modules of SUITES

Each mutant is tested in a fork of one warm process, so that a run costs what the tests cost. A
mutant that makes tests fail, or hang, is killed; one that does not has survived, and has to stand
in SURVIVORS.md with a reason. Exit codes: 0 every survivor is explained, 1 one is not.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import types
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutation.explained import explained
from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 120
SUITES = {
    "morpho": ("test_protocols_morpho.py", "test_protocols_morpho_rounding.py"),
    "maker": ("test_protocols_maker.py", "test_protocols_maker_rounding.py"),
    "compound": ("test_protocols_compound.py", "test_protocols_compound_rounding.py"),
}
# Loaded before the forks, so that none of them pays for it.
WARM = ("hypothesis", "hypothesis.strategies", "numpy", "trimtab.apps.front", "tests.conftest")


def main(names: Sequence[str]) -> int:
    """Test all mutants of some modules; prints the survivors, then one line of totals each."""
    for warm in WARM:
        importlib.import_module(warm)
    unexplained = 0
    for name in names or SUITES:
        unexplained += _run(name)
    return 1 if unexplained else 0


def _run(name: str) -> int:
    path = ROOT / "src/trimtab/protocols" / f"{name}.py"
    reasons = explained(name)
    made = survived = known = 0
    for mutant in mutants(path.read_text(encoding="utf-8")):
        made += 1
        if not _survives(mutant, name):
            continue
        survived += 1
        known += mutant.name in reasons
        mark = "explained" if mutant.name in reasons else "SURVIVED "
        print(f"{mark} {name}.py:{mutant.line}: {mutant.name}", flush=True)
    killed = made - survived
    print(f"{name}: {made} mutants, {killed} killed, {known} explained, {survived - known} left")
    return survived - known


def _survives(mutant: Mutant, name: str) -> bool:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_tested(mutant, name))
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


def _tested(mutant: Mutant, name: str) -> int:
    """In the fork: the exit status of the tests with the mutant in the module's place."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    signal.alarm(SECONDS_MAX)
    full = f"trimtab.protocols.{name}"
    assert full not in sys.modules, f"{full} is loaded before its mutant"
    module = types.ModuleType(full)
    sys.modules[full] = module
    setattr(importlib.import_module("trimtab.protocols"), name, module)
    try:
        exec(compile(mutant.source, f"<mutant of {name}>", "exec"), module.__dict__)
    except Exception:
        return 1
    folder = ROOT / "tests/protocols"
    files = [str(folder / file) for file in SUITES[name]]
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
