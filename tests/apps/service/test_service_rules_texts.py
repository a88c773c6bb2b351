"""Settings as texts: what is shown can be sent back, and means what was in force."""

from typing import Any

import pytest

from tests.apps.service.services import Caller, crisis, quiet
from trimtab.apps.service.rules_views import RuleChangeRequest, RulesRequest, rule_changes
from trimtab.apps.service.running import Service
from trimtab.model import Kind, Rules
from trimtab.units import DataError

SENT = ("ratio", "factor", "value", "price", "amount", "seconds", "count", "flag")


@pytest.fixture(scope="module")
def service() -> Service:
    return quiet()


@pytest.fixture(scope="module")
def rows(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Caller(service).get("/v1/rules").json()["settings"]
    return found


def stored(rules: Rules, row: dict[str, Any]) -> Any:
    record = getattr(rules, row["section"])
    return getattr(record[row["name"]] if row["name"] else record, row["field"])


def change(row: dict[str, Any], value: str) -> Any:
    fields = {name: row[name] for name in ("section", "name", "field")}
    asked = RulesRequest(changes=[RuleChangeRequest(**fields, value=value)], reason="x")
    (found,) = rule_changes(asked, crisis().rules)
    return found


def test_every_value_that_is_shown_means_what_is_in_force(rows: list[dict[str, Any]]) -> None:
    checked = set()
    for row in rows:
        if row["value"] is None or row["kind"] not in SENT:
            continue
        there = stored(crisis().rules, row)
        found = change(row, row["value"])
        assert (found.section, found.name, found.field) == (
            *(row["section"], row["name"], row["field"]),
        )
        assert found.target == there, (row, found.target, there)
        checked.add(row["kind"])
    assert {"ratio", "seconds", "amount"} <= checked
    assert str(Kind.RATIO) == "ratio"


def test_a_change_to_what_is_in_force_makes_nobody_unsafe(
    service: Service, rows: list[dict[str, Any]]
) -> None:
    same = [
        {name: row[name] for name in ("section", "name", "field", "value")}
        for row in rows
        if row["name"] == "ETH" and row["value"] is not None and row["kind"] in ("ratio", "amount")
    ]
    answer = Caller(service).post("/v1/rules/dry-run", {"changes": same[:50], "reason": "x"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["newly_unsafe_total"], found["debt"], found["missing"]) == (0, "0", "0")


@pytest.mark.parametrize("value", ["", "1e", "NaN", "Infinity", "0x10", "1,5", "one", "1" * 90])
def test_texts_that_are_no_numbers_are_refused(service: Service, value: str) -> None:
    asked = {"section": "assets", "name": "ETH", "field": "max_ltv_wad", "value": value}
    answer = Caller(service).post("/v1/rules/dry-run", {"changes": [asked], "reason": "x"})
    if answer.status_code == 200:
        assert answer.json()["result"]["accepted"] is False
    else:
        assert answer.status_code == 422, answer.text
        assert "\n" not in answer.json()["message"]


REFUSED_OF = {"flag": ("1",), "factor": ("0", "-1", "1.1"), "seconds": ("7.5",), "count": ("7.5",)}


def test_settings_of_a_kind_refuse_what_is_not_of_it(rows: list[dict[str, Any]]) -> None:
    asked = [(row, bad) for row in rows for bad in REFUSED_OF.get(row["kind"], ())]
    fixed = [(row, "1") for row in rows if row["kind"] not in {*SENT, *REFUSED_OF}]
    assert asked
    for row, bad in [*asked, *fixed]:
        with pytest.raises(DataError):
            change(row, bad)


def test_settings_of_a_kind_take_values_of_that_kind(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["kind"] == "flag":
            assert change(row, "true").target == 1
            assert change(row, "false").target == 0
        elif row["kind"] in ("seconds", "count"):
            assert change(row, "7").target == 7
