"""Small faults in a module's source, one at a time: what a test suite has to notice.

Beside the usual swaps of operators, comparisons and constants it turns the direction of a named
rounding (`mul_div_down` for `mul_div_up`), which is where an exact twin is most easily wrong.
"""

from __future__ import annotations

import ast
import copy
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Change = Callable[[ast.AST], ast.AST]

BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitOr: ast.BitAnd,
}
COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Pow: "**"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it is, what it says, and the whole source with it."""

    line: int
    was: str
    now: str
    source: str

    @property
    def name(self) -> str:
        """What the table of survivors calls it: the text before and after, without the line."""
        return f"{self.was} -> {self.now}"


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in order of its lines.

    Docstrings, annotations, imports and the messages of assertions stay as they are.
    """
    tree = ast.parse(source)
    imported = _imported(tree)
    for place, node in enumerate(ast.walk(tree)):
        if place in _left_alone(tree):
            continue
        for change in _changes(node, imported):
            mutated = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(mutated)) if i == place)
            shown = _parent(mutated, target) if isinstance(target, ast.Constant) else target
            was = ast.unparse(shown)
            change(target)
            line = getattr(target, "lineno", 0)
            yield Mutant(line, was, ast.unparse(shown), _import_missing(mutated, imported))


def _parent(tree: ast.AST, child: ast.AST) -> ast.AST:
    """The node that a constant stands in: a bare `0 -> 1` would say nothing."""
    return next(n for n in ast.walk(tree) if child in ast.iter_child_nodes(n))


def _left_alone(tree: ast.AST) -> frozenset[int]:
    """Numbers (in walking order) of the nodes that no mutant touches; found once per tree."""
    found = getattr(tree, "left_alone", None)
    if found is None:
        names = {id(node): i for i, node in enumerate(ast.walk(tree))}
        found = frozenset(names[id(n)] for part in _quiet(tree) for n in ast.walk(part))
        tree.left_alone = found  # type: ignore[attr-defined]
    return found


def _quiet(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
            yield node
        elif isinstance(node, ast.Assert) and node.msg is not None:
            yield node.msg
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield node.returns
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield from node.decorator_list
        if isinstance(node, ast.FunctionDef):
            yield from node.decorator_list


def _changes(node: ast.AST, imported: dict[str, str]) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        yield lambda n: _set(n, "op", BINARY[type(n.op)]())  # type: ignore[attr-defined]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for kind in COMPARED.get(type(node.ops[0]), ()):
            yield lambda n, kind=kind: _set(n, "ops", [kind()])
    elif isinstance(node, ast.Compare):
        for place in range(len(node.ops)):
            for kind in COMPARED.get(type(node.ops[place]), ()):
                yield lambda n, kind=kind, place=place: _set_op(n, place, kind)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield lambda n: _set(n, "op", other())
    elif isinstance(node, ast.If | ast.IfExp) and not isinstance(node.test, ast.Compare):
        yield _negated
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield lambda n: _set(n, "value", n.value + 1)  # type: ignore[attr-defined]
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield lambda n: _set(n, "value", not n.value)  # type: ignore[attr-defined]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from _of_call(node, imported)


def _of_call(node: ast.Call, imported: dict[str, str]) -> Iterator[Change]:
    assert isinstance(node.func, ast.Name)
    name = node.func.id
    other = SWAPPED.get(name) or turned(name, imported)
    if other is not None:
        yield lambda n: _set(n, "func", ast.Name(other, ast.Load()))
    if name == "replace":
        for place in range(len(node.keywords)):
            yield lambda n, place=place: _drop(n, place)


def turned(name: str, imported: dict[str, str]) -> str | None:
    """The function that rounds the other way, if there is one where this one comes from."""
    for tail, other in (("_down", "_up"), ("_half_up", "_down"), ("_up", "_down")):
        if name.endswith(tail) and name in imported:
            wanted = name.removesuffix(tail) + other
            if hasattr(importlib.import_module(imported[name]), wanted):
                return wanted
    return None


def _imported(tree: ast.Module) -> dict[str, str]:
    """The module from which each imported name comes."""
    return {
        alias.name: node.module or ""
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _import_missing(tree: ast.Module, imported: dict[str, str]) -> str:
    """The source of a tree, with the import that a turned rounding may need."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    lines = [
        f"from {home} import {other}"
        for name, home in imported.items()
        if (other := turned(name, imported)) in used and other not in imported
    ]
    text = ast.unparse(tree)
    head = "from __future__ import annotations\n"
    return "\n".join([head, *lines, text.replace(head, "", 1)])


def _negated(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.If | ast.IfExp)
    return _set(node, "test", ast.UnaryOp(ast.Not(), node.test))


def _set(node: ast.AST, field: str, value: object) -> ast.AST:
    setattr(node, field, value)
    return node


def _set_op(node: ast.AST, place: int, kind: type[ast.cmpop]) -> ast.AST:
    assert isinstance(node, ast.Compare)
    node.ops[place] = kind()
    return node


def _drop(node: ast.AST, place: int) -> ast.AST:
    assert isinstance(node, ast.Call)
    del node.keywords[place]
    return node
