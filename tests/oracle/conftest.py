"""Collects the oracle where its packages are, and prints its totals."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.oracle.packages import ANVIL
from tests.oracle.tally import Tally

# Without `make oracle` there is no machine to run them on; the other tests do not ask for it.
NEEDED = ("pyrevm", "eth_abi", "web3")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py", "imports/test_*.py"]
if ANVIL is None:
    collect_ignore_glob.append("imports/test_*.py")

TALLIES = pytest.StashKey[list[Tally]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLIES] = []


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Counts of one test, printed at the end of the session."""
    counted = Tally(request.node.name)
    request.config.stash[TALLIES].append(counted)
    return counted


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for counted in config.stash[TALLIES]:
        for line in counted.lines():
            terminalreporter.write_line(line)
