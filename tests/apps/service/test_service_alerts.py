"""Alerts: hysteresis, holding, reminders, de-duplication, files with mistakes, dead letters."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apps.service.alert_watching import at_price, said, watching
from tests.apps.service.services import Caller, HandClock, quiet, until
from trimtab.adapters.notices import LogSender, Notice
from trimtab.apps.service.alert_measures import MEASURED, Sight
from trimtab.apps.service.alert_rules import (
    MEASURES,
    AlertRule,
    AlertState,
    read_alerts,
    stepped,
)
from trimtab.apps.service.alerting import Alerts, attach_alerts, sender_of
from trimtab.units import DataError, UsageError

DEBT = AlertRule("debt", "debt_at_risk", 100.0, 80.0, rising=True, to=("log",))


def walked(rule: AlertRule, values: list[float], *, every_s: float = 1.0) -> list[str]:
    """What is told along values, one a second."""
    state, told = AlertState(), []
    for number, value in enumerate(values):
        state, what = stepped(rule, state, value=value, now_s=number * every_s, mark_ns=number)
        told.append(what)
    return told


def test_a_measure_that_trembles_raises_one_alert() -> None:
    values = [90, 101, 99, 101, 81, 120, 80, 79, 99, 100, 101]
    assert walked(DEBT, [float(v) for v in values]) == [
        *("", "raised", "", "", "", "", "cleared", "", "", "", "raised"),
    ]


def test_it_must_hold_and_is_said_again() -> None:
    rule = dataclasses.replace(DEBT, hold_s=3, repeat_s=2)
    told = walked(rule, [101.0, 101.0, 99.0, 101.0, 101.0, 101.0, 101.0, 101.0, 101.0, 101.0, 10.0])
    assert told == ["", "", "", "", "", "", "raised", "", "reminded", "", "cleared"]


def test_a_falling_measure_is_the_mirror() -> None:
    rule = AlertRule("health", "account_health", 1.05, 1.1, rising=False, to=("log",))
    told = walked(rule, [1.2, 1.05, 1.04, 1.06, 1.09, 1.1, 1.04])
    assert told == ["", "", "raised", "", "", "cleared", "raised"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 200, allow_nan=False), max_size=60))
def test_raised_and_cleared_take_turns(values: list[float]) -> None:
    told = [what for what in walked(DEBT, values) if what]
    assert told == [("raised", "cleared")[place % 2] for place in range(len(told))]
    if told and told[-1] == "raised":
        assert values[-1] > DEBT.clear


GOOD = """
every_seconds = 0.5

[[alerts]]
name = "debt at risk"
measure = "debt_at_risk"
above = 1_000_000
clear = 900000.5
hold_seconds = 2
severity = "critical"
to = ["log", "desk"]

[[alerts]]
name = "vaults"
measure = "group_health"
match = "vault-*"
below = 1.05
to = ["log"]

[senders.log]
kind = "log"

