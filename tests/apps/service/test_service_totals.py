"""What readers are shown in sum: totals of exact answers, deltas over snapshots, lines of logs."""

import json
from typing import Any

import numpy as np
import pytest

from tests.apps.service.services import Taken, quiet
from tests.apps.service.test_service_stream import move
from trimtab.apps.service import hub as stream
from trimtab.apps.service.account_views import explained
from trimtab.apps.service.figures import Book, book, histogram, owners, text
from trimtab.apps.service.logs import LEVELS, start_logs
from trimtab.apps.service.running import Service
from trimtab.apps.service.views import overview
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.units import WAD, UsageError


@pytest.fixture(scope="module")
def fallen() -> Service:
    """The crash's book after a fall that makes accounts unsafe."""
    service = quiet()
    move(service, 150)
    return service


def test_totals_are_the_sums_of_what_accounts_are_told(fallen: Service) -> None:
    with fallen.board.reading() as reading:
        shown = overview(reading, acting=False)
        told = [explained(reading, key) for key in book(reading).keys]
    sums = {
        "collateral": sum(one.collateral_wad for one in told),
        "debt": sum(one.debt_wad for one in told),
        "equity": sum(one.equity_wad for one in told),
        "shortfall": sum(max(0, -one.equity_wad) for one in told),
    }
    for name, exact in sums.items():
        # The engine rounds each debt up to a whole unit of its asset: a millionth, or less.
        assert float(shown[name]) == pytest.approx(exact / WAD, rel=0, abs=len(told) * 1e-6), name
    assert shown["accounts"] == len(told) == 408
    assert shown["accounts_with_debt"] == sum(one.debt_wad > 0 for one in told)
    assert sums["debt"] > 10**7 * WAD


def test_each_row_is_the_exact_answer_of_its_account(fallen: Service) -> None:
    with fallen.board.reading() as reading:
        figures = book(reading)
        told = [explained(reading, key) for key in figures.keys]
    healths = [np.inf if one.health_wad is None else one.health_wad / WAD for one in told]
    levers = [np.inf if one.leverage_wad is None else one.leverage_wad / WAD for one in told]
    # A debt is rounded up to a whole unit: a millionth of the quote, whatever its size.
    near = 2e-6 / float(figures.debt[figures.debt > 0].min())
    assert near < 1e-7
    np.testing.assert_allclose(figures.health, healths, rtol=near)
    np.testing.assert_allclose(figures.leverage, levers, rtol=1e-6)
    debts = [one.debt_wad / WAD for one in told]
    np.testing.assert_allclose(figures.debt, debts, rtol=0, atol=2e-6)
    apart = figures.collateral - figures.debt - figures.equity
    np.testing.assert_allclose(apart, 0, atol=1e-6)


def test_every_position_has_one_owner(fallen: Service) -> None:
    with fallen.board.reading() as reading:
        owner, at = owners(reading)
        rows = reading.columns.book
    assert owner.size == at.size == int(rows.count.sum())
    assert len(set(at.tolist())) == at.size
    assert np.bincount(owner, minlength=rows.accounts).tolist() == rows.count.tolist()


def test_the_buckets_of_health_hold_every_debtor_once(fallen: Service) -> None:
    with fallen.board.reading() as reading:
        figures = book(reading)
    rows: list[dict[str, Any]] = histogram(figures)
    assert sum(row["accounts"] for row in rows) == int((figures.debt > 0).sum())
    owed = sum(float(row["debt"]) for row in rows)
    assert owed == pytest.approx(float(figures.debt.sum()), rel=1e-9)
    assert [row["health_to"] for row in rows[:-1]] == [row["health_from"] for row in rows[1:]]
    assert rows[-1]["health_to"] is None
    risky = float(figures.debt[figures.health < 1.1].sum())
    assert 0 < risky == pytest.approx(float(figures.at_risk.sum()))


def test_an_edge_belongs_to_the_bucket_above_it() -> None:
    two = np.array([1.0, 1.0])
    figures = Book(["a", "b"], two, two, two, np.array([1.0, np.nextafter(1.0, 0)]), two, two)
    full = [row["health_from"] for row in histogram(figures) if row["accounts"]]
    assert len(full) == 2
    assert full[-1] == text(1.0)


def test_a_delta_over_any_older_snapshot_gives_the_newer() -> None:
    service, taken = quiet(), Taken()
    service.hub.begin(taken)
    shots, deltas = [taken.frames[0]], []
    for price in (190, 190, 150, 160):
        service.hub.begin(taken)
        move(service, price)
        deltas.append(taken.frames[-1])
        service.hub.begin(taken)
        shots.append(taken.frames[-1])
    for begun in range(len(shots)):
        state = shots[begun]["overview"], shots[begun]["worst"]
        for delta, newer in zip(deltas[begun:], shots[begun + 1 :], strict=True):
            state = state[0] | delta["overview"], delta.get("worst", state[1])
            assert state == (newer["overview"], newer["worst"])
            assert delta["version"] == newer["version"]
    assert deltas[1]["overview"].keys() <= {"as_of", "version", "journal_number"}, "same prices"
    assert "worst" not in deltas[1]


def test_frames_are_made_for_whoever_reads() -> None:
    service, gone, kept = quiet(), Taken(), Taken()
    move(service, 195)
    assert service.hub.frames == 0, "nobody reads"
    service.hub.begin(gone)
    service.hub.begin(kept)
    service.hub.end(gone)
    move(service, 190)
    assert [frame["type"] for frame in gone.frames] == ["snapshot"]
    assert [frame["type"] for frame in kept.frames] == ["snapshot", "delta"]
    service.hub.end(kept)
    move(service, 185)
    assert (len(kept.frames), service.hub.frames) == (2, 3)


def test_events_beyond_a_frame_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "EVENTS_PER_FRAME", 2)
    service, taken = quiet(), Taken()
    service.hub.begin(taken)
    before = service.board.heard
    deposits = tuple(c.Deposit(0, f"n{n}", "ETH", WAD) for n in range(5))
    service.writer.group([Work(deposits, "desk", decide=False)])
    move(service, 195)
    delta = taken.frames[-1]
    numbers = [one["number"] for one in delta["events"]]
    assert numbers == [service.board.heard - 1, service.board.heard]
    assert delta["events_skipped"] + len(numbers) == service.board.heard - before >= 5


@pytest.mark.parametrize("level", LEVELS)
def test_a_log_begins_at_its_level_and_a_line_is_one_object(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = start_logs(level)
    for name in LEVELS:
        getattr(log, name)(f"said_{name}", {"text": 'two\nlines "quoted"', "count": 3})
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.err.splitlines()]
    assert said.out == ""
    assert [row["level"] for row in rows] == list(LEVELS[LEVELS.index(level) :])
    assert [row["event"] for row in rows] == [f"said_{row['level']}" for row in rows]
    assert {(row["text"], row["count"]) for row in rows} == {('two\nlines "quoted"', 3)}
    assert all(row["timestamp"].endswith("Z") for row in rows)


@pytest.mark.parametrize("level", ["", "INFO", "critical", "notset", "loud"])
def test_levels_that_are_none_are_refused(level: str) -> None:
    with pytest.raises(UsageError, match="expected one of debug, info, warning, error"):
        start_logs(level)
