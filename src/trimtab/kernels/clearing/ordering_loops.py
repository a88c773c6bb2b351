"""Sorting by a key, and of equal keys by name: into buckets first, and each bucket in place."""

from __future__ import annotations

from typing import Final, NamedTuple

from trimtab.kernels.border import Ints
from trimtab.kernels.compiling import inlined_if_possible

# Gaps of M. Ciura, "Best increments for the average case of Shellsort", FCT 2001, and 9/4 of the
# last one, rounded down, beyond them.
GAPS: Final = (
    *(510774, 227011, 100894, 44842, 19930, 8858, 3937, 1750),
    *(701, 301, 132, 57, 23, 10, 4, 1),
)
BUCKETS: Final = 2048
# Fewer than this are sorted in place at once.
FEW: Final = 24


class Pairs(NamedTuple):
    """Keys and their items, names by item, room for as many pairs again, and for buckets."""

    keys: Ints
    items: Ints
    names: Ints
    spare_keys: Ints
    spare_items: Ints
    begins: Ints


@inlined_if_possible
def insert(pairs: Pairs, move: tuple[int, int, int]) -> None:
    """Move a pair down to its place among those a gap apart; `move` is first place, place, gap."""
    keys, items, names = pairs.keys, pairs.items, pairs.names
    first, to, gap = move
    key, item = keys[to], items[to]
    while to - gap >= first:
        other = to - gap
        if keys[other] < key or (keys[other] == key and names[items[other]] <= names[item]):
            break
        keys[to], items[to] = keys[other], items[other]
        to = other
    keys[to], items[to] = key, item


@inlined_if_possible
def sort_range(pairs: Pairs, edges: tuple[int, int]) -> None:
    """Sort the pairs from a place up to another, by Shell's method."""
    first, last = edges
    for gap in GAPS:
        for at in range(first + gap, last):
            insert(pairs, (first, at, gap))


@inlined_if_possible
def sort_pairs(pairs: Pairs, count: int) -> None:
    """Sort the first pairs, ascending; of equal keys the item with the lower name comes first."""
    keys, items, begins = pairs.keys, pairs.items, pairs.begins
    if count < FEW:
        sort_range(pairs, (0, count))
        return
    least, most = keys[0], keys[0]
    for at in range(count):
        least, most = min(least, keys[at]), max(most, keys[at])
    shift, used = 0, min(BUCKETS, 2 * count)
    while (most - least) >> shift >= used:
        shift += 1
    for bucket in range(used + 1):
        begins[bucket] = 0
    for at in range(count):
        begins[((keys[at] - least) >> shift) + 1] += 1
    for bucket in range(used):
        begins[bucket + 1] += begins[bucket]
    for at in range(count):
        bucket = (keys[at] - least) >> shift
        to = begins[bucket]
        begins[bucket] = to + 1
        pairs.spare_keys[to], pairs.spare_items[to] = keys[at], items[at]
    for at in range(count):
        keys[at], items[at] = pairs.spare_keys[at], pairs.spare_items[at]
    first = 0
    for bucket in range(used):
        last = begins[bucket]
        if last - first > 1:
            sort_range(pairs, (first, last))
        first = last