[senders.desk]
kind = "webhook"
url = "http://127.0.0.1:9/hook"
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(GOOD)
    found = read_alerts(file)
    assert found.every_s == 0.5
    first, second = found.rules
    assert (first.limit, first.clear, first.hold_s, first.rising) == (1e6, 900000.5, 2.0, True)
    assert (second.match, second.limit, second.clear, second.rising) == (
        *("vault-*", 1.05, 1.05),
        False,
    )


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("above = 1_000_000", "abov = 1", "abov"),
        ("above = 1_000_000", "above = 'x'", "above"),
        ("above = 1_000_000", "above = 1\nbelow = 2", "above or below"),
        ("clear = 900000.5", "clear = 2_000_000", "at most above"),
        ('measure = "group_health"', 'measure = "mood"', "account_health"),
        ('name = "vaults"', 'name = "debt at risk"', "one name"),
        ('severity = "critical"', 'severity = "loud"', "critical"),
        ('to = ["log", "desk"]', 'to = ["nobody"]', "no sender"),
        ("every_seconds = 0.5", "every_seconds = 0", "0.05 to 3600"),
        ("every_seconds = 0.5", "often = 1", "no such key"),
        ('measure = "group_health"', 'measure = "cluster_near_price"', "asset"),
        ("below = 1.05", "", "above or below"),
        ("[senders.log]", "[senders.log", "not TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, good: str, bad: str, says: str) -> None:
    file = tmp_path / "alerts.toml"
    assert good in GOOD
    file.write_text(GOOD.replace(good, bad, 1))
    with pytest.raises(DataError, match=says) as error:
        read_alerts(file)
    assert "alerts.toml" in str(error.value)


def test_a_crash_is_told_once_for_each_fact() -> None:
    rules = (
        AlertRule("unsafe", "unsafe_debt", 0.0, 0.0, rising=True, to=("log",)),
        AlertRule("vaults", "group_health", 1.0, 1.0, rising=False, to=("log",), match="vault-*"),
        AlertRule("near", "cluster_near_price", 6e5, 6e5, rising=True, to=("log",), asset="ETH"),
    )
    service, alerts, sender = watching(*rules)
    assert alerts.look() == []
    at_price(service, 120)
    told = alerts.look()
    assert {"unsafe.venue raised", "vaults.vault-* raised"} <= {said(one) for one in told}
    assert alerts.look() == [], "a fact is told once"
    at_price(service, 195)
    cleared = alerts.look()
    assert {"unsafe.venue cleared", "vaults.vault-* cleared"} <= {said(one) for one in cleared}
    facts = {one.id.removesuffix(".raised") for one in told}
    assert {one.id.removesuffix(".cleared") for one in cleared} <= facts, "the same facts"
    until(lambda: len(sender.told) >= 4)
    alerts.stop()


def test_no_two_facts_have_one_name_over_restarts_and_clocks_set_back() -> None:
    """A receiver keeps each id once and drops what it has: it loses nothing and doubles nothing."""
    told: list[Notice] = []
    rule = AlertRule("unsafe", "unsafe_debt", 0.0, 0.0, rising=True, to=("log",))
    for life in range(3):
        service, alerts, _ = watching(rule)
        clock = service.clock
        assert isinstance(clock, HandClock)
        clock.at_ns += life * 10**6
        for price in (120, 195, 120):
            at_price(service, price)
            told += alerts.look()
            clock.at_ns -= 10**9
        (now,) = alerts.raised()
        assert (now.key, now.id) == ("unsafe.venue", told[-1].id.removesuffix(".raised"))
        alerts.stop()
    states = [notice.details["state"] for notice in told]
    assert states == ["raised", "cleared", "raised"] * 3
    assert len({notice.id for notice in told}) == len(told)
    assert {notice.details["key"] for notice in told} == {"unsafe.venue"}
    for raised, cleared in zip(told[::3], told[1::3], strict=True):
        assert raised.id.removesuffix("raised") == cleared.id.removesuffix("cleared")


def test_each_account_is_a_fact_of_its_own() -> None:
    rule = AlertRule(
        "hurt", "account_health", 1.0, 1.0, rising=False, to=("log",), match="vault-eth-*"
    )
    service, alerts, _ = watching(rule)
    at_price(service, 120)
    notices = alerts.look()
    waiting = {key for key in service.board.waiting if key.startswith("vault-eth-")}
    assert {notice.details["subject"] for notice in notices} == waiting
    assert len({notice.id for notice in notices}) == len(waiting) > 10
    alerts.stop()


def test_every_measure_gives_numbers() -> None:
    service, alerts, _ = watching()
    at_price(service, 150)
    assert set(MEASURED) == set(MEASURES)
    for name, measure in MEASURED.items():
        rule = dataclasses.replace(DEBT, measure=name, asset="ETH", match="*")
        with service.board.reading() as reading:
            found = measure(rule, Sight(service, reading))
        assert found or name == "feed_lost", f"{name}; there is no feed here"
        assert all(isinstance(value, float) for value in found.values()), name
    alerts.stop()


def test_a_stale_price_and_a_silent_source_grow_older() -> None:
    rules = (
        AlertRule("old", "oracle_stale", 300, 300, rising=True, to=("log",), match="ETH"),
        AlertRule("mute", "source_stuck", 300, 300, rising=True, to=("log",)),
    )
    service, alerts, _ = watching(*rules)
    at_price(service, 150)
    clock = service.clock
    assert isinstance(clock, HandClock)
    clock.at_ns += 299 * 10**9
    assert alerts.look() == []
    clock.at_ns += 2 * 10**9
    assert {said(n) for n in alerts.look()} == {"old.ETH raised", "mute.desk raised"}
    alerts.stop()


def test_dead_letters_are_shown_and_sent_again() -> None:
    service, alerts, sender = watching(DEBT)
    api = Caller(service)
    sender.fails = True
    at_price(service, 150)
    alerts.look()
    until(alerts.dead_letters)
    view = api.get("/v1/alerts").json()
    assert [one["rule"] for one in view["raised"]] == ["debt"]
    assert (view["dead_letters"], view["rules"][0]["side"]) == (1, "above")
    (letter,) = api.get("/v1/alerts/dead-letters").json()["letters"]
    assert (letter["why"], letter["details"]["state"]) == ("no", "raised")
    sender.fails = False
    assert api.post("/v1/alerts/dead-letters/retry").json() == {"retried": 1}
    until(lambda: sender.told)
    assert api.get("/v1/alerts").json()["dead_letters"] == 0
    alerts.stop()


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def debug(self, event: str, about: Any = None) -> None:
        self.lines.append((event, dict(about or {})))

    info = warning = error = debug


def test_alerts_of_a_file_run_beside_the_service(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    text = GOOD.replace("0.5", "0.05", 1).replace("1_000_000", "100").replace("900000.5", "50")
    file.write_text(text.replace('"log", "desk"', '"log"').replace("hold_seconds = 2", ""))
    service, log = quiet(), Lines()
    end = attach_alerts(service, file, log=log)
    try:
        until(lambda: [one for one in log.lines if one[0] == "alert"])
    finally:
        end()
    assert isinstance(service.alerts, Alerts)
    assert service.alerts.failure == ""


def test_senders_need_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Lines()
    assert isinstance(sender_of("log", {"kind": "log"}, log=log), LogSender)
    hook = {"kind": "webhook", "url": "https://example.org/x", "token_env": "TRIMTAB_TEST_TOKEN"}
    with pytest.raises(UsageError, match="TRIMTAB_TEST_TOKEN"):
        sender_of("desk", hook, log=log)
    monkeypatch.setenv("TRIMTAB_TEST_TOKEN", "t")
    assert sender_of("desk", hook, log=log).name == "desk"
    mail = {"kind": "email", "host": "h", "from": "a@b", "to": ["c@d"]}
    assert sender_of("mail", mail, log=log).name == "mail"
    for bad in ({"kind": "pigeon"}, {"kind": "webhook"}, mail | {"secure": "maybe"}):
        with pytest.raises(UsageError):
            sender_of("x", bad, log=log)
