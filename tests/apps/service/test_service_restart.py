"""Stopped, killed and started again: nothing acknowledged is lost, and the end is the same."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from trimtab.adapters.stores import open_store
from trimtab.apps import front
from trimtab.apps.service.feeds.replay import SOURCE
from trimtab.apps.service.opening import Place, opened, replayed
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.work import Work
from trimtab.model import Case
from trimtab.simulation import replay
from trimtab.simulation.feed import Feed


@cache
def crisis() -> Case:
    """The crash and the hours before it."""
    whole = front.demo_case()
    return replace(whole, ticks=whole.ticks[:84])


@cache
def undisturbed() -> str:
    return replay(crisis()).state_hash


def rows(first: int, last: int) -> list[Work]:
    """Price rows of the case as the replay feed sends them, numbered from 1."""
    found, gas = [], crisis().gas
    batches = Feed(crisis())
    for number in range(first, last):
        tick = crisis().ticks[number]
        cost = [one.cost_wad for one in gas if one.at_ns <= tick.at_ns]
        found.append(
            Work(
                tuple(batches.batch(number)),
                SOURCE,
                number + 1,
                at_ns=tick.at_ns,
                gas_wad=cost[-1] if cost else None,
            )
        )
    return found


def at(path: Path, options: Options) -> Service:
    return opened(crisis(), options, place=Place(journal=open_store(path)))


def group(service: Service, work: list[Work]) -> None:
    """Decide and commit without threads, in groups of seven."""
    for first in range(0, len(work), 7):
        service.writer.group(work[first : first + 7])


ACTS = Options(acts=True, snapshot_every=10**9)


@pytest.mark.parametrize("cut", [1, 63])
def test_a_killed_venue_goes_on_as_if_nothing_was(tmp_path: Path, cut: int) -> None:
    first = at(tmp_path / "a.db", ACTS)
    group(first, rows(0, cut))
    waiting = dict(first.writer.venue.house.waiting)
    # Killed: what lies on the disk is all there is.
    for file in tmp_path.glob("a.db*"):
        shutil.copy(file, tmp_path / file.name.replace("a.db", "b.db"))
    second = at(tmp_path / "b.db", ACTS)
    assert second.writer.venue.house.waiting == waiting
    # The feed sends again what may not have arrived: that changes nothing.
    group(second, rows(max(0, cut - 5), len(crisis().ticks)))
    assert second.writer.venue.store.state_hash() == undisturbed()
    assert second.writer.sources.states()[SOURCE].duplicates == min(cut, 5)
    for service in (first, second):
        service.journal.close()


def test_a_stopped_venue_starts_from_its_snapshot(tmp_path: Path) -> None:
    acting = Options(acts=True, snapshot_every=20)
    first = at(tmp_path / "a.db", acting)
    first.start()
    for work in rows(0, 62):
        assert first.queue.put(work)
    assert first.stop()
    second = at(tmp_path / "a.db", acting)
    taken = second.journal.latest_snapshot()
    assert taken is not None
    assert 0 < taken.tip.number <= second.journal.last().number
    group(second, rows(62, len(crisis().ticks)))
    assert second.writer.venue.store.state_hash() == undisturbed()
    second.journal.close()


def test_the_replay_feed_goes_on_where_it_stood(tmp_path: Path) -> None:
    place = Place(journal=open_store(tmp_path / "a.db"))
    first = opened(crisis(), ACTS, place=place)
    group(first, rows(0, 40))
    first.journal.close()
    place = Place(journal=open_store(tmp_path / "a.db"))
    second = replayed(crisis(), ACTS, speed=1e7, place=place)
    assert second.feeds[0].status() == "price row 40 of 84"
    assert second.clock.now_ns() >= crisis().ticks[39].at_ns
    second.journal.close()
