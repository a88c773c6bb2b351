"""Questions that change nothing: their answers are the engine's, and the venue stays as it was."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.apps.service.services import Caller, crisis, quiet, running
from trimtab.apps.service.refusals import refusal_data
from trimtab.apps.service.running import Service
from trimtab.model import Tick, account_key
from trimtab.model import commands as c
from trimtab.simulation import standing
from trimtab.units import format_decimal, mul_div_down

GUIDE = Path(__file__).parents[3] / "docs/guides/service.md"
VOLATILE = ("ETH", "WBTC", "STETH")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running(quiet()) as found:
        yield found


@pytest.fixture(scope="module")
def api(service: Service) -> Caller:
    return Caller(service)


def asked(api: Caller, **question: Any) -> dict[str, Any]:
    answer = api.post("/v1/what-if", question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fallen(factor_wad: int) -> Any:
    """Where all stand if what is volatile falls: by the library, from the start."""
    first = crisis().ticks[0]
    lower = tuple(
        (name, mul_div_down(price, factor_wad, 10**18) if name in VOLATILE else price)
        for name, price in first.prices
    )
    moved = replace(crisis(), ticks=(first, Tick(first.at_ns, lower)))
    return standing(moved, at_ns=first.at_ns)


def test_a_joint_fall_is_decided_as_the_engine_decides_it(service: Service, api: Caller) -> None:
    before = service.board.store.state_hash()
    found = asked(api, factors=dict.fromkeys(VOLATILE, "0.7"), limit=500)
    after = fallen(7 * 10**17).accounts
    expected = {account_key(one.account, one.group) for one in after if one.liquidatable}
    assert {row["key"] for row in found["newly_unsafe"]} == expected
    assert found["newly_unsafe_total"] == len(expected) == found["unsafe_after"]
    assert 0 < len(expected) < 388
    assert service.board.store.state_hash() == before


def test_one_price_moves_as_the_account_foretold(api: Caller) -> None:
    account = api.get("/v1/accounts/vault-eth-0140").json()
    edge = Decimal(account["liquidation_price"]["ETH"])
    for step, unsafe in ((Decimal(0), False), (Decimal("1e-15"), True)):
        price = str(edge - step)
        found = asked(api, prices={"ETH": price}, accounts=["vault-eth-0140"])
        assert found["accounts"][0]["after"]["liquidatable"] is unsafe, price
        assert found["prices_after"]["ETH"] == price


def test_actions_are_tried_in_order_at_the_moved_prices(api: Caller) -> None:
    repaid = {"kind": "repay", "account": "borrower-0001", "asset": "USDC", "amount": "1000"}
    out = {"kind": "withdraw", "account": "borrower-0001", "asset": "ETH", "amount": "1"}
    found = asked(api, actions=[repaid, out], accounts=["borrower-0001"])
    assert [one["accepted"] for one in found["actions"]] == [True, True]
    pair = found["accounts"][0]
    assert Decimal(pair["before"]["debt"]) - Decimal(pair["after"]["debt"]) == pytest.approx(1000)
    assert Decimal(pair["before"]["collateral"]) - Decimal(pair["after"]["collateral"]) == 195


def test_a_refusal_names_its_reason_and_numbers(api: Caller) -> None:
    action = {"kind": "withdraw", "account": "borrower-0001", "asset": "ETH", "amount": "1e9"}
    answer = api.post("/v1/pre-trade", {"action": action}).json()
    assert answer["result"]["reason"] == "insufficient_balance"
    data = answer["result"]["data"]
    account = api.get("/v1/accounts/borrower-0001").json()
    held = next(row["supplied"] for row in account["balances"] if row["asset"] == "ETH")
    assert data == {"amount": "1000000000", "balance": held}, "whole units, as the balances"
    assert answer["before"] == answer["after"]


def test_a_refusal_counts_in_the_units_of_its_asset_and_the_quote(api: Caller) -> None:
    short = {"kind": "repay", "account": "borrower-0002", "asset": "USDC", "amount": "1e9"}
    before = api.get("/v1/accounts/borrower-0001").json()
    much = str(round(Decimal(before["excess_initial"])) + 500)
    far = {"kind": "borrow", "account": "borrower-0001", "asset": "USDC", "amount": much}
    told = api.post("/v1/what-if", {"actions": [short, far]}).json()["actions"]
    for one in told:
        assert one["accepted"] is False, one
    owed = api.get("/v1/accounts/borrower-0002").json()["balances"]
    owes = {row["asset"]: row["owed"] for row in owed}
    assert told[0]["data"] == {"debt": owes.get("USDC", "0"), "amount": "1000000000"}
    with running(quiet()) as other:
        sent = Caller(other).post("/v1/ingest/actions", {"source": "desk", "actions": [short]})
    # Ingest says it in the same units; its clock is a minute on.
    debts = [Decimal(one["data"]["debt"]) for one in (sent.json()["refused"][0], told[0])]
    assert 0 <= debts[0] - debts[1] < Decimal("0.01")
    assert told[1]["reason"] == "initial_margin"
    assert Decimal(told[1]["data"]["excess"]) == pytest.approx(Decimal(-500), rel=Decimal("0.01"))


@pytest.mark.parametrize(
    ("command", "reason", "data", "said"),
    [
        (c.Borrow(0, "a", "USDC", 1), "dust", {"least": 10**20, "after": 10**18}, ["100", "1"]),
        (c.Deposit(0, "a", "USDC", 1), "supply_cap", {"cap": 10**12, "after": 2}, None),
        (c.Withdraw(0, "a", "ETH", 1), "withdrawal_margin", {"missing": 5 * 10**72}, ["5"]),
        (c.Liquidate(0, "a", "USDC", "ETH", "b"), "healthy", {"excess": -(10**72)}, ["-1"]),
        (c.Liquidate(0, "a", "USDC", "ETH", "b"), "dust", {"repay": 1500000}, ["1.5"]),
        (c.Withdraw(0, "a", "ETH", 1), "price_stale", {"age_ns": 61 * 10**9}, ["61"]),
        (c.Withdraw(0, "a", "ETH", 1), "paused", {"level": 3, "forbidden_from": 1}, ["3", "1"]),
        (c.Withdraw(0, "a", "NONE", 1), "unknown_asset", {"asset": "NONE"}, ["NONE"]),
        (c.Withdraw(0, "a", "ETH", 1), "time_backwards", {"at": 0}, ["1970-01-01T00:00:00Z"]),
    ],
)
def test_numbers_of_refusals_have_their_units(
    service: Service, *, command: Any, reason: str, data: dict[str, Any], said: list[str] | None
) -> None:
    found = refusal_data(reason, data, command=command, rules=service.case.rules)
    if said is None:
        places = service.case.rules.assets["USDC"].decimals
        said = [format_decimal(value, places) for value in data.values()]
    assert list(found.values()) == said


def test_a_refused_setting_is_said_as_it_was_asked(api: Caller) -> None:
    change = {"section": "assets", "name": "ETH", "field": "liquidation_threshold_wad"}
    body = {"changes": [change | {"value": "1.5"}], "reason": "why"}
    found = api.post("/v1/rules/dry-run", body).json()["result"]
    assert found["data"] == {"field": "liquidation_threshold_wad", "target": "1.5"}


def test_what_the_guide_shows_is_accepted(api: Caller) -> None:
    text = GUIDE.read_text("utf-8")
    bodies = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    ((rules,), (what,)) = ([b for b in bodies if word in b] for word in ("changes", "factors"))
    found = api.post("/v1/rules/dry-run", rules).json()
    assert found["result"] == {"accepted": True, "reason": None, "data": {}}
    assert found["newly_unsafe_total"] > 0
    moved = api.post("/v1/what-if", what).json()
    assert moved["unsafe_after"] > moved["unsafe_before"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"factors": {"NONE": "1"}}, "no such asset"),
        ({"factors": {"USD": "0.9"}}, "no price of its own"),
        ({"all": "0"}, "out of range"),
        ({"all": "-1"}, "negative"),
        ({"all": "nan"}, "finite"),
        ({"all": "1e999"}, "too large"),
        ({"prices": {"ETH": "x"}}, "not a number"),
        ({"accounts": ["nobody"]}, "no account"),
        ({"surprise": 1}, "not permitted"),
        ({"actions": [{"kind": "deposit", "account": "a", "asset": "ETH"}]}, "has an amount"),
        ({"actions": [{"kind": "burn"}]}, "does not match"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(api: Caller, body: Any, says: str) -> None:
    answer = api.post("/v1/what-if", body)
    assert answer.status_code in (404, 422)
    assert says in answer.json()["message"]


def test_a_dry_run_is_the_comparison_of_rules(service: Service, api: Caller) -> None:
    change = {
        "section": "assets",
        "name": "ETH",
        "field": "liquidation_threshold_wad",
        "value": "0.5",
    }
    changes = [
        change | {"field": field, "value": value}
        for field, value in (
            ("max_ltv_wad", "0.4"),
            ("liquidation_end_wad", "0.45"),
            ("liquidation_threshold_wad", "0.5"),
        )
    ]
    found = api.post("/v1/rules/dry-run", {"changes": changes, "reason": "why"}).json()
    assert found["result"] == {"accepted": True, "reason": None, "data": {}}
    assert found["newly_unsafe_total"] == len(found["newly_unsafe"]) > 0
    worst = [Decimal(row["missing"]) for row in found["newly_unsafe"]]
    assert worst == sorted(worst, reverse=True)
    assert Decimal(found["missing"]) == sum(worst)
    low = api.post("/v1/rules/dry-run", {"changes": [change | {"value": "1.5"}], "reason": "x"})
    assert low.json()["result"]["reason"] == "rule_out_of_bounds"
    none = api.post("/v1/rules/dry-run", {"changes": [change | {"field": "x"}], "reason": "x"})
    assert "no such setting" in none.json()["message"]
    assert service.writer.counters.works == 0
