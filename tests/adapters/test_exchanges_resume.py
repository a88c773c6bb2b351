"""A read that breaks off: what was read is kept, and taken up by the same question alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.adapters.exchange_answers import HOUR_MS, NOW_MS, binance
from tests.adapters.test_exchanges_reading import HOURS, PRICES_ONLY, read
from trimtab.adapters.exchanges.reading import kept_folder
from trimtab.units import UsageError

pytest.importorskip("ccxt", reason="ccxt (extra `chain`) is not installed")


class StopError(Exception):
    """Something that ends the program, as Ctrl-C does."""


def test_an_interrupted_read_goes_on_where_it_was(tmp_path):
    out, answers = tmp_path / "case", binance()
    whole = answers.routes["/fapi/v1/klines"]

    def stopping(query, now_ms):
        if len(answers.asked) > 6:
            raise StopError
        return whole(query, now_ms)

    answers.routes["/fapi/v1/klines"] = stopping
    with pytest.raises(StopError):
        read(PRICES_ONLY, out, answers=answers)
    assert not out.exists()
    pages = kept_folder(out) / "prices-BTC.jsonl"
    before = pages.read_bytes().count(b"\n")
    assert before > 0
    with pages.open("ab") as stream:
        stream.write(b"[17000")  # torn in the middle of a row
    again = binance()
    again.now_ms = NOW_MS + 5 * HOUR_MS
    found = read(PRICES_ONLY, out, answers=again, resume=True)
    assert found.until_ns == NOW_MS * 10**6, "the end stays that of the first read"
    assert again.counts()["/fapi/v1/klines"] < 10
    straight = tmp_path / "straight"
    read(PRICES_ONLY, straight, answers=binance())
    for name in ("prices.csv", "market_source.json", "rules.toml"):
        assert (out / name).read_bytes() == (straight / name).read_bytes(), name
    assert not kept_folder(out).exists()


def test_a_kept_read_of_another_question_is_not_taken_up(tmp_path):
    out, answers = tmp_path / "case", binance()

    def stop(_query, _now_ms):
        raise StopError

    answers.routes["/fapi/v1/klines"] = stop
    with pytest.raises(StopError):
        read(PRICES_ONLY, out, answers=answers)
    other = replace(PRICES_ONLY, timeframe="4h")
    with pytest.raises(UsageError, match="--resume: what was kept answers another question"):
        read(other, out, answers=binance(), resume=True)
    # Without --resume it is begun again.
    assert read(PRICES_ONLY, out, answers=binance()).rows == {"prices": 2 * (HOURS + 1)}
