"""Messages of feeds: what a text means, to the unit, and what is told of a text that is none."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apps.service.services import crisis
from trimtab.apps.service.ingest_schemas import COMMANDS_MAX, PRICES_MAX, price_wad
from trimtab.apps.service.messages import KINDS, read_message, work_of
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.units import UINT256_MAX, WAD, DataError, NumberError, Time

RULES = crisis().rules
SAID = {"source": "o1", "asset": "ETH", "price": "2", "published": "2020-03-12T10:40:00Z"}


def meant(**fields: Any) -> Work:
    return work_of(read_message(json.dumps({"source": "s", **fields})), RULES)


def acted(**fields: Any) -> Any:
    (command,) = meant(actions=[fields]).commands
    return command


@settings(max_examples=50, deadline=None)
@given(st.integers(1, UINT256_MAX))
def test_a_price_keeps_every_digit(raw: int) -> None:
    text = f"{raw // WAD}.{raw % WAD:018}"
    (command,) = meant(prices={"ETH": text}).commands
    assert command == c.SetPrices(0, (("ETH", raw),))


def test_prices_keep_their_order_and_their_names() -> None:
    work = meant(prices={"WBTC": "7000", "ETH": "190.5"}, number=2**53)
    assert work.commands == (c.SetPrices(0, (("WBTC", 7000 * WAD), ("ETH", 190 * WAD + WAD // 2))),)
    assert (work.source, work.number, work.decide) == ("s", 2**53, True)


def test_an_observation_names_its_source_and_its_hour() -> None:
    message = read_message(json.dumps(SAID | {"confidence": "0.25"}))
    work = work_of(message, RULES)
    published = Time.parse("2020-03-12T10:40:00Z").raw
    assert work.commands == (c.SubmitPrice(0, "ETH", "o1", 2 * WAD, WAD // 4, published),)
    assert published == 1_584_009_600 * 10**9
    (plain,) = work_of(read_message(json.dumps(SAID)), RULES).commands
    assert isinstance(plain, c.SubmitPrice)
    assert plain == c.SubmitPrice(0, "ETH", "o1", 2 * WAD, 0, published)


@pytest.mark.parametrize(
    ("action", "command"),
    [
        (
            {"kind": "deposit", "account": "a", "asset": "WBTC", "amount": "0.00000001"},
            c.Deposit(0, "a", "WBTC", 1),
        ),
        (
            {"kind": "borrow", "account": "a", "asset": "USDC", "amount": "1.5"},
            c.Borrow(0, "a", "USDC", 1_500_000),
        ),
        ({"kind": "repay", "account": "a", "asset": "ETH"}, c.Repay(0, "a", "ETH", None)),
        (
            {"kind": "withdraw", "account": "a", "asset": "ETH", "amount": None},
            c.Withdraw(0, "a", "ETH", None),
        ),
        (
            {"kind": "transfer", "account": "a", "target": "b", "asset": "ETH", "amount": "2"},
            c.Transfer(0, "a", "b", "ETH", 2 * WAD),
        ),
        ({"kind": "set_category", "account": "a"}, c.SetCategory(0, "a", "")),
        (
            {"kind": "set_leverage", "account": "a", "market": "M", "initial": "0.05"},
            c.SetLeverage(0, "a", "M", WAD // 20),
        ),
        ({"kind": "settle", "account": "a", "market": "M"}, c.Settle(0, "a", "M")),
        (
            {
                "kind": "liquidate",
                "account": "a",
                "debt": "USDC",
                "collateral": "ETH",
                "liquidator": "k",
                "repay": "7",
            },
            c.Liquidate(0, "a", "USDC", "ETH", "k", repay=7_000_000),
        ),
        (
            {
                "kind": "take_auction",
                "auction": "x",
                "account": "a",
                "asset": "WBTC",
                "amount": "1",
                "max_price": "9",
            },
            c.TakeAuction(0, "x", 10**8, 9 * WAD, "a"),
        ),
    ],
)
def test_an_action_is_its_command_in_native_units(
    action: dict[str, Any], command: c.Deposit
) -> None:
    assert acted(**action) == command


def test_actions_keep_their_order() -> None:
    rows = [{"kind": "set_category", "account": f"a{n}"} for n in range(COMMANDS_MAX)]
    found = meant(actions=rows).commands
    assert found == tuple(c.SetCategory(0, f"a{n}", "") for n in range(COMMANDS_MAX))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "5",
        "[]",
        '"prices"',
        "{",
        "{}",
        '{"source": "s"}',
        "[" * 100_000,
        json.dumps(SAID | {"prices": {"ETH": "1"}}),
        '{"source": "s", "actions": [], "prices": {}}',
    ],
)
def test_what_has_not_exactly_one_kind_is_no_message(text: str) -> None:
    with pytest.raises(DataError, match="this is no message") as told:
        read_message(text)
    assert all(name in str(told.value) for name in KINDS)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 500


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"prices": {"ETH": "1"}}, "source"),
        ({"source": "", "prices": {"ETH": "1"}}, "source"),
        ({"source": "a b", "prices": {"ETH": "1"}}, "source"),
        ({"source": "x" * 81, "prices": {"ETH": "1"}}, "source"),
        ({"source": "s", "prices": {}}, "prices"),
        ({"source": "s", "prices": {"ETH": 1.5}}, "prices.ETH"),
        ({"source": "s", "prices": {"ETH": "1" * 101}}, "prices.ETH"),
        ({"source": "s", "prices": {"ETH": "1"}, "number": -1}, "number"),
        ({"source": "s", "prices": {"ETH": "1"}, "number": 2**53 + 1}, "number"),
        ({"source": "s", "prices": {"ETH": "1"}, "price": "1"}, "price"),
        ({"source": "s", "prices": {f"a{n}": "1" for n in range(PRICES_MAX + 1)}}, "prices"),
        ({"source": "s", "asset": "ETH", "price": "1"}, "published"),
        ({"source": "s", "actions": []}, "actions"),
        ({"source": "s", "actions": [{"kind": "mint"}]}, "actions.0"),
        ({"source": "s", "actions": [{"kind": "set_category"}]}, "actions.0.set_category.account"),
        ({"source": "s", "actions": [{}] * (COMMANDS_MAX + 1)}, "actions"),
    ],
)
def test_the_first_thing_that_is_wrong_is_named(document: dict[str, Any], where: str) -> None:
    with pytest.raises(DataError) as told:
        read_message(json.dumps(document))
    assert told.value.column == where
    assert told.value.where == "message"


@pytest.mark.parametrize(
    ("fields", "column", "found"),
    [
        ({"kind": "deposit", "account": "a", "asset": "SOL", "amount": "1"}, "asset", "SOL"),
        ({"kind": "deposit", "account": "a", "asset": "ETH"}, "amount", None),
        ({"kind": "borrow", "account": "a", "asset": "ETH", "amount": None}, "amount", None),
        (
            {
                "kind": "trade",
                "market": "M",
                "account": "a",
                "maker": "b",
                "size": "1",
                "price": "1",
            },
            "market",
            "M",
        ),
        (
            {"kind": "set_leverage", "account": "a", "market": "M", "initial": "-1"},
            "initial",
            "-1",
        ),
    ],
)
def test_names_and_numbers_that_the_venue_has_not(
    fields: dict[str, Any], column: str, found: str | None
) -> None:
    with pytest.raises(DataError) as told:
        acted(**fields)
    assert (told.value.column, told.value.found or None) == (column, found)


@pytest.mark.parametrize("text", ["0", "-1", "0.000"])
def test_a_price_is_above_nothing(text: str) -> None:
    with pytest.raises(DataError, match="ETH"):
        price_wad(text, "ETH")


@pytest.mark.parametrize("text", ["", "x", "1e400000", "0x1", "1,5", "NaN", "١", str(UINT256_MAX)])
def test_what_is_no_number_is_no_price(text: str) -> None:
    with pytest.raises((DataError, NumberError)) as told:
        price_wad(text, "ETH")
    assert len(str(told.value).splitlines()) == 1
