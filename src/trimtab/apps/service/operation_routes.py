"""What operators do: pause at once; rules, resume, skip a gap in two steps. All is audited."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from trimtab.apps.service.actions import Name, Request
from trimtab.apps.service.audit import told_about
from trimtab.apps.service.ingest_routes import Operator, RefusedRow, refused_rows, submitted_work
from trimtab.apps.service.proposals import Proposal
from trimtab.apps.service.reading_routes import Limit, Of
from trimtab.apps.service.rules_views import DryRun, RulesRequest, rule_changes, rules_dry_run
from trimtab.apps.service.running import Service
from trimtab.apps.service.schemas import Answer, Moment, Problem
from trimtab.apps.service.security import Caller, RefusedError, Role, caller_of, needs
from trimtab.apps.service.views import when
from trimtab.apps.service.work import Receipt, Work
from trimtab.model import commands as c
from trimtab.model.journal_entries import JournalError
from trimtab.model.operator_actions import OperatorAction

Admin = Annotated[Caller, Depends(needs(Role.ADMIN))]
Asked = Annotated[Caller, Depends(caller_of)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
routes = APIRouter(
    prefix="/v1",
    tags=["operations"],
    responses={403: {"model": Problem}, 404: {"model": Problem}, 503: {"model": Problem}},
)


class PauseRequest(Request):
    """Raise the breaker: 1 no more risk, 2 also no new liquidation, 3 also no auction fill."""

    level: Annotated[int, Field(ge=1, le=3)]
    reason: Reason


class ResumeRequest(Request):
    """Lower the operator's level of the breaker."""

    level: Annotated[int, Field(ge=0, le=2)]
    reason: Reason


class SkipRequest(Request):
    """Give up what is missing of a source: what waited behind the gap is then applied."""

    source: Name
    reason: Reason


class ProposalRow(Answer):
    """Something dangerous that waits: POST /v1/confirm/{token} does it, until `expires`."""

    token: str
    action: str
    about: dict[str, Any]
    by: str
    expires: Moment


class RulesProposal(Answer):
    """A change of rules that waits, and what it would do at today's prices."""

    proposal: ProposalRow
    dry_run: DryRun


class Waiting(Answer):
    """All proposals that wait."""

    proposals: list[ProposalRow]


class Performed(Answer):
    """What became of an operation; durable where `refused` is empty."""

    action: str
    journal_number: int
    refused: list[RefusedRow]


class AuditRow(Answer):
    """One action of an operator."""

    number: int
    at: Moment
    who: str
    role: str
    action: str
    about: dict[str, Any]
    result: str


class Audit(Answer):
    """The latest actions of operators, oldest first."""

    actions: list[AuditRow]


class Session(Answer):
    """Who asks, and of which venue."""

    name: str
    role: str
    keys_required: bool
    venue: str
    quote: str


@routes.get("/session")
def read_session(service: Of, caller: Asked) -> Session:
    """The caller's key and role."""
    rules, open_ = service.case.rules, caller.name == "local"
    return Session(
        name=caller.name,
        role=caller.role.name.lower(),
        keys_required=not open_,
        venue=rules.venue,
        quote=rules.quote,
    )


@routes.post("/breakers/pause")
async def pause(service: Of, caller: Operator, *, asked: PauseRequest) -> Performed:
    """Raise the breaker at once: what stops risk needs no second word."""
    work = Work((c.Pause(0, asked.level, asked.reason),), f"operator:{caller.name}", decide=False)
    return await _performed(service, caller, action="pause", work=work, about=asked.model_dump())


@routes.post("/breakers/resume", status_code=202)
def propose_resume(service: Of, caller: Operator, *, asked: ResumeRequest) -> ProposalRow:
    """Propose to lower the breaker; a second word does it."""
    command = c.Resume(0, asked.level, asked.reason)
    work = Work((command,), f"operator:{caller.name}", decide=True)
    found = service.proposals.add("resume", work, about=asked.model_dump(), by=caller)
    return _proposed(service, caller, found=found)


