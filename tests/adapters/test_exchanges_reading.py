"""Market data of an exchange into a case: what is written, and what happens when it goes wrong."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
import requests

from tests.adapters.exchange_answers import (
    HOUR_MS,
    LISTED_MS,
    NOW_MS,
    binance,
    bybit,
    close_text,
    rate_text,
)
from trimtab import load_case
from trimtab.adapters.exchanges import (
    DataTable,
    ExchangeQuestion,
    Manners,
    PriceKind,
    import_market_data,
)
from trimtab.units import DataError, Time

ccxt = pytest.importorskip("ccxt", reason="ccxt (extra `chain`) is not installed")

PAIRS = {"BTC": "BTC/USDT:USDT", "ETH": "ETH/USDT:USDT"}
HOURS = 400
SINCE_NS = (NOW_MS // HOUR_MS - HOURS) * HOUR_MS * 10**6
QUESTION = ExchangeQuestion("binanceusdm", PAIRS, since_ns=SINCE_NS)
PRICES_ONLY = replace(QUESTION, tables=frozenset({DataTable.PRICES}))


def client_of(name, answers):
    client = getattr(ccxt, name)()
    client.session.mount("https://", answers)
    client.rateLimit = 1
    return client


def read(question, out, *, answers, waits=None, **options):
    client = client_of(question.exchange, answers)
    sleep = (waits if waits is not None else []).append
    return import_market_data(question, out, client=client, sleep=sleep, **options)


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """All tables of two perpetuals over 400 hours: the folder and what was said of it."""
    out = tmp_path_factory.mktemp("exchange") / "case"
    told = []
    found = read(QUESTION, out, answers=binance(), progress=told.append)
    return out, found, told


def test_all_tables_of_two_perpetuals(case):
    out, found, _ = case
    assert found.rows == {
        "prices": 2 * (HOURS + 1),
        "funding": 2 * 51,
        "open_interest": 2 * (HOURS + 1),
        "depth": 2 * 8,
    }
    assert found.notes == ()
    assert found.until_ns == NOW_MS * 10**6
    names = {path.name for path in out.iterdir()}
    tables = {"prices.csv", "funding_rates.csv", "open_interest.csv", "depth.csv"}
    assert names == tables | {"rules.toml", "book.csv", "market_source.json"}


def test_a_close_stands_at_the_end_of_its_candle_to_the_last_digit(case):
    rows = rows_of(case[0] / "prices.csv")
    for place, row in enumerate(rows):
        end_ms = Time.parse(row["timestamp"]).raw // 10**6
        assert end_ms == SINCE_NS // 10**6 + place // 2 * HOUR_MS
        assert row["asset"] == ("BTC", "ETH")[place % 2]
        assert row["price"] == close_text(row["asset"], end_ms - HOUR_MS).rstrip("0")
    # The candle that is open now is not a price yet.
    assert Time.parse(rows[-1]["timestamp"]).raw <= NOW_MS * 10**6


def test_funding_and_open_interest_are_exact(case):
    for row in rows_of(case[0] / "funding_rates.csv"):
        at_ms = Time.parse(row["timestamp"]).raw // 10**6
        assert at_ms % (8 * HOUR_MS) == 3
        assert row["rate"] == rate_text(at_ms - 3).rstrip("0")
    interest = rows_of(case[0] / "open_interest.csv")
    assert interest[0]["quantity"].endswith(".637")
    assert interest[0]["value"] == "150570784.07809979"


def test_depth_is_ordered_as_numbers_bids_down_and_asks_up(case):
    rows = [row for row in rows_of(case[0] / "depth.csv") if row["asset"] == "ETH"]
    prices = {side: [r["price"] for r in rows if r["side"] == side] for side in ("bid", "ask")}
    assert prices["bid"] == ["1999.9", "1666.6", "1333.3", "1000", "666.7"]
    assert prices["ask"] == ["2000.1", "2000.2", "10000"]
    assert rows[0]["quantity"] == "1.125"
    assert Time.parse(rows[0]["timestamp"]).raw == (NOW_MS - 9) * 10**6


def test_the_case_loads_and_lends_nothing(case):
    loaded = load_case(case[0])
    assert len(loaded.ticks) == HOURS + 1
    assert set(loaded.rules.assets) >= {"BTC", "ETH"}
    assert loaded.rules.quote == "USDT"
    assert loaded.book == ()
    assert [loaded.rules.assets[asset].max_ltv_wad for asset in PAIRS] == [0, 0]


def test_where_it_is_from_is_written_down(case):
    source = json.loads((case[0] / "market_source.json").read_text())
    assert source["schema"] == "trimtab.market-source/1"
    assert source["instruments"]["ETH"]["id"] == "ETHUSDT"
    assert source["since"] == Time(SINCE_NS).text()
    assert source["rows"]["funding"] == {"BTC": 51, "ETH": 51}


def test_progress_ends_whole_for_every_history(case):
    last = {told.what: told for told in case[2]}
    assert len(last) == 6
    assert all(told.done == told.of for told in last.values())
    for what in last:
        steps = [told.done for told in case[2] if told.what == what]
        assert steps == sorted(steps)


def test_nothing_is_asked_twice(tmp_path):
    answers = binance()
    read(PRICES_ONLY, tmp_path / "case", answers=answers)
    starts = [q["startTime"] + q["symbol"] for p, q in answers.asked if p.endswith("/klines")]
    assert len(starts) == len(set(starts)) == 2 * 5
    assert answers.counts()["/fapi/v1/exchangeInfo"] == 1


@pytest.mark.parametrize("kind", [PriceKind.MARK, PriceKind.INDEX])
def test_mark_and_index_prices_are_other_questions(tmp_path, kind):
    answers = binance()
    read(replace(PRICES_ONLY, price=kind), tmp_path / "case", answers=answers)
    assert answers.counts()[f"/fapi/v1/{kind}PriceKlines"] == 10
    assert not answers.counts()["/fapi/v1/klines"]


def test_answers_newest_first_and_contracts_worth_one_dollar(tmp_path):
    """Bybit answers candles backwards; an inverse book is in dollars."""
    question = ExchangeQuestion(
        "bybit",
        {"BTC": "BTC/USD:BTC"},
        since_ns=SINCE_NS,
        tables=frozenset({DataTable.DEPTH}),
    )
    read(question, tmp_path / "case", answers=bybit())
    prices = rows_of(tmp_path / "case" / "prices.csv")
    assert len(prices) == HOURS + 1
    assert [row["timestamp"] for row in prices] == sorted(row["timestamp"] for row in prices)
    book = rows_of(tmp_path / "case" / "depth.csv")
    # 68,000 and 100 dollars; a contract is one dollar, so 34,000.5 of them are one coin.
    sizes = [68_000, 100, 34_000.5]
    for row, dollars in zip(book, sizes, strict=True):
        assert float(row["quantity"]) * float(row["price"]) == pytest.approx(dollars, rel=1e-12)


def test_a_history_that_begins_later_says_so(tmp_path):
    since_ns = (LISTED_MS - 1500 * HOUR_MS) * 10**6
    until_ns = (LISTED_MS + 48 * HOUR_MS) * 10**6
    asked = replace(PRICES_ONLY, since_ns=since_ns, until_ns=until_ns)
    found = read(asked, tmp_path / "case", answers=binance())
    first = Time((LISTED_MS + HOUR_MS) * 10**6).text()
    assert found.notes == tuple(f"prices of {asset} begin at {first}" for asset in PAIRS)
    assert found.rows == {"prices": 96}


def test_missing_candles_are_counted_and_never_filled(tmp_path):
    answers = binance()
    whole = answers.routes["/fapi/v1/klines"]
    hole = range(NOW_MS - 50 * HOUR_MS, NOW_MS - 40 * HOUR_MS)
    answers.routes["/fapi/v1/klines"] = lambda query, now_ms: [
        candle for candle in whole(query, now_ms) if candle[0] not in hole
    ]
    found = read(PRICES_ONLY, tmp_path / "case", answers=answers)
    assert f"prices of BTC: 10 of {HOURS + 1} candles missing" in found.notes


@pytest.mark.parametrize(
    "fault",
    [
        (429, '{"code":-1003,"msg":"Too many requests; current limit is 2400 requests a minute."}'),
        (418, '{"code":-1003,"msg":"Way too many requests; IP banned."}'),
        (503, "<html><body>Service unavailable</body></html>"),
        (200, ""),
        requests.exceptions.ConnectionError("connection reset by peer"),
        requests.exceptions.ReadTimeout("read timed out"),
    ],
)
def test_a_fault_that_passes_is_asked_again_with_longer_waits(tmp_path, fault):
    answers, waits = binance(), []
    answers.faults = [fault, fault, fault]
    found = read(PRICES_ONLY, tmp_path / "case", answers=answers, waits=waits)
    assert found.rows == {"prices": 2 * (HOURS + 1)}
    assert waits == [1.0, 2.0, 4.0]


def test_a_fault_that_stays_ends_after_bounded_tries_and_says_what_to_do(tmp_path):
    answers, waits = binance(), []
    answers.faults = [(503, "busy")] * 100
    with pytest.raises(DataError) as error:
        read(
            PRICES_ONLY,
            tmp_path / "case",
            answers=answers,
            waits=waits,
            manners=Manners(tries_max=4, wait_first_s=3.0, wait_max_s=5.0),
        )
    assert str(error.value).startswith("binanceusdm: no answer after 4 tries to its markets")
    assert "--resume" in str(error.value)
    assert waits == [3.0, 5.0, 5.0]
    assert len(answers.asked) == 4
    assert not (tmp_path / "case").exists()


def test_a_refusal_is_not_asked_again(tmp_path):
    answers, waits = binance(), []
    answers.routes["/fapi/v1/klines"] = lambda _query, _now: {
        "code": -1121,
        "msg": "Invalid symbol",
    }
    with pytest.raises(DataError, match="refuses candles of BTC/USDT:USDT; found 'BadSymbol"):
        read(PRICES_ONLY, tmp_path / "case", answers=answers, waits=waits)
    assert waits == []
    assert answers.counts()["/fapi/v1/klines"] == 1


def test_an_answer_without_numbers_is_refused(tmp_path):
    answers = binance()
    answers.routes["/fapi/v1/klines"] = lambda query, _now: [
        [int(query["startTime"]), "1", "1", "1", "none", "1", 0, "1", 1, "1", "1", "0"]
    ]
    with pytest.raises(DataError, match="BTC/USDT:USDT: the answer holds no number; found 'none'"):
        read(PRICES_ONLY, tmp_path / "case", answers=answers)
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize("side", ["bids", "asks"])
def test_an_empty_or_crossed_book_is_refused(tmp_path, side):
    answers = binance()
    book = answers.routes["/fapi/v1/depth"]
    answers.routes["/fapi/v1/depth"] = lambda query, now: {
        **book(query, now),
        side: [] if side == "bids" else [["1.0", "1.0"]],
    }
    asked = replace(QUESTION, tables=frozenset({DataTable.DEPTH}))
    with pytest.raises(DataError, match="the order book is empty or crossed"):
        read(asked, tmp_path / "case", answers=answers)


@pytest.mark.parametrize("answer", [[[1]], [{"open": 1}], "text", {"code": 0, "data": 7}])
def test_an_answer_of_another_shape_is_one_line(tmp_path, answer):
    answers = binance()
    answers.routes["/fapi/v1/klines"] = lambda _query, _now: answer
    with pytest.raises(DataError, match=r"^binanceusdm: |no price in this time"):
        read(PRICES_ONLY, tmp_path / "case", answers=answers)
    assert not (tmp_path / "case").exists()
