"""Who is cut: sums to the unit, the least highest leverage, no gain from splitting, hedges kept."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.engine.perps.policies import (
    Candidate,
    cuts,
    in_order,
    leverage_score,
    leverage_wad,
    pro_rata,
    queue_score,
    ranked,
    rounded,
    water_fill,
)
from trimtab.model import AdlPolicy
from trimtab.units import WAD

CUTTING = [policy for policy in AdlPolicy if policy is not AdlPolicy.NONE]
EXACT = 10**54


def candidate(key: str, size: int, equity: int, *, naked: int | None = None, pnl: int = 0):
    """A holder at a price of one: its notional is its size."""
    naked = size if naked is None else naked
    return Candidate(key, size, naked, equity * EXACT, pnl * EXACT, size * EXACT)


holders = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(-100, 10**6), st.integers(-(10**5), 10**5)),
    min_size=1,
    max_size=9,
)


def listed(drawn, *, hedged: bool = False) -> list[Candidate]:
    return [
        candidate(f"k{place}", size, equity, pnl=pnl, naked=size // 3 if hedged else None)
        for place, (size, equity, pnl) in enumerate(drawn)
    ]


@given(drawn=holders, share=st.integers(0, 1000), policy=st.sampled_from(CUTTING))
def test_the_cuts_sum_to_the_quantity_and_stay_within_each_size(drawn, share, policy):
    found = listed(drawn)
    quantity = sum(c.size for c in found) * share // 1000
    cut = cuts(found, quantity, policy=policy)
    assert sum(cut.values()) == quantity
    assert all(0 <= cut[c.key] <= c.size for c in found)


@given(drawn=holders, share=st.integers(0, 1000), policy=st.sampled_from(CUTTING))
def test_what_hedges_is_cut_only_after_all_that_does_not(drawn, share, policy):
    """A hedged book is left one-legged only where nothing naked is left anywhere."""
    found = listed(drawn, hedged=True)
    quantity = sum(c.size for c in found) * share // 1000
    cut = cuts(found, quantity, policy=policy)
    assert sum(cut.values()) == quantity
    if quantity <= sum(c.naked for c in found):
        assert all(cut[c.key] <= c.naked for c in found)
    else:
        assert all(cut[c.key] >= c.naked for c in found)


@given(drawn=holders, share=st.integers(0, 1000), policy=st.sampled_from(CUTTING))
def test_the_order_of_the_list_decides_nothing(drawn, share, policy):
    found = listed(drawn)
    quantity = sum(c.size for c in found) * share // 1000
    there = cuts(found, quantity, policy=policy)
    assert cuts(found[::-1], quantity, policy=policy) == there


def test_more_than_all_hold_is_no_quantity():
    with pytest.raises(AssertionError, match="reach the quantity"):
        cuts([candidate("a", 5, 1)], 6, policy=AdlPolicy.QUEUE)


# Water-filling


def test_water_filling_by_hand():
    """Leverages 10, 4 and 1; 7 units: the first goes to 4, then both share to 3.6."""
    room, equity = {"a": 10, "b": 8, "c": 5}, {"a": 1, "b": 2, "c": 5}
    # L = (18 - 7) / 3: cuts 10 - 11/3 and 8 - 22/3, floored 6 and 0, the last to the largest rest.
    assert water_fill(room, equity, quantity=7) == {"a": 6, "b": 1, "c": 0}
    assert water_fill(room, equity, quantity=6) == {"a": 6, "b": 0, "c": 0}
    assert water_fill(room, equity, quantity=23) == room
    assert water_fill(room, equity, quantity=0) == {"a": 0, "b": 0, "c": 0}


def test_accounts_without_equity_go_first_in_proportion_to_size():
    room = {"a": 30, "b": 10, "c": 100}
    equity = {"a": 0, "b": -5, "c": 1000}
    assert water_fill(room, equity, quantity=20) == {"a": 15, "b": 5, "c": 0}
    assert water_fill(room, equity, quantity=45) == {"a": 30, "b": 10, "c": 5}


solvent = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 40)), min_size=1, max_size=4)


def highest(room, equity, cut) -> Fraction:
    return max(Fraction(room[key] - cut[key], equity[key]) for key in room)


def every_cut(sizes: list[int], quantity: int):
    """All ways to cut a quantity from some sizes."""
    if len(sizes) == 1:
        if quantity <= sizes[0]:
            yield [quantity]
        return
    for first in range(min(sizes[0], quantity) + 1):
        for rest in every_cut(sizes[1:], quantity - first):
            yield [first, *rest]


@given(
    drawn=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9)), min_size=1, max_size=3),
    share=st.integers(0, 100),
)
def test_no_other_cut_has_a_lower_highest_leverage(drawn, share):
    """Brute force over every cut: within one unit of the account that is highest after it."""
    room = {f"k{n}": size for n, (size, _) in enumerate(drawn)}
    equity = {f"k{n}": worth for n, (_, worth) in enumerate(drawn)}
    quantity = sum(room.values()) * share // 100
    cut = water_fill(room, equity, quantity=quantity)
    best = min(
        max(Fraction(size - gone, worth) for (size, worth), gone in zip(drawn, way, strict=True))
        for way in every_cut([size for size, _ in drawn], quantity)
    )
    slack = Fraction(1, min(equity.values()))
    assert best <= highest(room, equity, cut) <= best + slack


@given(drawn=solvent, share=st.integers(1, 999))
def test_all_who_are_cut_end_at_one_level_and_nobody_else_is_above_it(drawn, share):
    room = {f"k{n}": size * 10**6 for n, (size, _) in enumerate(drawn)}
    equity = {f"k{n}": worth for n, (_, worth) in enumerate(drawn)}
    quantity = sum(room.values()) * share // 1000
    cut = water_fill(room, equity, quantity=quantity)
    after = {key: Fraction(room[key] - cut[key], equity[key]) for key in room}
    levels = [after[key] for key in room if cut[key]]
    assume(levels)
    assert max(levels) - min(levels) <= Fraction(2, min(equity.values()))
    spared = [after[key] for key in room if not cut[key]]
    assert all(level <= min(levels) + Fraction(2, min(equity.values())) for level in spared)


@given(drawn=solvent, share=st.integers(0, 1000), parts=st.integers(2, 5))
def test_an_account_split_in_proportion_is_cut_by_the_same(drawn, share, parts):
    room = {f"k{n}": size * parts for n, (size, _) in enumerate(drawn)}
    equity = {f"k{n}": worth * parts for n, (_, worth) in enumerate(drawn)}
    quantity = sum(room.values()) * share // 1000
    whole = water_fill(room, equity, quantity=quantity)
    split_room = {key: size for key, size in room.items() if key != "k0"}
    split_equity = {key: worth for key, worth in equity.items() if key != "k0"}
    for part in range(parts):
        split_room[f"k0/{part}"] = room["k0"] // parts
        split_equity[f"k0/{part}"] = equity["k0"] // parts
    split = water_fill(split_room, split_equity, quantity=quantity)
    total = sum(cut for key, cut in split.items() if key.startswith("k0/"))
    # Each account's share is rounded by less than one lot, the whole one and each part.
    assert abs(total - whole["k0"]) <= parts


@given(drawn=solvent, first=st.integers(0, 500), second=st.integers(0, 500))
def test_two_steps_at_the_mark_are_one_step_but_for_lots(drawn, first, second):
    """At the mark price equities stay, so that a second cut goes on where the first ended."""
    room = {f"k{n}": size * 1000 for n, (size, _) in enumerate(drawn)}
    equity = {f"k{n}": worth for n, (_, worth) in enumerate(drawn)}
    total = sum(room.values())
    a, b = total * first // 1000, total * second // 1000
    once = water_fill(room, equity, quantity=a + b)
    one = water_fill(room, equity, quantity=a)
    left = {key: room[key] - one[key] for key in room}
    two = water_fill(left, equity, quantity=b)
    # A lot that the first step rounded may stand between two equal levels.
    lots = len(room) * max(equity.values())
    assert all(abs(one[key] + two[key] - once[key]) <= lots for key in room)


# Queue and pro rata


def test_pro_rata_rounds_by_largest_remainder_and_breaks_ties_by_key():
    assert pro_rata({"a": 1, "b": 1, "c": 1}, 2) == {"a": 1, "b": 1, "c": 0}
    assert pro_rata({"a": 5, "b": 3, "c": 2}, 5) == {"a": 3, "b": 1, "c": 1}
    assert pro_rata({}, 0) == {}


@given(sizes=st.lists(st.integers(1, 10**9), min_size=1, max_size=8), share=st.integers(0, 1000))
def test_pro_rata_is_within_a_unit_of_the_exact_share(sizes, share):
    room = {f"k{n}": size for n, size in enumerate(sizes)}
    quantity = sum(sizes) * share // 1000
    for key, cut in pro_rata(room, quantity).items():
        assert abs(cut - Fraction(room[key] * quantity, sum(sizes))) < 1


@given(
    owed=st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 10**6)),
    den=st.integers(1, 1000),
)
def test_fractions_round_to_their_own_sum(owed, den):
    room = dict.fromkeys(owed, 10**7)
    found = rounded(owed, den, room=room)
    assert sum(found.values()) == sum(owed.values()) // den
    assert all(0 <= found[key] - owed[key] // den <= 1 for key in owed)


def test_the_queue_cuts_each_in_full_before_the_next():
    assert in_order(["b", "a", "c"], {"a": 5, "b": 3, "c": 9}, quantity=6) == {
        "b": 3,
        "a": 3,
        "c": 0,
    }


def test_the_queue_goes_by_profit_times_leverage():
    """pnl / equity for gains, pnl x equity / notional^2 for losses: the reported scores."""
    rich = candidate("rich", 100, 100, pnl=50)
    lean = candidate("lean", 100, 10, pnl=40)
    behind = candidate("behind", 100, 10, pnl=-5)
    worse = candidate("worse", 100, 10, pnl=-9)
    broke = candidate("broke", 100, 0, pnl=-90)
    order = [c.key for c in ranked([rich, lean, behind, worse, broke], policy=AdlPolicy.QUEUE)]
    assert order == ["broke", "lean", "rich", "behind", "worse"]
    assert queue_score(rich) == (1 << 320) // 2
    assert queue_score(behind) == (-5 * 10 << 320) // 100**2


def test_water_filling_ranks_by_leverage_alone():
    low, high = candidate("low", 100, 100, pnl=90), candidate("high", 100, 10, pnl=-90)
    assert [c.key for c in ranked([low, high], policy=AdlPolicy.WATER_FILL)] == ["high", "low"]
    assert leverage_score(high) == 10 << 320
    assert leverage_wad(high) == 10 * WAD
    assert leverage_wad(candidate("none", 5, 0)) is None


@given(
    pnl=st.integers(-(10**6), 10**6),
    equity=st.integers(1, 10**6),
    more=st.integers(1, 10**6),
)
def test_more_profit_never_lowers_the_score(pnl, equity, more):
    one = candidate("a", 1000, equity, pnl=pnl)
    assert queue_score(replace(one, pnl=one.pnl + more * EXACT)) > queue_score(one)


@given(drawn=holders, share=st.integers(0, 1000))
def test_the_queue_leaves_a_part_to_one_account_only(drawn, share):
    found = listed(drawn)
    quantity = sum(c.size for c in found) * share // 1000
    cut = cuts(found, quantity, policy=AdlPolicy.QUEUE)
    parts = [c.key for c in found if 0 < cut[c.key] < c.size]
    assert len(parts) <= 1
