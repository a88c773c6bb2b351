"""What the losses of a replay hang on, and who is not in the picture of liquidation prices."""

from __future__ import annotations

from functools import cache

import trimtab
from tests.apps.test_health_report import words_of
from tests.apps.test_report import small_case
from trimtab.apps.report import replay_report
from trimtab.apps.report.ends import ends_of
from trimtab.apps.report.figures import heat_of, pictures
from trimtab.apps.report.left_out import left_out_words
from trimtab.apps.report.loss_prices import LossPair, loss_pair, loss_words
from trimtab.apps.report.shown import plain_text
from trimtab.model import EventKind
from trimtab.simulation import ReplayRun, replay, standing
from trimtab.units import WAD

# Two accounts of 10 ether against dollars, through a fall that leaves debts uncovered.
CRASH = small_case([("ann", 10, 1500), ("bob", 10, 400)], [200, 100, 60])


@cache
def demo() -> ReplayRun:
    return trimtab.replay(trimtab.demo_case()).run


def demo_pair() -> LossPair:
    pair = loss_pair(demo())
    assert pair is not None
    return pair


def test_the_losses_of_the_demo_hang_on_staked_ether_in_ether() -> None:
    """Every loss there is of a `staker`; in dollars both assets fall, in ether one does."""
    pair = demo_pair()
    losses = [t.event for t in demo().events if t.event.kind is EventKind.LOSS]
    assert all(event.account.startswith("staker-") for event in losses)
    assert (pair.held, pair.owed) == ("STETH", "ETH")
    assert pair.value_wad == sum(event.value for event in losses) == demo().tally.bad_debt_wad
    assert pair.accounts == len({event.account for event in losses})
    columns = demo().metrics.columns
    for step in (0, 100, -1):
        ratio = columns["price_STETH"][step] / columns["price_ETH"][step]
        assert pair.prices[step] == ratio
    assert -0.21 < pair.path.fall < -0.19
    told = plain_text(loss_words(demo(), pair))
    assert told.startswith("All of it, 256,321 USD, was left by 16 accounts that held STETH and ")
    assert told.endswith("owed ETH: in ETH, STETH fell by 20.3 %.")


def test_the_losses_of_the_pair_sit_at_their_steps() -> None:
    pair = demo_pair()
    assert abs(pair.lost[-1] - demo().tally.bad_debt_wad / WAD) < 1e-6
    whole = demo().metrics.columns["bad_debt_value"]
    assert all(abs(own - all_) < 1e-6 for own, all_ in zip(pair.lost, whole, strict=True))


def test_the_picture_draws_that_price_and_says_so_in_words() -> None:
    page = replay_report(demo(), command="")
    told = words_of(page)
    assert "The losses hang on another price, drawn below it: STETH in ETH" in told
    assert "All of it, 256,321 USD, was left by 16 accounts" in told
    picture = pictures(demo(), grid=None, pair=demo_pair())["price"]
    assert "STETH price in ETH" in picture.alt.replace("\u00a0", " ")
    assert "STETH price in ETH" in picture.wide
    assert "STETH price in ETH" in picture.narrow
    without = pictures(demo(), grid=None)["price"]
    assert "STETH" not in without.wide


def test_a_loss_of_the_main_asset_is_in_the_first_picture_already() -> None:
    run = replay(CRASH)
    assert run.tally.bad_debt_wad > 0
    assert loss_pair(run) is None
    assert "hang on another price" not in replay_report(run, command="")


def test_without_losses_there_is_no_pair() -> None:
    assert loss_pair(replay(small_case([("ann", 10, 100)], [200, 190]))) is None
    assert loss_words(demo(), None) == []


def test_who_is_left_out_of_the_picture_is_counted_by_reason() -> None:
    """Those a rise of ether liquidates are found by the engine, one by one."""
    run = demo()
    grid = heat_of(run)
    assert grid is not None
    told = plain_text(left_out_words(run, ends_of(run), grid=grid))
    rising = [
        one
        for one in standing(run.case).accounts
        if one.debt_wad and one.liquidation_side.get("ETH") == "above"
    ]
    nearest = min(one.liquidation_price_wad["ETH"] for one in rising)
    assert len(rising) == 16
    assert f"nearest above {nearest / WAD:.2f} USD" in told
    debt = sum(one.debt_wad for one in rising) / 10**24
    assert f"16 ({debt:.2f} million USD) are liquidated when ETH rises" in told
    sample = run.metrics.samples[0]
    drawn = (sample.liquidation_price >= grid.low) & (sample.liquidation_price <= grid.high)
    missing = int(((sample.debt > 0) & ~drawn).sum())
    assert told.startswith(f"Left out, after the first step, are {missing} accounts with ")
    assert told in words_of(replay_report(run, command=""))


def test_where_everybody_is_in_the_picture_nothing_is_said() -> None:
    run = replay(CRASH)
    grid = heat_of(run)
    assert grid is not None
    assert left_out_words(run, ends_of(run), grid=grid) == []
    assert "Left out" not in replay_report(run, command="")
