"""A journal is read back by its letters: what no command wrote is refused, not guessed at."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model import RuleChange, commands
from trimtab.model.codec import KINDS, decode_command, encode_command

SAMPLES: dict[str, Any] = {
    "amount": 5,
    "asks": 6,
    "assets": ("ETH", "USD"),
    "at_ns": 10**18,
    "bids": 2**70,
    "changes": (RuleChange("assets", "ETH", "max_ltv_wad", 7),),
    "confidence_wad": 10**15,
    "counterparties": ("bela", "cora"),
    "flash_payment": 3,
    "initial_wad": 10**17,
    "inputs": (("book", 2000), ("index", 2001)),
    "level": 2,
    "max_wad": 2**90,
    "price_wad": 2**80,
    "prices": (("ETH", 2000), ("USD", 1)),
    "published_ns": 10**18 - 1,
    "rate_wad": 10**18 + 1,
    "repay": 4,
    "size": -8,
}


def sample(name: str) -> commands.Command:
    """A command of this kind with every field filled."""
    kind = KINDS[name]
    values = {entry.name: SAMPLES.get(entry.name, entry.name) for entry in fields(kind)}
    built: commands.Command = kind(**values)
    return built


def integer_fields(name: str) -> list[str]:
    hints = get_type_hints(KINDS[name], vars(commands))
    return [field for field, hint in hints.items() if hint in (int, int | None)]


EVERY_FIELD = [(name, entry.name) for name in sorted(KINDS) for entry in fields(KINDS[name])]
EVERY_INTEGER = [(name, field) for name in sorted(KINDS) for field in integer_fields(name)]
EVERY_TEXT = [
    (name, field) for name, field in EVERY_FIELD if isinstance(getattr(sample(name), field), str)
]


def leaves(data: Any) -> list[Any]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        return [leaf for entry in data for leaf in leaves(entry)]
    return [data]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_record_holds_texts_alone_and_the_kind_first(name: str) -> None:
    record = encode_command(sample(name))
    assert next(iter(record)) == "command"
    assert list(record)[1:] == [entry.name for entry in fields(KINDS[name])]
    assert {type(leaf) for leaf in leaves(record)} == {str}
    assert decode_command(json.loads(json.dumps(record, sort_keys=True))) == sample(name)


def test_no_field_may_be_missing() -> None:
    for name, field in EVERY_FIELD:
        record = encode_command(sample(name))
        del record[field]
        with pytest.raises(ValueError, match=f"{name} has .*{field}"):
            decode_command(record)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_field_may_be_added(name: str) -> None:
    with pytest.raises(ValueError, match="note"):
        decode_command({**encode_command(sample(name)), "note": "more"})


@pytest.mark.parametrize("other", [7, 7.0, True, "7.0", " 7", "+7", "07", "1_000", "", "0x7", "٧"])
def test_an_integer_has_one_text_and_no_other(other: object) -> None:
    for name, field in EVERY_INTEGER:
        with pytest.raises(ValueError, match=r"expected a text of int|invalid literal for int"):
            decode_command({**encode_command(sample(name)), field: other})


@pytest.mark.parametrize("other", [7, None, ["ETH"], {"name": "ETH"}])
def test_a_text_is_not_made_of_something_else(other: object) -> None:
    for name, field in EVERY_TEXT:
        with pytest.raises(ValueError, match="expected a text"):
            decode_command({**encode_command(sample(name)), field: other})


@pytest.mark.parametrize(("name", "field"), EVERY_INTEGER)
def test_only_what_may_be_left_out_may_be_null(name: str, field: str) -> None:
    optional = {("Withdraw", "amount"), ("Repay", "amount")}
    optional |= {("Liquidate", "repay"), ("Liquidate", "flash_payment"), ("Transfer", "amount")}
    optional |= {("LiquidatePosition", "size"), ("LiquidatePosition", "price_wad")}
    optional |= {("Deleverage", "size")}
    record = {**encode_command(sample(name)), field: None}
    if (name, field) in optional:
        assert getattr(decode_command(record), field) is None
    else:
        with pytest.raises(ValueError, match="found None"):
            decode_command(record)


@pytest.mark.parametrize(
    ("name", "field", "other"),
    [
        ("SetPrices", "prices", [["ETH"]]),
        ("SetPrices", "prices", [["ETH", "1", "2"]]),
        ("SetPrices", "prices", ["E1"]),
        ("SetPrices", "prices", {"ETH": "1"}),
        ("SubmitMark", "inputs", [["book"]]),
        ("SubmitMark", "inputs", {"book": "1"}),
        ("Deleverage", "counterparties", "bela"),
        ("Deleverage", "counterparties", [["bela"]]),
        ("Accrue", "assets", "ETH"),
        ("Accrue", "assets", [["ETH"]]),
        ("SetRules", "changes", [["assets", "ETH", "max_ltv_wad", "7"]]),
        ("SetRules", "changes", [{"section": "assets"}]),
        ("SetRules", "changes", ["assets"]),
    ],
)
def test_lists_have_their_own_shape(name: str, field: str, other: object) -> None:
    with pytest.raises(ValueError, match=r"expected a|zip\(\) argument|RuleChange has"):
        decode_command({**encode_command(sample(name)), field: other})


@pytest.mark.parametrize("kind", [None, 7, ["Pause"], {"Pause": 1}])
def test_a_kind_is_a_text(kind: object) -> None:
    with pytest.raises(ValueError, match="named by a text"):
        decode_command({**encode_command(sample("Pause")), "command": kind})


@pytest.mark.parametrize("kind", ["pause", "Pause ", "RuleChange", "Command", ""])
def test_a_kind_is_one_of_the_commands(kind: str) -> None:
    with pytest.raises(KeyError):
        decode_command({**encode_command(sample("Pause")), "command": kind})


@given(st.integers(), st.integers())
def test_the_same_text_is_the_same_command(one: int, other: int) -> None:
    texts = [
        json.dumps(encode_command(commands.TakeAuction(1, "7", amount, 2, "keeper")))
        for amount in (one, other)
    ]
    assert (texts[0] == texts[1]) == (one == other)
