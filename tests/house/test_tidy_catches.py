"""Each check of the tidy test can fail: it is fed what it forbids, and what it must let pass."""

from functools import partial

import pytest

from tests.house import tidy
from tests.house.ratchet import out_of_step
from tests.house.tidy import Check

LONG_BODY = "".join(f"    x{number} = {number}\n" for number in range(60))
DEEP = "def f(x):\n  if x:\n    for a in x:\n      while a:\n        with a:\n          pass\n"
ELIF_CHAIN = (
    "def f(x):\n  if x == 1:\n    pass\n"
    + "".join(f"  elif x == {number}:\n    pass\n" for number in range(2, 9))
)  # fmt: skip
MARK = "TO" + "DO"
NUMPY = partial(tidy.foreign_imports, allowed=frozenset({"numpy"}))

CAUGHT: list[tuple[Check, str, int]] = [
    (tidy.long_file, "x = 1\n" * 301, 1),
    (tidy.long_functions, f"def f():\n{LONG_BODY}", 1),
    (tidy.long_functions, f"class A:\n  async def f(self):\n{LONG_BODY}", 1),
    (tidy.long_lines, f"x = '{'y' * 100}'\n", 1),
    (tidy.deep_nesting, DEEP, 1),
    (tidy.deep_nesting, "if a:\n for b in c:\n  try:\n   if d: pass\n  finally: pass\n", 1),
    (tidy.many_positionals, "def f(a, b, c): ...", 1),
    (tidy.many_positionals, "class A:\n  def f(self, a, b, /, c): ...", 1),
    (tidy.many_positionals, "class A:\n  @classmethod\n  def f(cls, a, b, c): ...", 1),
    (tidy.keyword_tunnels, "def f(a, **options): ...", 1),
    (tidy.vague_names, "src/trimtab/engine/utils.py", 1),
    (tidy.vague_names, "src/trimtab/core/manager/step.py", 2),
    (tidy.prints, "def f():\n    print('x')", 1),
    (tidy.ambient_calls, "import time", 1),
    (tidy.ambient_calls, "import urllib.request", 1),
    (tidy.ambient_calls, "from random import choice", 1),
    (tidy.ambient_calls, "def f():\n    import logging", 1),
    (tidy.ambient_calls, "from datetime import datetime\nx = datetime.now()", 1),
    (tidy.ambient_calls, "import datetime\nx = datetime.date.today()", 1),
    (tidy.ambient_calls, "x = open('book.csv')", 1),
    (tidy.floats, "x = 0.5", 1),
    (tidy.floats, "x = 1e18", 1),
    (tidy.floats, "x = float('1')", 1),
    (tidy.unnamed_divisions, "x = a / b", 1),
    (tidy.unnamed_divisions, "x = a // b", 1),
    (tidy.unnamed_divisions, "x //= 2\ny = divmod(x, 2)", 2),
    (tidy.foreign_imports, "import numpy as np", 1),
    (tidy.foreign_imports, "def f():\n    from scipy.stats import norm", 1),
    (NUMPY, "import numpy\nimport duckdb", 1),
    (tidy.missing_docstrings, "def f(): ...", 1),
    (tidy.missing_docstrings, "class A:\n  def f(self): ...", 2),
    (tidy.unfinished, f"# {MARK}: mend\n", 1),
    (tidy.unfinished, "# FIX" + "ME\n", 1),
    (tidy.machine_addresses, "cd /wo" + "rk/main", 1),
    (tidy.machine_addresses, "x = '/ho" + "me/someone'", 1),
    (tidy.machine_addresses, "https://pypi." + "org/simple", 1),
    (tidy.machine_addresses, "pip --extra-index-" + "url x", 1),
]

PASSED: list[tuple[Check, str]] = [
    (tidy.long_file, "x = 1\n" * 300),
    (tidy.long_functions, "def f():\n" + "    x = 1\n" * 59),
    (tidy.long_lines, f"{'x' * 100}\n"),
    (tidy.deep_nesting, ELIF_CHAIN),
    (tidy.deep_nesting, "if a:\n  for b in c:\n    if d:\n      x = [e for e in b if e]\n"),
    (tidy.deep_nesting, "def f():\n if a:\n  if b:\n   def g():\n    if c:\n     if d: pass\n"),
    (tidy.many_positionals, "def f(a, b, *, c, d): ...\nclass A:\n  def g(self, a, b): ..."),
    (tidy.many_positionals, "class A:\n  def __exit__(self, a, b, c): ..."),
    (tidy.keyword_tunnels, "def f(*, a): g(**a)"),
    (tidy.vague_names, "src/trimtab/engine/database.py"),
    (tidy.prints, "# print('x')\nblueprint(x)"),
    (tidy.ambient_calls, "from datetime import datetime, timedelta\nx = book.now\ny = book.open()"),
    (tidy.ambient_calls, "from trimtab.model import time_range\nfrom .time import x"),
    (tidy.floats, "x = 10**18\ny: float\nz = '0.5'"),
    (tidy.unnamed_divisions, "x = mul_div_down(a, b, c)  # a / b\n"),
    (tidy.foreign_imports, "import math\nfrom trimtab.units import Ratio\nfrom . import scales"),
    (NUMPY, "import numpy as np"),
    (tidy.missing_docstrings, "def _f(): ...\nclass A:\n  'A.'\n  def __len__(self): ..."),
    (
        tidy.missing_docstrings,
        "@overload\ndef f(): ...\ndef g():\n  'G.'\n  def inner(): ...",
    ),
    (tidy.unfinished, "todos = 1"),
    (tidy.machine_addresses, "docs/work/page.md https://example.org/x ../shared/data"),
]


@pytest.mark.parametrize(("check", "source", "count"), CAUGHT)
def test_check_catches(check: Check, source: str, count: int) -> None:
    assert len(check(source)) == count


@pytest.mark.parametrize(("check", "source"), PASSED)
def test_check_lets_pass(check: Check, source: str) -> None:
    assert check(source) == []


def test_every_check_is_shown_to_fail() -> None:
    checks = {check for check, _, _ in CAUGHT}
    written = {
        value
        for name, value in vars(tidy).items()
        if callable(value)
        and getattr(value, "__annotations__", {}).get("return") == list[tidy.Finding]
    }
    assert written - {tidy.matches, tidy.calls_of_names} <= checks


def test_findings_carry_the_measure_and_the_place() -> None:
    (found,) = tidy.deep_nesting(DEEP)
    assert (found.where, found.amount, found.line) == ("f", 4, 1)
    (found,) = tidy.long_file("x\n" * 321)
    assert found.amount == 321


def test_ratchet_moves_one_way() -> None:
    assert out_of_step({"a": 3}, {"a": 3}) == []
    assert out_of_step({"a": 4}, {"a": 3}) == ["a: 4, and the ratchet allows 3"]
    assert out_of_step({"b": 1}, {}) == ["b: 1, and the ratchet allows 0"]
    (lower,) = out_of_step({"a": 2}, {"a": 3})
    assert "lower it to 2" in lower
    (gone,) = out_of_step({}, {"a": 3})
    assert "remove it" in gone
