"""Requests as commands: whole units become native units exactly, and nothing else is guessed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.apps.service.services import crisis
from trimtab.apps.service.actions import Action, command_of, wad
from trimtab.apps.service.ingest_schemas import price_wad
from trimtab.apps.service.messages import read_message, work_of
from trimtab.model import Command
from trimtab.model import commands as c
from trimtab.units import WAD, DataError, format_decimal

ADAPTER: TypeAdapter[Any] = TypeAdapter(Action)
AT = 17


def meant(**fields: Any) -> Command:
    return command_of(ADAPTER.validate_python(fields), crisis().rules, at_ns=AT)


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        (
            {"kind": "deposit", "account": "a", "asset": "USDC", "amount": "1.5"},
            c.Deposit(AT, "a", "USDC", 1_500_000),
        ),
        (
            {"kind": "withdraw", "account": "a", "asset": "ETH", "amount": None},
            c.Withdraw(AT, "a", "ETH", None),
        ),
        (
            {"kind": "withdraw", "account": "a", "asset": "ETH", "amount": "1e-18"},
            c.Withdraw(AT, "a", "ETH", 1),
        ),
        (
            {"kind": "borrow", "account": "a", "asset": "DAI", "amount": "7"},
            c.Borrow(AT, "a", "DAI", 7 * WAD),
        ),
        ({"kind": "repay", "account": "a", "asset": "DAI"}, c.Repay(AT, "a", "DAI", None)),
        (
            {"kind": "transfer", "account": "a", "target": "a/x", "asset": "ETH", "amount": "2"},
            c.Transfer(AT, "a", "a/x", "ETH", 2 * WAD),
        ),
        ({"kind": "set_category", "account": "a"}, c.SetCategory(AT, "a", "")),
        (
            {
                "kind": "liquidate",
                "account": "a",
                "debt": "DAI",
                "collateral": "ETH",
                "liquidator": "k",
                "repay": "10",
            },
            c.Liquidate(AT, "a", "DAI", "ETH", "k", repay=10 * WAD),
        ),
        (
            {
                "kind": "take_auction",
                "auction": "1",
                "account": "k",
                "asset": "ETH",
                "amount": "3",
                "max_price": "150.5",
            },
            c.TakeAuction(AT, "1", 3 * WAD, 1505 * 10**17, "k"),
        ),
    ],
)
def test_an_action_is_its_command(fields: dict[str, Any], command: Command) -> None:
    assert meant(**fields) == command


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "deposit", "account": "a", "asset": "NONE", "amount": "1"}, "no such asset"),
        ({"kind": "deposit", "account": "a", "asset": "ETH"}, "has an amount"),
        ({"kind": "borrow", "account": "a", "asset": "ETH"}, "has an amount"),
        (
            {"kind": "deposit", "account": "a", "asset": "USDC", "amount": "0.0000001"},
            "too many decimal places",
        ),
        ({"kind": "settle", "account": "a", "market": "ETH-PERP"}, None),
        (
            {
                "kind": "trade",
                "market": "ETH-PERP",
                "account": "a",
                "maker": "b",
                "size": "1",
                "price": "2",
            },
            "no such market",
        ),
        (
            {"kind": "set_leverage", "account": "a", "market": "m", "initial": "-1"},
            "negative",
        ),
    ],
)
def test_what_the_venue_has_not_is_named(fields: dict[str, Any], says: str | None) -> None:
    if says is None:
        # Whether there is such a market is the engine's to say.
        assert meant(**fields) == c.Settle(AT, "a", "ETH-PERP")
        return
    with pytest.raises(DataError, match=says):
        meant(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "deposit", "account": "", "asset": "ETH", "amount": "1"},
        {"kind": "deposit", "account": "x" * 201, "asset": "ETH", "amount": "1"},
        {"kind": "deposit", "account": "a", "asset": "ETH", "amount": "1" * 101},
        {"kind": "deposit", "account": "a", "asset": "ETH", "amount": 1},
        {"kind": "deposit", "account": "a", "asset": "ETH", "amount": "1", "note": "x"},
        {"account": "a", "asset": "ETH", "amount": "1"},
    ],
)
def test_a_slip_of_the_pen_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(fields)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**30), st.sampled_from(["ETH", "USDC", "WBTC", "DAI"]))
def test_amounts_go_there_and_back(native: int, asset: str) -> None:
    text = format_decimal(native, crisis().rules.assets[asset].decimals)
    found = meant(kind="deposit", account="a", asset=asset, amount=text)
    assert isinstance(found, c.Deposit)
    assert found.amount == native


def test_numbers_are_above_nothing() -> None:
    assert wad("0", "x") == 0
    assert price_wad("1e-18", "x") == 1
    for text in ("0", "-1", "1e60"):
        with pytest.raises(DataError):
            price_wad(text, "x")


def test_a_message_is_the_work_of_its_route() -> None:
    rules = crisis().rules
    tick = read_message('{"source": "a", "number": 3, "prices": {"ETH": "190.5"}}')
    work = work_of(tick, rules)
    assert (work.source, work.number, work.decide) == ("a", 3, True)
    assert work.commands == (c.SetPrices(0, (("ETH", 1905 * 10**17),)),)
    said = read_message(
        '{"source": "a", "asset": "ETH", "price": "190", "published": "2020-03-12T00:00:01Z"}'
    )
    (command,) = work_of(said, rules).commands
    assert command == c.SubmitPrice(0, "ETH", "a", 190 * WAD, 0, 1_583_971_201 * 10**9)
    moves = read_message(
        '{"source": "a", "actions": [{"kind": "set_category", "account": "x"},'
        ' {"kind": "repay", "account": "x", "asset": "DAI"}]}'
    )
    work = work_of(moves, rules)
    assert work.commands == (c.SetCategory(0, "x", ""), c.Repay(0, "x", "DAI", None))
    assert not work.decide, "account events alone make nobody unsafe"
