"""The checks of the tidy test: each takes source text and returns what it found."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
LINE_COLUMNS_MAX = 100
NESTING_MAX = 3
POSITIONAL_MAX = 2

VAGUE_NAMES = frozenset({"utils", "common", "misc", "helpers", "base", "manager", "core"})
AMBIENT_MODULES = frozenset(
    {"time", "random", "secrets", "socket", "ssl", "http", "urllib", "requests", "httpx"}
    | {"aiohttp", "logging", "structlog"}
)
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})

# Spelled in two halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(work|home|root|Users)" + r"/")
PACKAGE_INDEX = re.compile(r"\bpypi\." + r"org|pythonhosted\." + r"org|--(extra-)?index-" + r"url")

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
CONTEXTS = (ast.With, ast.AsyncWith)
BLOCKS = (ast.If, ast.Match, ast.Try, ast.TryStar, *LOOPS, *CONTEXTS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing out of order: its line, its measure, and the name it stands in ("" = file)."""

    line: int
    what: str
    amount: int = 1
    where: str = ""


Check = Callable[[str], list[Finding]]


@cache
def parse(source: str) -> ast.Module:
    return ast.parse(source)


def named_definitions(
    tree: ast.AST, *, prefix: str = ""
) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Every class and function below `tree` with its dotted name, nested ones too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            name = f"{prefix}{node.name}"
            yield name, node
            yield from named_definitions(node, prefix=f"{name}.")
        else:
            yield from named_definitions(node, prefix=prefix)


def functions(source: str) -> Iterator[tuple[str, Function]]:
    for name, node in named_definitions(parse(source)):
        if isinstance(node, FUNCTIONS):
            yield name, node


def matches(source: str, *, pattern: re.Pattern[str], what: str) -> list[Finding]:
    return [
        Finding(number, f"{what}: {line.strip()[:60]}")
        for number, line in enumerate(source.splitlines(), start=1)
        if pattern.search(line)
    ]


def long_file(source: str) -> list[Finding]:
    lines = len(source.splitlines())
    return [Finding(1, f"file of {lines} lines", lines)] if lines > FILE_LINES_MAX else []


def long_functions(source: str) -> list[Finding]:
    found = []
    for name, node in functions(source):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            found.append(Finding(node.lineno, f"function of {lines} lines", lines, name))
    return found


def long_lines(source: str) -> list[Finding]:
    return [
        Finding(number, f"{len(line)} columns")
        for number, line in enumerate(source.splitlines(), start=1)
        if len(line) > LINE_COLUMNS_MAX
    ]


def depth(node: ast.AST) -> int:
    """How deep blocks stand in one another below `node`; an elif stands beside its if."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            continue
        is_elif = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        own = 1 if isinstance(child, BLOCKS) and not is_elif else 0
        deepest = max(deepest, own + depth(child))
    return deepest


def deep_nesting(source: str) -> list[Finding]:
    places: list[tuple[str, int, ast.AST]] = [("", 1, parse(source))]
    places += [(name, node.lineno, node) for name, node in functions(source)]
    measured = [(name, line, depth(node)) for name, line, node in places]
    return [
        Finding(line, f"blocks {levels} deep", levels, name)
        for name, line, levels in measured
        if levels > NESTING_MAX
    ]


def many_positionals(source: str) -> list[Finding]:
    """Functions that take a third parameter by position; special methods are called that way."""
    found = []
    for name, node in functions(source):
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > POSITIONAL_MAX and not node.name.startswith("__"):
            found.append(Finding(node.lineno, f"{count} by position", count, name))
    return found


def keyword_tunnels(source: str) -> list[Finding]:
    return [
        Finding(node.lineno, f"takes **{node.args.kwarg.arg}", 1, name)
        for name, node in functions(source)
        if node.args.kwarg
    ]


def vague_names(path: str) -> list[Finding]:
    """The one check that reads a path instead of a source."""
    parts = re.sub(r"\.py$", "", path).split("/")
    return [Finding(1, f"says nothing: {part}") for part in parts if part in VAGUE_NAMES]


def imported_modules(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def calls_of_names(source: str, *, names: frozenset[str]) -> list[Finding]:
    return [
        Finding(node.lineno, f"{node.func.id}()")
        for node in ast.walk(parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]


def prints(source: str) -> list[Finding]:
    return calls_of_names(source, names=frozenset({"print"}))


def ambient_calls(source: str) -> list[Finding]:
    """Clock, chance, network, log and file: what the functional centre may not reach."""
    found = [
        Finding(line, f"imports {module}")
        for line, module in imported_modules(source)
        if module.split(".")[0] in AMBIENT_MODULES
    ]
    found += [
        Finding(node.lineno, f"reads the clock: .{node.attr}")
        for node in ast.walk(parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCK_CALLS
        and isinstance(node.value, ast.Name | ast.Attribute)
        and ast.unparse(node.value).split(".")[-1] in {"datetime", "date"}
    ]
    return found + calls_of_names(source, names=frozenset({"open", "input"}))


def floats(source: str) -> list[Finding]:
    literals = [
        Finding(node.lineno, f"float literal {node.value}")
        for node in ast.walk(parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    return literals + calls_of_names(source, names=frozenset({"float"}))


def unnamed_divisions(source: str) -> list[Finding]:
    operators = [
        Finding(node.lineno, "division whose rounding has no name")
        for node in ast.walk(parse(source))
        if isinstance(node, ast.BinOp | ast.AugAssign)
        and isinstance(node.op, ast.Div | ast.FloorDiv)
    ]
    return operators + calls_of_names(source, names=frozenset({"divmod"}))


def foreign_imports(source: str, *, allowed: frozenset[str] = frozenset()) -> list[Finding]:
    """Imports from outside the standard library and Trimtab itself."""
    own = sys.stdlib_module_names | {"trimtab"} | allowed
    return [
        Finding(line, f"imports {module}")
        for line, module in imported_modules(source)
        if module.split(".")[0] not in own
    ]


def missing_docstrings(source: str) -> list[Finding]:
    """Public functions, classes and methods without one; overloads and setters share theirs."""
    return [
        Finding(node.lineno, "public and without a docstring", 1, name)
        for name, node in public_definitions(parse(source))
        if ast.get_docstring(node) is None and not shares_docstring(node)
    ]


def public_definitions(
    tree: ast.Module | ast.ClassDef, *, prefix: str = ""
) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in tree.body:
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)) or node.name.startswith("_"):
            continue
        yield f"{prefix}{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node, prefix=f"{prefix}{node.name}.")


def shares_docstring(node: Function | ast.ClassDef) -> bool:
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(re.search(r"(^|\.)(overload|setter|override)$", text) for text in decorators)


def unfinished(source: str) -> list[Finding]:
    return matches(source, pattern=UNFINISHED, what="unfinished")


def machine_addresses(source: str) -> list[Finding]:
    paths = matches(source, pattern=MACHINE_PATH, what="path of one machine")
    return paths + matches(source, pattern=PACKAGE_INDEX, what="address of a package index")
