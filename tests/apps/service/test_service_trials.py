"""Questions that change nothing: their answers are the engine's, and the venue stays as it was."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.apps.service.services import Caller, crisis, quiet, running
from trimtab.apps.service.running import Service
from trimtab.model import Tick, account_key
from trimtab.simulation import standing
from trimtab.units import mul_div_down

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
    assert answer["result"]["data"]["amount"] == str(10**27)
    assert answer["before"] == answer["after"]


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
