"""`python -m trimtab.apps.conformance FILE...`: the recorded cases against the twins.

Exit codes: 0 every case passed, 1 a case failed or its rule has no twin, 2 usage, 3 a bad file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trimtab.apps.conformance import (
    aave,
    compound,
    deribit,
    derive,
    drift,
    dydx,
    engine_accounts,
    engine_positions,
    engine_rules,
    euler,
    exchanges,
    fluid,
    gearbox,
    gmx,
    hyperliquid,
    liquity,
    llamma,
    maker,
    mango,
    morpho,
    nautilus,
    span,
    synthetix,
)
from trimtab.apps.conformance.files import read_cases
from trimtab.apps.conformance.report import (
    Outcome,
    Rules,
    complaint_lines,
    judge,
    table,
    total_line,
)
from trimtab.units import DataError

MODULES: Final = (
    aave,
    compound,
    deribit,
    derive,
    drift,
    dydx,
    euler,
    exchanges,
    fluid,
    gearbox,
    gmx,
    hyperliquid,
    liquity,
    llamma,
    maker,
    mango,
    morpho,
    nautilus,
    span,
    synthetix,
)
# The rules of derivatives venues that the engine's own rules and functions say.
ENGINE: Final = (engine_accounts, engine_positions, engine_rules)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the files named on the command line; return the exit code."""
    asked = _parser().parse_args(arguments)
    paths = asked.file
    try:
        cases = [case for path in paths for case in read_cases(path)]
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    rules = all_rules(ENGINE if asked.engine else MODULES)
    verdicts = [judge(case, rules) for case in cases if not asked.engine or case.rule in rules]
    for line in complaint_lines(verdicts):
        print(line, file=sys.stderr)
    for line in [*table(verdicts), total_line(verdicts)]:
        print(line)
    return int(any(verdict.outcome is not Outcome.PASSED for verdict in verdicts))


def all_rules(modules: Sequence[Any] | None = None) -> Rules:
    """Return every rule that some modules of this package answer: the twins' where none is named.

    No two modules may answer one rule.
    """
    rules: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
    for module in MODULES if modules is None else modules:
        assert not rules.keys() & module.RULES.keys(), f"{module.__name__} answers another's rule"
        rules.update(module.RULES)
    return rules


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trimtab.apps.conformance",
        description="Run recorded cases of deployed protocols through the exact twins.",
        epilog="Exit codes: 0 all passed, 1 a case failed or has no twin, 2 usage, 3 bad file.",
    )
    parser.add_argument("file", nargs="+", type=Path, help="lending or derivatives vectors (JSON)")
    parser.add_argument(
        "--engine",
        action="store_true",
        help="run the rules that the engine says through the engine, and no other",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
