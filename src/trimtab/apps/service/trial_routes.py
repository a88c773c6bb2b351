"""Questions that change nothing: what-if, pre-trade check, dry run of rules."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from trimtab.apps.service import account_schemas as accounts
from trimtab.apps.service.account_views import document
from trimtab.apps.service.actions import NAME_MAX, Action, Decimal, Request, command_of, wad
from trimtab.apps.service.board import Reading
from trimtab.apps.service.reading_routes import Of, require_account
from trimtab.apps.service.rules_views import DryRun, RulesRequest, rule_changes, rules_dry_run
from trimtab.apps.service.security import Role, needs
from trimtab.apps.service.trials import WhatIf, outcome_view, tried, what_if
from trimtab.apps.service.views import when
from trimtab.engine import explain
from trimtab.model import Command
from trimtab.simulation.price_shock import Shock

ACTIONS_MAX = 50
ACCOUNTS_MAX = 50
routes = APIRouter(prefix="/v1", dependencies=[Depends(needs(Role.READ))], tags=["questions"])
AccountKey = Annotated[str, Field(min_length=1, max_length=2 * NAME_MAX)]


class WhatIfRequest(Request):
    """Prices as they would be, and actions that are intended.

    factors: by asset, the price over the price now ("0.8" is a fall of 20 %). prices: by asset, a
    price in quote per whole unit; it wins over a factor. all: the factor of every other asset but
    the quote. Mark prices of markets move with their asset. actions: tried in order, at the moved
    prices. accounts: keys to show before and after.
    """

    factors: Annotated[dict[str, Decimal], Field(max_length=500)] = Field(default_factory=dict)
    prices: Annotated[dict[str, Decimal], Field(max_length=500)] = Field(default_factory=dict)
    all: Decimal = "1"
    actions: Annotated[list[Action], Field(max_length=ACTIONS_MAX)] = Field(default_factory=list)
    accounts: Annotated[list[AccountKey], Field(max_length=ACCOUNTS_MAX)] = Field(
        default_factory=list
    )
    limit: Annotated[int, Field(ge=0, le=500)] = 50


class PreTradeRequest(Request):
    """An action that somebody intends, at the prices of now."""

    action: Action


@routes.post("/what-if")
def ask_what_if(service: Of, asked: WhatIfRequest) -> accounts.WhatIfAnswer:
    """Move prices and try actions: health before and after, and who would be liquidatable."""
    shock = Shock(
        factors_wad={name: wad(text, name) for name, text in asked.factors.items()},
        prices_wad={name: wad(text, name) for name, text in asked.prices.items()},
        all_wad=wad(asked.all, "all"),
    )
    with service.board.reading() as reading:
        for key in asked.accounts:
            require_account(service, key)
        question = WhatIf(
            shock,
            commands=_commands(asked.actions, reading),
            accounts=tuple(asked.accounts),
            limit=asked.limit,
        )
        return accounts.WhatIfAnswer(**what_if(reading, question))


def _commands(actions: Sequence[Action], reading: Reading) -> tuple[Command, ...]:
    rules, at_ns = reading.draft.rules, reading.at_ns
    return tuple(command_of(action, rules, at_ns=at_ns) for action in actions)


@routes.post("/pre-trade")
def ask_pre_trade(service: Of, asked: PreTradeRequest) -> accounts.PreTradeAnswer:
    """Whether the venue would accept an action now, and how the account would stand after it."""
    with service.board.reading() as reading:
        rules = reading.draft.rules
        commands = _commands([asked.action], reading)
        trial = tried(reading, Shock(), commands=commands)
        key = asked.action.account
        before = explain(reading.draft.account(key), reading.draft)
        after = explain(trial.draft.account(key), trial.draft)
        return accounts.PreTradeAnswer(
            as_of=when(reading.at_ns),
            quote=rules.quote,
            result=accounts.Tried(**outcome_view(trial.outcomes[0], commands[0], rules=rules)),
            before=accounts.Explained(**document(before, rules)),
            after=accounts.Explained(**document(after, rules)),
        )


@routes.post("/rules/dry-run", tags=["rules"])
def ask_dry_run(service: Of, asked: RulesRequest) -> DryRun:
    """Who would be unsafe under changed rules at today's prices, ramps over; nothing changes."""
    with service.board.reading() as reading:
        changes = rule_changes(asked, reading.draft.rules)
        return DryRun(**rules_dry_run(reading, changes, reason=asked.reason))
