"""Numbers and names of a case: exact texts, and names that tell one asset from another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.adapters.chains.abi import checked_address, checked_hash
from trimtab.adapters.chains.accounts_file import read_accounts
from trimtab.adapters.chains.case_texts import (
    Row,
    Venue,
    fitting_bonus,
    outside_supply,
    price_text,
    ratio_text,
    rules_text,
    sums,
    write_case,
)
from trimtab.adapters.chains.node import Block
from trimtab.adapters.chains.tokens import Token, _symbol, token_names
from trimtab.adapters.files import load_case
from trimtab.units import WAD, DataError, parse_decimal

BLOCK = Block(19_000_000, "0x" + "ab" * 32, 1_700_000_000)


@pytest.mark.parametrize(
    ("raw", "decimals", "text"),
    [(8250, 4, "0.825"), (10**27, 27, "1"), (123456789, 27, "0"), (5 * 10**17, 18, "0.5")],
)
def test_ratios_are_decimal_text(raw: int, decimals: int, text: str) -> None:
    assert ratio_text(raw, decimals) == text


@pytest.mark.parametrize(
    ("raw", "decimals", "text"),
    [
        (200012345678, 8, "2000.12345678"),
        (0, 8, "0.00000001"),
        (0, 18, "0.000000000000000001"),
        (1999999999999999999999999, 24, "1.999999999999999999"),
        (7, 0, "7"),
    ],
)
def test_prices_are_rounded_down_and_never_nothing(raw: int, decimals: int, text: str) -> None:
    assert price_text(raw, decimals) == text


@given(st.integers(0, WAD), st.integers(0, WAD // 2), st.integers(0, WAD // 10))
def test_a_bonus_leaves_no_bad_debt_where_it_can(threshold: int, bonus: int, fee: int) -> None:
    kept = fitting_bonus(threshold, bonus, fee_wad=fee)
    assert 0 <= kept <= bonus
    if threshold * (WAD + fee) <= WAD * WAD:
        assert threshold * (WAD + kept + fee) <= WAD * WAD
    if threshold * (WAD + bonus + fee) <= WAD * WAD:
        assert kept == bonus


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_suppliers_outside_the_book_cover_its_debts(
    supplied: int, listed: int, borrowed: int
) -> None:
    outside = outside_supply(supplied, listed=listed, borrowed=borrowed)
    assert outside >= 0
    assert listed + outside >= max(supplied, borrowed)


def test_sides_are_summed_apart() -> None:
    rows = [Row("a", "X", 5), Row("b", "X", -2), Row("c", "X", 1), Row("c", "Y", -3)]
    assert sums(rows) == ({"X": 6}, {"X": 2, "Y": 3})


def venue(**changes: object) -> Venue:
    standard = {
        "name": "test",
        "quote": "USD",
        "decimals": {'odd "name"': 6},
        "assets": {'odd "name"': {"decimals": "6"}},
        "rows": [Row("0x1", 'odd "name"', -1)],
        "prices": {'odd "name"': "1.5"},
    }
    return Venue(**(standard | changes))  # type: ignore[arg-type]


def test_names_of_any_shape_survive_the_case(tmp_path: Path) -> None:
    write_case(tmp_path / "case", venue(), block=BLOCK, chain_id=1)
    case = load_case(tmp_path / "case")
    assert case.name == "test-1-19000000"
    assert case.book[0].instrument == 'odd "name"'
    assert case.book[0].quantity == -1


def test_columns_that_hold_nothing_are_left_out(tmp_path: Path) -> None:
    write_case(tmp_path / "case", venue(), block=BLOCK, chain_id=1)
    head = (tmp_path / "case" / "book.csv").read_text().splitlines()[0]
    assert head == "account,instrument,quantity"


def test_notes_stand_in_the_head_of_the_rules() -> None:
    text = rules_text(venue(notes=["mind the gap"]), block=BLOCK, chain_id=1)
    assert text.splitlines()[:3] == [
        "# test on chain 1 at block 19000000, 2023-11-14T22:13:20Z",
        f"# {BLOCK.hash}",
        "# mind the gap",
    ]


@given(st.integers(-(10**40), 10**40).filter(bool))
def test_quantities_come_back_to_the_last_unit(quantity: int) -> None:
    from trimtab.adapters.chains.case_texts import _book

    table = _book(venue(rows=[Row("0x1", 'odd "name"', quantity)]))
    assert parse_decimal(table["quantity"][0], 6) == quantity


def token(symbol: str, address: str = "0x" + "ab" * 20) -> Token:
    return Token(address, symbol, 18)


def test_symbols_are_names_where_they_are_single() -> None:
    tokens = [
        token("WETH"),
        token("USDC", "0x111111" + "0" * 34),
        token("usdc", "0x222222" + "0" * 34),
    ]
    assert token_names(tokens) == ["WETH", "USDC-0x111111", "usdc-0x222222"]


def test_the_quote_is_no_tokens_name() -> None:
    assert token_names([token("USD"), token("")], taken=["USD"]) == [
        "USD-0xababab",
        "token-0xababab",
    ]


def test_addresses_that_begin_alike_are_written_out() -> None:
    tokens = [token("X", "0xaaaaaa" + "1" * 34), token("X", "0xaaaaaa" + "2" * 34)]
    assert len(set(token_names(tokens))) == 2


@pytest.mark.parametrize(
    ("text", "word", "symbol"),
    [
        ("WETH", None, "WETH"),
        (None, b"MKR".ljust(32, b"\0"), "MKR"),
        ("", None, ""),
        (None, None, ""),
        ("a/b", None, ""),
        ("@x", None, ""),
        (" x", None, ""),
        ("x\n", None, ""),
        ("\u202e", None, ""),
        ("x" * 99, None, ""),
        (None, b"\xff" * 32, ""),
    ],
)
def test_a_symbol_unfit_for_a_name_is_none(
    text: str | None, word: bytes | None, symbol: str
) -> None:
    assert _symbol(text, word) == symbol


def test_accounts_are_read_sorted_and_once(tmp_path: Path) -> None:
    path = tmp_path / "accounts.txt"
    path.write_text(f"# mine\n0x{'B' * 40}\n\n  0x{'a' * 40} # hers\n0x{'b' * 40}\n")
    assert read_accounts(path) == (f"0x{'a' * 40}", f"0x{'b' * 40}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("# nobody\n", "accounts.txt: the list of accounts is empty; expected an address"),
        ("\nvitalik.eth\n", "accounts.txt: row 2: this is no address; found 'vitalik.eth'"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, body: str, said: str) -> None:
    path = tmp_path / "accounts.txt"
    path.write_text(body)
    with pytest.raises(DataError) as caught:
        read_accounts(path)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("text", ["", "0x", "ab" * 20, "0x" + "g" * 40, "0x" + "a" * 41])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="--pool: this is no address"):
        checked_address(text, "--pool")
    with pytest.raises(DataError, match="--market: this is no id"):
        checked_hash(text, "--market")


def test_addresses_and_ids_are_lower_case() -> None:
    assert checked_address("0x" + "AB" * 20, "--pool") == "0x" + "ab" * 20
    assert checked_hash("0x" + "AB" * 32, "--market") == "0x" + "ab" * 32
