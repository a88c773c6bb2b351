"""What may be asked of an exchange, what a case takes, and pages on disk."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.adapters.exchange_answers import HOUR_MS, NOW_MS, binance, bybit
from tests.adapters.test_exchanges_reading import PAIRS, PRICES_ONLY, SINCE_NS, read, rows_of
from trimtab import load_case
from trimtab.adapters.exchanges import DataTable, ExchangeQuestion, Manners, PriceKind
from trimtab.adapters.exchanges.histories import base_units, decimal_text
from trimtab.adapters.exchanges.pages import History, PageFile, read_history
from trimtab.adapters.exchanges.question import symbol_of
from trimtab.units import DataError, UsageError

pytest.importorskip("ccxt", reason="ccxt (extra `chain`) is not installed")

RULES = """
[venue]
name = "mine"
quote = "USDT"

[assets.ETH]
decimals = 18
max_ltv = 0.80
liquidation_threshold = 0.83

[assets.USDT]
decimals = 6
"""


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"symbols": {}}, "--symbol: name at least one"),
        ({"exchange": "../binance"}, "--exchange '../binance'"),
        ({"until_ns": SINCE_NS}, "--until: expected a time after --since"),
        ({"depth_levels": 0}, "--depth-levels: expected 1 to 5000"),
        ({"timeframe": "7x"}, "--timeframe '7x'"),
        ({"timeframe": "0m"}, "--timeframe '0m'"),
    ],
)
def test_questions_without_sense_are_refused(changed, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        replace(PRICES_ONLY, **changed)


def test_more_candles_than_one_could_want_are_refused(tmp_path):
    long_ago = replace(PRICES_ONLY, since_ns=0, timeframe="1m")
    with pytest.raises(UsageError, match="28,333,470 candles of 1m an instrument: at most"):
        read(long_ago, tmp_path / "case", answers=binance())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ETH=ETH/USDT:USDT", ("ETH", "ETH/USDT:USDT")),
        ("WETH=ETH/USD", ("WETH", "ETH/USD")),
        ("BTC/USD", ("BTC", "BTC/USD")),
    ],
)
def test_symbols_are_named_as_the_rules_name_them(text, found):
    assert symbol_of(text) == found


@pytest.mark.parametrize("text", ["ETH", "=ETH/USD", "ETH=ETHUSD", ""])
def test_what_is_no_symbol_is_refused(text):
    with pytest.raises(UsageError, match="--symbol"):
        symbol_of(text)


def test_an_unknown_exchange_or_symbol_names_the_nearest(tmp_path):
    out = tmp_path / "case"
    wrong = replace(PRICES_ONLY, symbols={"ETH": "ETH/USDT:USD"})
    with pytest.raises(UsageError, match="has no symbol ETH/USDT:USD; did you mean ETH/USDT:USDT"):
        read(wrong, out, answers=binance())
    from trimtab.adapters.exchanges import import_market_data

    with pytest.raises(UsageError, match="no such exchange; did you mean binance"):
        import_market_data(replace(PRICES_ONLY, exchange="binanse"), out)


def test_quotes_that_differ_need_a_name(tmp_path):
    two = ExchangeQuestion(
        "bybit",
        {"BTC": "BTC/USD:BTC", "ETH": "ETH/USDT:USDT"},
        since_ns=SINCE_NS,
        tables=frozenset(),
    )
    with pytest.raises(UsageError, match="quoted in USD, USDT: name one unit for all with --quote"):
        read(two, tmp_path / "case", answers=bybit())
    read(replace(two, quote="USD"), tmp_path / "case", answers=bybit())
    assert load_case(tmp_path / "case").rules.quote == "USD"


def test_without_ccxt_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(UsageError, match=r"pip install 'trimtab\[chain\]'"):
        read_without_client(tmp_path)


def read_without_client(tmp_path):
    from trimtab.adapters.exchanges import import_market_data

    import_market_data(PRICES_ONLY, tmp_path / "case")


def own_case(folder):
    folder.mkdir()
    (folder / "rules.toml").write_text(RULES)
    (folder / "book.csv").write_text("account,instrument,quantity\nann,ETH,3\nann,USDT,-100\n")
    return folder


def test_rules_and_book_that_are_there_stay(tmp_path):
    out = own_case(tmp_path / "case")
    before = {name: (out / name).read_text() for name in ("rules.toml", "book.csv")}
    question = replace(PRICES_ONLY, symbols={"ETH": PAIRS["ETH"]})
    read(question, out, answers=binance())
    assert {name: (out / name).read_text() for name in before} == before
    case = load_case(out)
    assert len(case.ticks) == 401
    assert len(case.book) == 2
    # Again, with more: the tables are replaced, whole.
    read(replace(question, tables=frozenset(DataTable)), out, answers=binance())
    assert len(rows_of(out / "prices.csv")) == 401
    assert (out / "depth.csv").exists()


def test_an_asset_that_the_rules_do_not_know_is_refused_before_anything_is_asked(tmp_path):
    out, answers = own_case(tmp_path / "case"), binance()
    with pytest.raises(
        DataError, match=r"rules\.toml: the asset is not one of the rules; found 'BTC"
    ):
        read(PRICES_ONLY, out, answers=answers)
    assert answers.asked == []


def test_prices_that_would_stand_twice_are_refused(tmp_path):
    out = own_case(tmp_path / "case")
    (out / "prices.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="the case has its prices as Parquet"):
        read(replace(PRICES_ONLY, symbols={"ETH": PAIRS["ETH"]}), out, answers=binance())


def test_a_time_without_any_price_is_refused(tmp_path):
    since_ns = (NOW_MS // HOUR_MS * HOUR_MS + 1) * 10**6
    with pytest.raises(DataError, match="no price in this time"):
        read(replace(PRICES_ONLY, since_ns=since_ns), tmp_path / "case", answers=binance())
    later = replace(PRICES_ONLY, since_ns=(NOW_MS + HOUR_MS) * 10**6)
    with pytest.raises(UsageError, match="--since: expected a time before the exchange's present"):
        read(later, tmp_path / "case", answers=binance())


def test_what_an_exchange_does_not_have_is_a_note_or_a_refusal(tmp_path):
    answers = bybit()
    question = ExchangeQuestion("bybit", {"BTC": "BTC/USD:BTC"}, since_ns=SINCE_NS)
    from tests.adapters.test_exchanges_reading import client_of
    from trimtab.adapters.exchanges import import_market_data

    client = client_of("bybit", answers)
    for ability in ("fetchFundingRateHistory", "fetchOpenInterestHistory", "fetchMarkOHLCV"):
        client.has[ability] = False
    found = import_market_data(question, tmp_path / "case", client=client)
    assert found.notes == tuple(
        f"bybit offers no history of {t}" for t in ("funding", "open_interest")
    )
    with pytest.raises(UsageError, match="--price mark: bybit has no history of it"):
        import_market_data(
            replace(question, price=PriceKind.MARK), tmp_path / "case", client=client
        )


@pytest.mark.parametrize("bad", [{"tries_max": 0}, {"timeout_s": 0.0}, {"wait_first_s": -1.0}])
def test_manners_have_bounds(bad):
    with pytest.raises(UsageError):
        Manners(**bad)


@pytest.mark.parametrize(
    ("market", "expected"),
    [
        ({}, "7"),
        ({"contract": True, "contractSize": "0.01", "linear": True}, "0.07"),
        ({"contract": True, "contractSize": "10", "inverse": True}, "0.035"),
    ],
)
def test_contracts_become_units_of_the_base(market, expected):
    assert base_units(market, Decimal(2000), amount=Decimal(7)) == Decimal(expected)


@pytest.mark.parametrize(
    ("number", "text"),
    [("1e-7", "0.0000001"), ("1.50", "1.5"), ("100", "100"), (0.1, "0.1"), ("-0.00010", "-0.0001")],
)
def test_numbers_are_plain_decimal_text(number, text):
    assert decimal_text(number, "X") == text


@pytest.mark.parametrize("number", [None, "", "nan", "inf", "1,5"])
def test_what_is_no_number_is_refused(number):
    with pytest.raises(DataError, match="X: the answer holds no number"):
        decimal_text(number, "X")


def history_of(pages, *, since=0, until=100, step=1):
    """A history whose pages are given by the time from which they are asked."""
    asked = []

    def fetch(at_ms):
        asked.append(at_ms)
        return pages(at_ms)

    return History("h", since, until, step, fetch), asked


def test_pages_overlap_repeat_and_come_in_any_order(tmp_path):
    history, _ = history_of(lambda at: [[t, str(t)] for t in (at + 2, at - 3, at, at + 1, at)])
    kept = PageFile(tmp_path, "h")
    steps = list(read_history(history, kept))
    assert kept.rows() == [[t, str(t)] for t in range(100)]
    assert steps == sorted(steps)
    assert steps[-1] == 100


def strict(first, *, rows=100, hole=range(0)):
    """Pages of an exchange that answers a window and nothing else, from a listing on."""
    return lambda at: [[t, "x"] for t in range(at, at + rows) if t >= first and t not in hole]


@pytest.mark.parametrize("first", [0, 1, 99, 100, 101, 12_345, 99_950, 99_999])
def test_a_late_listing_is_found_in_few_questions_and_no_row_is_lost(tmp_path, first):
    history, asked = history_of(strict(first), until=100_000)
    kept = PageFile(tmp_path, "h")
    list(read_history(history, kept))
    assert [row[0] for row in kept.rows()] == list(range(first, 100_000))
    assert len(asked) <= (100_000 - first) / 100 + 30


def test_a_hole_is_crossed(tmp_path):
    history, _ = history_of(strict(0, hole=range(500, 3210)), until=5000)
    kept = PageFile(tmp_path, "h")
    list(read_history(history, kept))
    assert [row[0] for row in kept.rows()] == [*range(500), *range(3210, 5000)]


def test_an_exchange_without_answers_does_not_hold_forever(tmp_path):
    history, asked = history_of(lambda _at: [], until=10**9)
    assert list(read_history(history, PageFile(tmp_path, "h"))) == [10**9]
    assert len(asked) < 40


def test_an_exchange_that_repeats_its_last_row_is_left(tmp_path):
    history, asked = history_of(lambda _at: [[5, "x"]], until=10**9)
    kept = PageFile(tmp_path, "h")
    list(read_history(history, kept))
    assert kept.rows() == [[5, "x"]]
    assert len(asked) == 401


def test_a_page_past_the_end_ends_the_history(tmp_path):
    history, asked = history_of(lambda _at: [[10**6, "x"]], until=5000)
    list(read_history(history, PageFile(tmp_path, "h")))
    assert asked == [0]


def test_kept_pages_that_are_no_rows_are_refused(tmp_path):
    (tmp_path / "h.jsonl").write_bytes(b"[1,\n")
    with pytest.raises(DataError, match=r"h\.jsonl: the kept pages are not readable"):
        PageFile(tmp_path, "h").rows()
