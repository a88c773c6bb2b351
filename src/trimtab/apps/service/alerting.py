"""Alerts of a running service: looks at every rule now and then, and tells who should know."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from trimtab.adapters.notices import (
    Courier,
    DeadLetter,
    EmailSender,
    LogSender,
    Manners,
    Notice,
    Sender,
    WebhookSender,
)
from trimtab.adapters.notices.senders import Mailbox
from trimtab.apps.service.alert_measures import SUBJECTS_MAX, Sight, measured
from trimtab.apps.service.alert_rules import AlertFile, AlertRule, AlertState, read_alerts, stepped
from trimtab.apps.service.figures import text
from trimtab.apps.service.logs import Log
from trimtab.apps.service.running import Service
from trimtab.apps.service.views import when
from trimtab.units import UsageError

Told = Callable[[str, Notice], object]


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert that is raised now."""

    rule: AlertRule
    subject: str
    value: float
    since_s: float
    key: str
    id: str


class Alerts:
    """The state of every rule and subject; each fact is told once to each sender of its rule."""

    def __init__(
        self,
        service: Service,
        file: AlertFile,
        *,
        couriers: Mapping[str, Courier],
        now_s: Callable[[], float],
        clock_ns: Callable[[], int],
    ) -> None:
        """Nothing is looked at before `look`, or `start`.

        Arguments:
            now_s: a clock that only measures; clock_ns: the world's, whose moments name facts.
        """
        self.rules = file.rules
        self.couriers = dict(couriers)
        self.failure = ""
        self._service, self._every_s = service, file.every_s
        self._now_s, self._clock_ns = now_s, clock_ns
        self._mark_ns = 0
        self._states: dict[tuple[str, str], AlertState] = {}
        self._values: dict[tuple[str, str], float] = {}
        self._lock = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        for courier in self.couriers.values():
            courier.start()
        self._thread.start()

    def stop(self) -> None:
        """Look no more; couriers end, what waits becomes dead letters."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        for courier in self.couriers.values():
            courier.stop()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.look()
                self.failure = ""
            except Exception as error:  # an alert that cannot be looked at is itself told
                self.failure = f"{type(error).__name__}: {error}"

    def look(self) -> list[Notice]:
        """Look at every rule once; returns what was told."""
        told: list[Notice] = []
        with self._service.board.reading() as reading:
            at_ns = reading.at_ns
            found = [(rule, measured(rule, Sight(self._service, reading))) for rule in self.rules]
        with self._lock:
            for rule, values in found:
                told += self._looked(rule, values, at=when(at_ns))
        return told

    def _looked(self, rule: AlertRule, values: Mapping[str, float], *, at: str) -> Iterator[Notice]:
        now_s, mark_ns = self._now_s(), self._next_mark()
        for subject, value in {**values, **self._ended(rule, values)}.items():
            key = (rule.name, subject)
            before = self._states.get(key, AlertState())
            state, what = stepped(rule, before, value=value, now_s=now_s, mark_ns=mark_ns)
            self._states[key], self._values[key] = state, value
            if what:
                named = before if what == "cleared" else state
                notice = _notice(rule, subject, value=value, what=what, state=named, at=at)
                for name in rule.to:
                    self.couriers[name].post(notice)
                yield notice
        self._forget(rule, values)

    def _next_mark(self) -> int:
        """The moment that names what is raised by a look: later than any before, also over a start.

        A clock that was set back must not give one name to two facts.
        """
        self._mark_ns = max(self._mark_ns + 1, self._clock_ns())
        return self._mark_ns

    def _ended(self, rule: AlertRule, values: Mapping[str, float]) -> dict[str, float]:
        """Raised subjects that can no longer be measured (a debt paid back): these are well."""
        if len(values) >= SUBJECTS_MAX:
            return {}  # those beyond the worst are not measured, and may be anything
        well = -inf if rule.rising else inf
        return {
            subject: well
            for (name, subject), state in self._states.items()
            if name == rule.name and subject not in values and state.raised_s is not None
        }

    def _forget(self, rule: AlertRule, values: Mapping[str, float]) -> None:
        """Subjects that are gone need no memory."""
        gone = [
            key
            for key, state in self._states.items()
            if key[0] == rule.name and key[1] not in values and state.raised_s is None
        ]
        for key in gone:
            self._values.pop(key, None)
            del self._states[key]

    def raised(self) -> list[Raised]:
        """What is raised now, by rule and subject."""
        rules = {rule.name: rule for rule in self.rules}
        with self._lock:
            return [
                Raised(
                    rules[name],
                    subject,
                    self._values[name, subject],
                    state.raised_s,
                    _key(rules[name], subject),
                    _identity(rules[name], subject, state=state),
                )
                for (name, subject), state in sorted(self._states.items())
                if state.raised_s is not None
            ]

    def dead_letters(self) -> list[DeadLetter]:
        """What could not be sent, by sender, the oldest first."""
        return [letter for name in sorted(self.couriers) for letter in self._dead(name)]

    def _dead(self, name: str) -> list[DeadLetter]:
        return list(self.couriers[name].dead_letters)

    def retry(self) -> int:
        """Hand all dead letters over again; returns how many."""
        return sum(courier.retry() for courier in self.couriers.values())


def _key(rule: AlertRule, subject: str) -> str:
    """What is watched: the same however often it is raised, and after a restart."""
    return f"{rule.name}.{subject}".replace(" ", "_")


def _identity(rule: AlertRule, subject: str, *, state: AlertState) -> str:
    """One fact: what is watched, and the moment at which it was raised."""
    return f"{_key(rule, subject)}.{state.raised_ns}"


def _notice(
    rule: AlertRule, subject: str, *, value: float, what: str, state: AlertState, at: str
) -> Notice:
    side = "above" if rule.rising else "below"
    shown, limit = text(value), text(rule.limit if what != "cleared" else rule.clear)
    title = f"{rule.name}: {rule.measure} of {subject} is {shown}, {side} {limit}"
    if what == "cleared":
        back = "no longer measured" if shown is None else f"back at {shown}"
        title = f"{rule.name}: {rule.measure} of {subject} is {back}"
    details = {
        "state": what,
        "key": _key(rule, subject),
        "rule": rule.name,
        "measure": rule.measure,
        "subject": subject,
        "value": shown,
        "limit": text(rule.limit),
        "venue_time": at,
    }
    # A reminder is another letter of the same fact.
    told = "" if state.told_s is None else f".{state.told_s:.3f}"
    suffix = told if what == "reminded" else ""
    return Notice(
        f"{_identity(rule, subject, state=state)}.{what}{suffix}", title, rule.severity, details
    )


def attach_alerts(service: Service, path: Path, *, log: Log) -> Callable[[], None]:
    """Read the rules of a file and look at them from now on; returns what ends it.

    Raises:
        DataError: a file that is none of alerts.
        UsageError: a sender that cannot be made.
    """
    file = read_alerts(path)

    def dead(letter: DeadLetter) -> None:
        about = {"sender": letter.sender, "why": letter.why, "notice": letter.notice.id}
        log.error("dead_letter", about)

    couriers = {
        name: Courier(sender_of(name, table, log=log), _manners(table), dead=dead)
        for name, table in file.senders.items()
    }
    alerts = Alerts(service, file, couriers=couriers, now_s=time.monotonic, clock_ns=time.time_ns)
    service.alerts = alerts
    alerts.start()
    return alerts.stop


def _manners(table: Mapping[str, Any]) -> Manners:
    return Manners(
        tries_max=int(table.get("tries", Manners().tries_max)),
        wait_first_s=float(table.get("wait_seconds", Manners().wait_first_s)),
    )


def sender_of(name: str, table: Mapping[str, Any], *, log: Log) -> Sender:
    """A sender from its table; secrets come from the environment variables that it names.

    Raises:
        UsageError: no such kind, or a key that is missing.
    """
    kind = table.get("kind")
    if kind == "log":
        return LogSender(
            name, lambda notice: log.warning("alert", {"title": notice.title, "id": notice.id})
        )
    if kind == "webhook":
        headers = {}
        if "token_env" in table:
            headers["Authorization"] = f"Bearer {_secret(name, table['token_env'])}"
        return WebhookSender(name, _needed(name, table, key="url"), headers=headers)
    if kind == "email":
        return EmailSender(name, _mailbox(name, table))
    raise UsageError(f"the sender {name!r}: expected kind webhook, email or log, found {kind!r}")


def _mailbox(name: str, table: Mapping[str, Any]) -> Mailbox:
    secure = table.get("secure", "starttls")
    if secure not in ("starttls", "tls", "none"):
        raise UsageError(f"the sender {name!r}: secure is starttls, tls or none")
    password = _secret(name, table["password_env"]) if "password_env" in table else ""
    return Mailbox(
        host=_needed(name, table, key="host"),
        port=int(table.get("port", 587)),
        sender=_needed(name, table, key="from"),
        to=tuple(table.get("to") or [_needed(name, table, key="to")]),
        secure=secure,
        user=table.get("user", ""),
        password=password,
    )


def _needed(name: str, table: Mapping[str, Any], *, key: str) -> str:
    found = table.get(key)
    if not isinstance(found, str) or not found:
        raise UsageError(f"the sender {name!r} has no {key}")
    return found


def _secret(name: str, variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        raise UsageError(f"the sender {name!r}: the environment has no {variable}")
    return found
