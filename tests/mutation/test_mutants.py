"""The mutants: each a fault that is really there, and none where nothing decides."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.__main__ import ROOT, SUITES
from tests.mutation.explained import explained
from tests.mutation.mutants import Mutant, mutants, turned

SOURCE = '''\
"""Docstring with 1 + 1."""

from __future__ import annotations

from dataclasses import replace
from trimtab.units import mul_div_down, wad_mul_down


def share(a: int, b: int = 3) -> int:
    """Another, 2 < 3."""
    assert a >= 0, f"negative: {a + 1}"
    if not a and b == 7:
        return min(a, b)
    kept = replace(b, first=1, second=a)
    return mul_div_down(a + b, kept, 10**18) if True else -a
'''


def made() -> list[Mutant]:
    return list(mutants(SOURCE))


def test_every_place_that_decides_is_broken_once_each_way() -> None:
    names = {mutant.name for mutant in made()}
    assert {
        "a >= 0 -> a > 0",
        "a >= 0 -> a < 0",
        "not a and b == 7 -> not a or b == 7",
        "b == 7 -> b != 7",
        "min(a, b) -> max(a, b)",
        "a + b -> a - b",
        "10 ** 18 -> 10 * 18",
        "mul_div_down(a + b, kept, 10 ** 18) -> mul_div_up(a + b, kept, 10 ** 18)",
        "replace(b, first=1, second=a) -> replace(b, second=a)",
        "replace(b, first=1, second=a) -> replace(b, first=1)",
        "mul_div_down(a + b, kept, 10 ** 18) if True else -a -> "
        "mul_div_down(a + b, kept, 10 ** 18) if False else -a",
        "a: int, b: int=3 -> a: int, b: int=4",
        "10 ** 18 -> 10 ** 19",
    } <= names


def test_words_and_types_stay_as_they_are() -> None:
    for mutant in made():
        assert "Docstring with 1 + 1." in mutant.source
        assert "Another, 2 < 3." in mutant.source
        assert "negative: {a + 1}" in mutant.source


def test_a_mutant_is_one_change_of_a_module_that_compiles() -> None:
    plain = ast.unparse(ast.parse(SOURCE))
    sources = [mutant.source for mutant in made()]
    assert len(set(sources)) == len(sources)
    for source in sources:
        compile(source, "mutant", "exec")
        before = set(plain.splitlines())
        changed = [line for line in source.splitlines() if line.strip() and line not in before]
        assert 1 <= len(changed) <= 3, changed


def test_a_rounding_is_turned_only_where_there_is_another() -> None:
    known = {"mul_div_down": "trimtab.units", "pow_ray": "trimtab.units"}
    assert turned("mul_div_down", known) == "mul_div_up"
    assert turned("pow_ray", known) is None
    assert turned("mul_div_up", known) is None


@pytest.mark.parametrize("name", SUITES)
def test_every_explained_survivor_is_still_a_mutant(name: str) -> None:
    source = (ROOT / f"src/trimtab/protocols/{name}.py").read_text(encoding="utf-8")
    names = {mutant.name for mutant in mutants(source)}
    assert set(explained(name)) <= names
    assert all(len(why) > 10 for why in explained(name).values())
