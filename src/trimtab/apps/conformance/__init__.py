"""Conformance: recorded cases of deployed protocols, run through the exact twins.

    python -m trimtab.apps.conformance FILE...

reads files of the schemas lending-vectors/2 and derivatives-vectors/2, runs every case by its
`rule` and by nothing else, and prints per rule how many passed, failed or have no twin yet.

With `--engine` the rules that the engine's own functions and rules as data can say go through the
engine (modules `engine_*`, which import no twin), and all other rules are left out.

A module of this package answers the rules of one protocol. It exposes

    RULES: Mapping[str, Callable[[Mapping[str, Any]], Any]]

from the name of a rule to a function of a case's `inputs`. The inputs come as the file has them:
texts of decimal digits, integers, `Decimal` for a number with a point, booleans, lists, mappings;
`trimtab.apps.conformance.files.whole(inputs, "name")` takes an integer out of them. The answer is
what the case's `expected` is compared with:

- where that is a mapping, a mapping with at least its keys (more are ignored);
- where that is one number, truth or text, the bare value, or a mapping with that one entry;
- numbers are compared as exact fractions, so an `int` answers the text of its digits; a truth is
  only ever equal to a truth;
- where `expected` carries a bound of its own (`annual_tolerance` beside `annual_supply_target`
  and `within_tolerance`), the answer has the plain `annual_supply`: see `tolerance`.

A function that raises fails its case and no other. Names of cases decide nothing.
"""
