"""Commands travel through a journal as text and come back as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.model import Command, RuleChange, canonical_json, commands
from trimtab.model.codec import KINDS, command_text, decode_command, encode_command

numbers = st.integers(-(2**256), 2**300)
texts = st.text(max_size=12)
maybe = st.none() | numbers
HINTS = {
    "prices": st.lists(st.tuples(texts, numbers), max_size=4).map(tuple),
    "assets": st.lists(texts, max_size=4).map(tuple),
    "changes": st.lists(st.builds(RuleChange), max_size=4).map(tuple),
    "inputs": st.lists(st.tuples(texts, numbers), max_size=4).map(tuple),
    "counterparties": st.lists(texts, max_size=4).map(tuple),
    "repay": maybe,
    "flash_payment": maybe,
}
# Fields that only some commands may leave out.
OPTIONAL = {
    "amount": (commands.Withdraw, commands.Repay, commands.Transfer),
    "size": (commands.LiquidatePosition, commands.Deleverage),
    "price_wad": (commands.LiquidatePosition,),
}


def of_kind(kind: type) -> st.SearchStrategy:
    fields = {}
    for name in kind.__dataclass_fields__:
        if kind in OPTIONAL.get(name, ()):
            fields[name] = maybe
        elif name in HINTS:
            fields[name] = HINTS[name]
    return st.builds(kind, **fields)


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=40)
@given(st.data())
def test_a_command_survives_the_journal(name, data):
    command = data.draw(of_kind(KINDS[name]))
    text = json.dumps(encode_command(command))
    assert decode_command(json.loads(text)) == command
    assert command_text(command) == canonical_json(encode_command(command))


def test_every_command_has_a_name_of_its_own():
    assert len(KINDS) == len(commands.Command.__args__) == 31
    assert KINDS["Deposit"] is commands.Deposit


def test_integers_are_text_and_absence_is_null():
    record = encode_command(commands.Withdraw(2**80, "anna", "ETH", None))
    assert record == {
        "command": "Withdraw",
        "at_ns": str(2**80),
        "account": "anna",
        "asset": "ETH",
        "amount": None,
    }


def test_a_flash_payment_of_nothing_is_not_an_absent_one():
    paid = commands.Liquidate(1, "anna", "USD", "ETH", "keeper", None, 0)
    assert encode_command(paid)["flash_payment"] == "0"
    assert decode_command(encode_command(paid)) == paid


@pytest.mark.parametrize(
    "record",
    [
        {"command": "Steal", "at_ns": "1"},
        {"at_ns": "1"},
        {"command": "Pause", "at_ns": "1", "level": "2"},
        {"command": "Pause", "at_ns": "soon", "level": "2", "reason": ""},
    ],
)
def test_what_no_command_wrote_is_bad_data(record):
    with pytest.raises((KeyError, ValueError)):
        decode_command(record)


def test_equal_commands_have_equal_canonical_text():
    def tick(price: int) -> Command:
        return commands.SetPrices(7, (("ETH", price),))

    assert canonical_json(encode_command(tick(1))) == canonical_json(encode_command(tick(1)))
    assert canonical_json(encode_command(tick(1))) != canonical_json(encode_command(tick(2)))
