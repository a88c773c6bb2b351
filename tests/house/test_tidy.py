"""The tidy test: the style of the house, held by a ratchet."""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from tests.house import checkout, tidy
from tests.house.ratchet import out_of_step
from tests.house.tidy import Check, Finding

# Rule -> place (`path` or `path::name`) -> the number measured there. Numbers only fall.
RATCHET: dict[str, dict[str, int]] = {
    # The data of a refusal is named where it is raised and goes no further.
    "keyword_tunnels": {
        "src/trimtab/engine/refusal.py::Refusal.__init__": 1,
        "src/trimtab/engine/refusal.py::require": 1,
    },
    # a x b / denominator reads in the order in which it is written everywhere.
    "positionals": {
        "src/trimtab/units/fixed.py::mul_div_down": 3,
        "src/trimtab/units/fixed.py::mul_div_half_up": 3,
        "src/trimtab/units/fixed.py::mul_div_up": 3,
    },
}

# Lines of tests a hundred lines of a package ask for.
TEST_PERCENT_MIN = {"engine": 150}
TEST_PERCENT_MIN_ELSEWHERE = 70
# Tests of a package that stand in a folder of their own.
MORE_TESTS = {"adapters": ("tests/oracle/imports",), "protocols": ("tests/oracle",)}

Scope = Callable[[str], object]


def places(pattern: str) -> Scope:
    return re.compile(pattern).search


PYTHON = places(r"\.py$")
PACKAGE = places(r"^src/.*\.py$")
BELOW_APPS = places(r"^src/trimtab/(?!apps/).*\.py$")
CENTER = places(r"^src/trimtab/(?!apps/|adapters/).*\.py$")
EXACT = places(r"^src/trimtab/(units/(?!floats\.py$)|model/|engine/|protocols/).*\.py$")
DECIDING = places(r"^src/trimtab/(model|engine)/.*\.py$")
ALONE = places(r"^src/trimtab/(units|engine|protocols)/.*\.py$")
MODEL = places(r"^src/trimtab/model/.*\.py$")
ANY = places(r"")

RULES: dict[str, tuple[Scope, Check]] = {
    "file_lines": (PYTHON, tidy.long_file),
    "function_lines": (PYTHON, tidy.long_functions),
    "long_lines": (PYTHON, tidy.long_lines),
    "nesting": (PYTHON, tidy.deep_nesting),
    "positionals": (PACKAGE, tidy.many_positionals),
    "keyword_tunnels": (PACKAGE, tidy.keyword_tunnels),
    "docstrings": (PACKAGE, tidy.missing_docstrings),
    "prints": (BELOW_APPS, tidy.prints),
    "ambient": (CENTER, tidy.ambient_calls),
    "floats": (EXACT, tidy.floats),
    "divisions": (DECIDING, tidy.unnamed_divisions),
    "foreign_imports": (ALONE, tidy.foreign_imports),
    "foreign_imports_of_model": (
        MODEL,
        partial(tidy.foreign_imports, allowed=frozenset({"numpy"})),
    ),
    "unfinished": (ANY, tidy.unfinished),
    "machine_addresses": (ANY, tidy.machine_addresses),
}


def measure(findings: dict[str, list[Finding]]) -> Counter[str]:
    """The findings of each file summed by place."""
    total: Counter[str] = Counter()
    for path, found in findings.items():
        for finding in found:
            total[f"{path}::{finding.where}" if finding.where else path] += finding.amount
    return total


def hold(rule: str, findings: dict[str, list[Finding]]) -> None:
    complaints = out_of_step(measure(findings), RATCHET.get(rule, {}))
    seen = [
        f"  {path}:{finding.line}: {finding.what}"
        for path, found in findings.items()
        for finding in found
    ]
    assert not complaints, "\n".join([f"{rule}:", *complaints, "seen:", *seen])


@pytest.mark.parametrize("rule", RULES)
def test_source_keeps_the_rule(rule: str) -> None:
    scope, check = RULES[rule]
    texts = {path: checkout.text(path) for path in checkout.files() if scope(path)}
    hold(rule, {path: check(text) for path, text in texts.items() if text is not None})


def test_modules_and_packages_have_telling_names() -> None:
    paths = [path for path in checkout.files() if PYTHON(path)]
    hold("vague_names", {path: tidy.vague_names(path) for path in paths})


def test_the_ratchet_names_rules_that_exist() -> None:
    assert RATCHET.keys() <= {*RULES, "vague_names", "test_percent_short"}


def written_lines(folder: str) -> int:
    """Lines of Python below a folder that are not blank."""
    sources = (
        checkout.text(path)
        for path in checkout.files()
        if PYTHON(path) and path.startswith(f"{folder}/")
    )
    return sum(bool(line.strip()) for source in sources for line in (source or "").splitlines())


def test_tests_are_as_long_as_the_code_asks(record_property: Callable[[str, object], None]) -> None:
    """Counted in steps of ten percent points, so that not every commit moves the ratchet."""
    found = (re.match(r"src/trimtab/(\w+)/.*\.py$", path) for path in checkout.files())
    short: dict[str, int] = {}
    for package in sorted({match[1] for match in found if match}):
        source, tests = written_lines(f"src/trimtab/{package}"), written_lines(f"tests/{package}")
        tests += sum(written_lines(folder) for folder in MORE_TESTS.get(package, ()))
        percent = 100 * tests // max(source, 1)
        wanted = TEST_PERCENT_MIN.get(package, TEST_PERCENT_MIN_ELSEWHERE)
        record_property(package, f"{source} lines, {tests} lines of tests, {percent} percent")
        print(f"{package}: {tests} lines of tests for {source}, {percent} % of {wanted} %")
        if source and percent < wanted:
            short[package] = -10 * ((percent - wanted) // 10)
    complaints = out_of_step(short, RATCHET.get("test_percent_short", {}))
    assert not complaints, "\n".join(complaints)
