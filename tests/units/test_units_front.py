"""The package as its users meet it: names, examples in docstrings, and what mypy refuses."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest
from mypy import api as mypy_api

from trimtab import units

MODULES = sorted(module.name for module in pkgutil.iter_modules(units.__path__))
PACKAGE = Path(next(iter(units.__path__)))

SNIPPET = """\
from trimtab.units.values import Amount, Price, Ratio, Time, Unit, Value

eth = Unit("ETH", 18)
amount, price, value = Amount(1, eth), Price(1, eth), Value(1)
legal = price.value_of_down(amount).weighted_up(Ratio(1)) + value
seconds: int = Time(2) - Time(1)
amount + price  # refused
amount * price  # refused
amount < price  # refused
value + 1  # refused
value + Ratio(1)  # refused
Time(1) + Time(2)  # refused
price.value_of_down(value)  # refused
value.raw = 2  # refused
"""


def test_every_public_name_is_there_once_and_sorted_by_kind():
    assert len(set(units.__all__)) == len(units.__all__)
    for name in units.__all__:
        assert getattr(units, name) is not None


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_hold(name):
    module = importlib.import_module(f"trimtab.units.{name}")
    assert module.__doc__
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_only_the_standard_library_is_imported(name):
    source = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    roots = re.findall(r"^(?:from|import) ([a-z_0-9]+)", source, re.MULTILINE)
    assert set(roots) <= set(sys.stdlib_module_names) | {"trimtab", "__future__"}


def test_mypy_refuses_illegal_arithmetic(tmp_path, monkeypatch):
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET, encoding="utf-8")
    monkeypatch.setenv("MYPYPATH", str(PACKAGE.parent.parent))
    # Only `units` is followed, so that the rest of the package cannot slow this down.
    options = ["--config-file=", "--strict", "--cache-dir=/dev/null", "--follow-imports=skip"]
    options.append("--explicit-package-bases")
    sources = [str(path) for path in sorted(PACKAGE.glob("*.py"))]
    report, problems, status = mypy_api.run([*options, str(snippet), *sources])
    refused = {number for number, line in enumerate(SNIPPET.splitlines(), 1) if "refused" in line}
    found = {int(n) for n in re.findall(r"snippet\.py:([0-9]+): error", report)}
    assert problems == ""
    assert status == 1
    assert found == refused, report
    assert report.count(": error") == len(refused), report
