"""`trimtab import exchange`: options to a question, one line for every error, what it says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from tests.adapters.exchange_answers import NOW_MS, binance
from tests.adapters.test_exchanges_reading import PRICES_ONLY, client_of
from trimtab.adapters.exchanges import DataTable, MarketImport, PriceKind
from trimtab.apps import import_exchange
from trimtab.apps.import_exchange import Bars, instant, run_import_exchange
from trimtab.units import Time, UsageError

pytest.importorskip("ccxt", reason="ccxt (extra `chain`) is not installed")

verbs = typer.Typer()
verbs.callback()(lambda: None)
verbs.command("exchange")(import_exchange.exchange)
LEAST = ["exchange", "binanceusdm", "--symbol", "ETH=ETH/USDT:USDT", "--since", "2023-11-01"]


@pytest.fixture
def asked(monkeypatch):
    """What the verb would have read: no network."""
    seen = []

    def instead(question, out, *, resume, manners):
        seen.append(SimpleNamespace(question=question, out=out, resume=resume, manners=manners))
        return MarketImport(question.exchange, {}, (), NOW_MS)

    monkeypatch.setattr(import_exchange, "run_import_exchange", instead)
    return seen


def run(*words):
    return CliRunner().invoke(verbs, [str(word) for word in words])


def test_options_become_a_question(asked, tmp_path):
    words = ["--symbol", "BTC/USDT:USDT", "--until", "2023-11-02T12:00:00Z", "--timeframe", "5m"]
    words += ["--price", "mark", "--table", "funding", "--table", "depth", "--depth-levels", "20"]
    words += ["--quote", "USD", "--tries", "2", "--timeout-seconds", "5", "--resume"]
    done = run(*LEAST, *words, "--out", tmp_path / "case")
    assert done.exit_code == 0, done.output
    (found,) = asked
    question = found.question
    assert dict(question.symbols) == {"ETH": "ETH/USDT:USDT", "BTC": "BTC/USDT:USDT"}
    assert Time(question.since_ns).text() == "2023-11-01T00:00:00Z"
    assert Time(question.until_ns).text() == "2023-11-02T12:00:00Z"
    assert question.timeframe_seconds == 300
    assert question.price is PriceKind.MARK
    assert question.tables == {DataTable.FUNDING, DataTable.DEPTH}
    assert (question.depth_levels, question.quote) == (20, "USD")
    assert (found.manners.tries_max, found.manners.timeout_s) == (2, 5.0)
    assert found.resume


def test_all_tables_are_read_where_none_is_named(asked, tmp_path):
    assert run(*LEAST, "--out", tmp_path / "case").exit_code == 0
    names = {DataTable.FUNDING, DataTable.OPEN_INTEREST, DataTable.DEPTH}
    assert asked[0].question.tables == names
    assert asked[0].question.until_ns is None


@pytest.mark.parametrize(
    "words",
    [
        ["--symbol", "ETHUSDT"],
        ["--since", "yesterday"],
        ["--until", "2023-10-01"],
        ["--timeframe", "1y"],
    ],
)
def test_a_wrong_option_is_one_line_and_exit_2(asked, tmp_path, words, capfd):
    done = run(*LEAST, "--out", tmp_path / "case", *words)
    assert done.exit_code == 2
    shown = (done.output + capfd.readouterr().err).strip()
    assert shown.startswith("error: --")
    assert "\n" not in shown
    assert asked == []


@pytest.mark.parametrize("text", ["2024-13-01", "now", "2024"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(UsageError, match=f"--since '{text}'"):
        instant(text, "--since")


def test_what_was_read_is_said_on_stderr(tmp_path, capsys):
    client = client_of("binanceusdm", binance())
    found = run_import_exchange(PRICES_ONLY, tmp_path / "case", client=client)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"binanceusdm: 802 rows of prices; case: {tmp_path / 'case'}\n"
    assert found.rows == {"prices": 802}


def test_an_interruption_says_how_to_go_on(tmp_path):
    answers = binance()

    def interrupt(_query, _now_ms):
        raise KeyboardInterrupt

    answers.routes["/fapi/v1/klines"] = interrupt
    client = client_of("binanceusdm", answers)
    with pytest.raises(KeyboardInterrupt, match="go on with --resume"):
        run_import_exchange(PRICES_ONLY, tmp_path / "case", client=client)


def test_each_history_has_its_own_bar(monkeypatch):
    shown = []

    class Bar:
        def __init__(self, label):
            self.label = label

        def __enter__(self):
            return lambda done, of: shown.append((self.label, done, of))

        def __exit__(self, *_):
            shown.append((self.label, "closed"))

    monkeypatch.setattr("trimtab.apps.console.progress", Bar)
    hour = 3_600_000
    with Bars() as bars:
        for what, done in (("a", 1), ("a", 2), ("b", 2)):
            bars.tell(SimpleNamespace(what=what, done=done * hour, of=2 * hour))
    assert shown == [
        ("a (hours)", 1, 2),
        ("a (hours)", 2, 2),
        ("a (hours)", "closed"),
        ("b (hours)", 2, 2),
        ("b (hours)", "closed"),
    ]
