"""Canonical JSON: one text for equal records, whatever their order; integers as text."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model import (
    Account,
    EventKind,
    Pool,
    Ramp,
    account_key,
    canonical_json,
    digest,
    plain,
    split_key,
)

words = st.text(max_size=8)
holdings = st.dictionaries(words, st.integers(0, 2**300), max_size=5)


class Shape(Enum):
    ROUND = 3


@dataclass(frozen=True)
class Box:
    shape: Shape
    held: dict[str, int]
    label: str | None = None


def test_every_kind_of_value_has_its_plain_form():
    box = Box(Shape.ROUND, {"b": 2**70, "a": -1})
    assert plain(box) == {"shape": "3", "held": {"b": str(2**70), "a": "-1"}, "label": None}
    assert plain((True, None, "x", [1, (2,)])) == [True, None, "x", ["1", ["2"]]]
    assert plain(EventKind.PRICE) == "price"


def test_the_text_has_sorted_keys_and_no_blanks():
    assert (
        canonical_json({"b": 1, "a": {"d": [2], "c": None}}) == '{"a":{"c":null,"d":["2"]},"b":"1"}'
    )
    assert canonical_json("é") == '"\\u00e9"'


@dataclass(frozen=True)
class Empty:
    pass


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.text(), st.sampled_from(EventKind)
)
things = st.recursive(
    leaves | st.just(Empty()) | st.just(Box(Shape.ROUND, {"b": 1, "a": -2})),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(things)
def test_the_text_is_that_of_the_plain_form(thing):
    text = json.dumps(plain(thing), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert canonical_json(thing) == text


@given(holdings, st.randoms())
def test_the_order_of_a_mapping_does_not_matter(held, random):
    entries = list(held.items())
    random.shuffle(entries)
    one, other = Account("anna", supply=held), Account("anna", supply=dict(entries))
    assert canonical_json(one) == canonical_json(other)


@given(holdings, holdings)
def test_different_holdings_have_different_texts(one, other):
    same = canonical_json(Account("anna", debt=one)) == canonical_json(Account("anna", debt=other))
    assert same == (one == other)


@given(st.integers(-(2**300), 2**300))
def test_integers_of_any_size_survive(number):
    assert int(json.loads(canonical_json([number]))[0]) == number


def test_a_number_and_its_text_are_kept_apart_by_their_records():
    assert canonical_json(Pool("USD", cash=1)) != canonical_json(Pool("USD", cash=10))
    ramp = Ramp("assets", "ETH", "max_ltv_wad", 1, 2, 3, 4)
    assert json.loads(canonical_json(ramp))["field"] == "max_ltv_wad"


@pytest.mark.parametrize("thing", [1.5, {1, 2}, object()])
def test_what_is_not_exact_has_no_canonical_form(thing):
    with pytest.raises(AssertionError, match="canonical"):
        plain(thing)


def test_the_digest_is_sha_256():
    assert digest("trimtab") == hashlib.sha256(b"trimtab").hexdigest()


@given(words, words.filter(lambda text: "/" not in text))
def test_keys_of_groups_come_apart_again(account, group):
    key = account_key(account, group)
    if group:
        assert split_key(key) == (account, group)
    else:
        assert key == account


def test_a_key_without_a_group_is_the_account():
    assert split_key("anna") == ("anna", "")
    assert split_key("org/anna/basis") == ("org/anna", "basis")
