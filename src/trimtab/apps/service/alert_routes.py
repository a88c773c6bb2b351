"""Alerts as they can be read: what is raised, the rules, and what could not be sent."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import Field

from trimtab.apps.service.alerting import Alerts
from trimtab.apps.service.figures import text
from trimtab.apps.service.ingest_routes import Operator
from trimtab.apps.service.reading_routes import Of
from trimtab.apps.service.running import Service
from trimtab.apps.service.schemas import Answer, Problem
from trimtab.apps.service.security import RefusedError, Role, needs

routes = APIRouter(prefix="/v1/alerts", tags=["alerts"], dependencies=[Depends(needs(Role.READ))])


class RaisedRow(Answer):
    """An alert that is raised now."""

    id: str = Field(description="names this fact; no other has it, also after a restart")
    key: str = Field(description="what is watched: the same each time that it is raised")
    rule: str
    measure: str
    subject: str
    value: str | None = Field(description="decimal text, in the measure's unit")
    limit: str | None
    severity: str


class RuleRow(Answer):
    """One rule of alerts; `side` says on which side of the limit it is raised."""

    name: str
    measure: str
    side: str
    limit: str | None
    clear: str | None
    match: str
    asset: str
    hold_seconds: str | None
    severity: str
    to: list[str]


class AlertsView(Answer):
    """What is raised, all rules, and how many letters are dead."""

    raised: list[RaisedRow]
    rules: list[RuleRow]
    dead_letters: int
    failure: str = Field(description="why the rules could not be looked at, empty where they are")


class DeadRow(Answer):
    """A notice that was given up."""

    sender: str
    id: str
    title: str
    tries: int
    why: str
    details: dict[str, Any]


class DeadLetters(Answer):
    """Notices that could not be sent."""

    letters: list[DeadRow]


class Retried(Answer):
    """How many letters were handed over again."""

    retried: int


def _alerts(service: Service) -> Alerts | None:
    found = service.alerts
    assert found is None or isinstance(found, Alerts), "alerts are alerts"
    return found


@routes.get("")
def read_alerts(service: Of) -> AlertsView:
    """What is raised now, and the rules."""
    alerts = _alerts(service)
    if alerts is None:
        return AlertsView(raised=[], rules=[], dead_letters=0, failure="")
    raised = [
        RaisedRow(
            id=one.id,
            key=one.key,
            rule=one.rule.name,
            measure=one.rule.measure,
            subject=one.subject,
            value=text(one.value),
            limit=text(one.rule.limit),
            severity=one.rule.severity,
        )
        for one in alerts.raised()
    ]
    rules = [
        RuleRow(
            name=rule.name,
            measure=rule.measure,
            side="above" if rule.rising else "below",
            limit=text(rule.limit),
            clear=text(rule.clear),
            match=rule.match,
            asset=rule.asset,
            hold_seconds=text(rule.hold_s),
            severity=rule.severity,
            to=list(rule.to),
        )
        for rule in alerts.rules
    ]
    dead = len(alerts.dead_letters())
    return AlertsView(raised=raised, rules=rules, dead_letters=dead, failure=alerts.failure)


@routes.get("/dead-letters")
def read_dead_letters(service: Of) -> DeadLetters:
    """Notices that were given up, and why."""
    alerts = _alerts(service)
    letters = [] if alerts is None else alerts.dead_letters()
    return DeadLetters(
        letters=[
            DeadRow(
                sender=one.sender,
                id=one.notice.id,
                title=one.notice.title,
                tries=one.tries,
                why=one.why,
                details=dict(one.notice.details),
            )
            for one in letters
        ]
    )


@routes.post("/dead-letters/retry", responses={404: {"model": Problem}})
def retry_dead_letters(service: Of, caller: Operator) -> Retried:
    """Hand all dead letters to their senders again."""
    alerts = _alerts(service)
    if alerts is None:
        raise RefusedError(404, "no_alerts", message="this service has no rules of alerts")
    count = alerts.retry()
    service.audit.note(caller, "retry_dead_letters", about={}, result=f"{count} retried")
    return Retried(retried=count)
