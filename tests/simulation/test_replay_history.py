"""Replays of what happened: the example cases, against the figures of their sources."""

from __future__ import annotations

import csv
import gzip
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.simulation.cases import run_of, same_run
from trimtab.adapters.files import load_case
from trimtab.model import Case, EventKind
from trimtab.simulation import ReplayRun, standing
from trimtab.units import WAD

pytestmark = pytest.mark.shared

CRASHES = ("steth-2021-05", "steth-2022-11")


def source(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / "accounts" / name, "rt") as handle:
        return list(csv.DictReader(handle))


@cache
def loaded(folder: Path) -> Case:
    return load_case(folder)


@cache
def replayed(folder: Path) -> ReplayRun:
    return run_of(loaded(folder))


def test_health_of_the_stakers_of_2023_is_the_sources(examples: Path) -> None:
    users = {user["user"]: user for user in source("aave_v2_steth_users.csv.gz")}
    found = standing(loaded(examples / "steth-2023-health"))
    assert {account.account for account in found.accounts} == set(users)
    for account in found.accounts:
        stated = float(users[account.account]["healthf"])
        assert account.health_wad is not None
        assert account.health_wad / WAD == pytest.approx(stated, rel=1e-9)


def test_totals_of_the_stakers_are_the_sources(examples: Path) -> None:
    users = source("aave_v2_steth_users.csv.gz")
    found = standing(loaded(examples / "steth-2023-health"))
    for name, total in (
        ("collateral", sum(account.collateral_wad for account in found.accounts)),
        ("debt", sum(account.debt_wad for account in found.accounts)),
    ):
        stated = sum(Decimal(user[name]) for user in users)
        assert total == pytest.approx(float(stated * WAD), rel=1e-12)


def test_exactly_the_sources_four_stakers_are_liquidatable(examples: Path) -> None:
    users = source("aave_v2_steth_users.csv.gz")
    below = {user["user"] for user in users if Decimal(user["healthf"]) < 1}
    found = standing(loaded(examples / "steth-2023-health"))
    assert len(below) == 4
    assert {a.account for a in found.accounts if a.liquidatable} == below


def test_every_account_of_compound_was_liquidatable(examples: Path) -> None:
    found = standing(loaded(examples / "compound-2020-08"))
    assert len(found.accounts) == 143
    assert all(account.liquidatable for account in found.accounts)


def test_what_does_not_pay_for_gas_on_compound_is_reported(examples: Path) -> None:
    run = replayed(examples / "compound-2020-08")
    gas = run.case.replay.gas_cost_wad
    bonuses = [t.event.value for t in run.events if t.event.kind is EventKind.BONUS]
    assert bonuses
    assert min(bonuses) > gas
    hit = {t.event.account for t in run.events if t.event.kind is EventKind.LIQUIDATE}
    lost = {t.event.account for t in run.events if t.event.kind is EventKind.LOSS}
    assert len(run.unwanted) > 70
    assert hit | lost | set(run.unwanted) >= {row.account for row in run.case.book if row.quantity}
    largest = max(run.unwanted.values())
    assert largest < 4 * WAD


@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_is_conserved_and_its_losses_are_paid(examples: Path, name: str) -> None:
    run = replayed(examples / name)
    assert run.conserved
    assert run.tally.bad_debt_wad == sum(run.tally.loss_wad.values())
    assert run.tally.liquidations > 300
    sums = dict.fromkeys(("liquidate", "seize", "bonus"), 0)
    for timed in run.events:
        if str(timed.event.kind) in sums:
            sums[str(timed.event.kind)] += timed.event.value
    tally = run.tally
    assert list(sums.values()) == [tally.repaid_wad, tally.seized_wad, tally.bonus_wad]


@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_replays_to_the_same_hash(examples: Path, name: str) -> None:
    same_run(run_of(loaded(examples / name)), replayed(examples / name))


@pytest.mark.parametrize("name", CRASHES)
def test_keepers_earned_more_than_their_gas(examples: Path, name: str) -> None:
    run = replayed(examples / name)
    gas = {tick.at_ns: tick.cost_wad for tick in run.case.gas}
    for timed in run.events:
        if timed.event.kind is EventKind.BONUS:
            costs = [cost for at_ns, cost in gas.items() if at_ns <= timed.at_ns]
            cost = costs[-1] if costs else run.case.replay.gas_cost_wad
            assert timed.event.value > cost


def test_the_crash_of_2021_left_bad_debt_and_that_of_2022_none(examples: Path) -> None:
    assert replayed(examples / "steth-2021-05").tally.bad_debt_wad > 100 * WAD
    assert replayed(examples / "steth-2022-11").tally.bad_debt_wad == 0
