"""Sorting in place, without memory of its own: by a key, and of equal keys by number."""

from __future__ import annotations

from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.compiling import inlined_if_possible


@inlined_if_possible
def sink(columns: tuple[Floats, Ints], heap: tuple[int, int]) -> None:
    """Restore the order of a heap below a place; `heap` is the place and the heap's size."""
    keys, items = columns
    at, size = heap
    key, item = keys[at], items[at]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        other = child + 1
        if other < size and (
            keys[other] > keys[child]
            or (keys[other] == keys[child] and items[other] > items[child])
        ):
            child = other
        if keys[child] < key or (keys[child] == key and items[child] <= item):
            break
        keys[at], items[at] = keys[child], items[child]
        at = child
    keys[at], items[at] = key, item


@inlined_if_possible
def sort_pairs(keys: Floats, items: Ints) -> None:
    """Sort keys with their items, ascending; items of equal keys ascend."""
    for at in range(keys.size // 2 - 1, -1, -1):
        sink((keys, items), (at, keys.size))
    for last in range(keys.size - 1, 0, -1):
        key, item = keys[0], items[0]
        keys[0], items[0] = keys[last], items[last]
        keys[last], items[last] = key, item
        sink((keys, items), (0, last))