@routes.post("/sources/skip-gap", status_code=202)
def propose_skip(service: Of, caller: Operator, *, asked: SkipRequest) -> ProposalRow:
    """Propose to give up what is missing of a source; a second word does it."""
    state = service.writer.sources.states().get(asked.source)
    if state is None or state.gap is None:
        message = f"nothing of the source {asked.source!r} waits behind a gap"
        raise RefusedError(404, "no_gap", message=message)
    about = asked.model_dump() | {"from": state.gap.first, "to": state.gap.last}
    work = Work((), asked.source, state.gap.last, skip=True)
    found = service.proposals.add("skip_gap", work, about=about, by=caller)
    return _proposed(service, caller, found=found)


@routes.post("/rules/proposals", status_code=202)
def propose_rules(service: Of, caller: Operator, *, asked: RulesRequest) -> RulesProposal:
    """Propose a change of rules: what it would do, and a token for the second word."""
    with service.board.reading() as reading:
        changes = rule_changes(asked, reading.draft.rules)
        dry = DryRun(**rules_dry_run(reading, changes, reason=asked.reason))
    work = Work((c.SetRules(0, changes, asked.reason),), f"operator:{caller.name}")
    found = service.proposals.add("set_rules", work, about=asked.model_dump(), by=caller)
    return RulesProposal(proposal=_proposed(service, caller, found=found), dry_run=dry)


@routes.get("/proposals")
def read_proposals(service: Of, _: Operator) -> Waiting:
    """What waits for its second word."""
    return Waiting(proposals=[_shown(one) for one in service.proposals.waiting()])


@routes.post("/confirm/{token}")
async def confirm(
    service: Of, caller: Admin, *, token: Annotated[str, Path(max_length=64)]
) -> Performed:
    """The second word: do what a proposal said. Its token is then used up."""
    found = service.proposals.take(token)
    about = {**found.about, "proposed_by": found.by}
    return await _performed(service, caller, action=found.action, work=found.work, about=about)


@routes.get("/audit")
def read_audit(service: Of, _: Admin, *, limit: Limit = 100) -> Audit:
    """What operators did, oldest first."""
    return Audit(actions=[_audited(action) for action in service.audit.latest(limit)])


def _audited(action: OperatorAction) -> AuditRow:
    return AuditRow(
        number=action.number,
        at=when(action.at_ns),
        who=action.who,
        role=action.role,
        action=action.action,
        about=told_about(action),
        result=action.result,
    )


def _shown(found: Proposal) -> ProposalRow:
    return ProposalRow(
        token=found.token,
        action=found.action,
        about=dict(found.about),
        by=found.by,
        expires=when(found.ends_ns),
    )


def _proposed(service: Service, caller: Caller, *, found: Proposal) -> ProposalRow:
    try:
        service.audit.note(caller, f"propose_{found.action}", about=found.about, result="waits")
    except JournalError as error:
        # What cannot be audited is not offered for a second word.
        service.proposals.take(found.token)
        raise _unaudited("nothing was proposed", error) from None
    return _shown(found)


async def _performed(
    service: Service, caller: Caller, *, action: str, work: Work, about: dict[str, Any]
) -> Performed:
    try:
        receipt = await submitted_work(service, replace(work, at_ns=None))
    except RefusedError as refused:
        await _noted(service, caller, action=action, about=about, result=refused.error)
        raise
    await _noted(service, caller, action=action, about=about, result=_result(receipt))
    rows = refused_rows(receipt, work, rules=service.case.rules)
    return Performed(action=action, journal_number=receipt.number, refused=rows)


async def _noted(
    service: Service, caller: Caller, *, action: str, about: dict[str, Any], result: str
) -> None:
    """Audit what was done, beside the loop: a database that is gone is waited for."""
    try:
        await run_in_threadpool(service.audit.note, caller, action, about=about, result=result)
    except JournalError as error:
        raise _unaudited(result, error) from None


def _unaudited(what: str, error: JournalError) -> RefusedError:
    message = f"{what}; but the audit trail could not be written: {error}"
    return RefusedError(503, "audit_unavailable", message=message)


def _result(receipt: Receipt) -> str:
    if receipt.refused:
        return f"refused: {receipt.refused[0][1]}"
    return f"done: entry {receipt.number}"
