"""Sums of many rows at once, with the coefficients looked up in registers instead of in memory.

A book has few terms. Their float32 coefficients fit into 2, 4, 8 or 16 registers of 512 bits, and
one instruction (AVX-512 `vpermi2ps`) picks sixteen values out of two of them: a fifth of what
sixteen loads cost. Compilers do not find this, so it is written down for LLVM here. On processors
without it `can_permute` says no, and the plain loops of `compiled_scan` do the same.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

LANES: Final = 16
# Coefficients that one permutation picks from.
PICKED: Final = 2 * LANES

_PERMUTE: Final = "llvm.x86.avx512.vpermi2var.ps.512"
_BYTE: Final = ir.IntType(8)
_LONG: Final = ir.IntType(64)
_MASK: Final = ir.IntType(LANES)
_FLOATS: Final = ir.VectorType(ir.FloatType(), LANES)
_INTS: Final = ir.VectorType(ir.IntType(32), LANES)
_BYTES: Final = ir.VectorType(_BYTE, LANES)


@cache
def can_permute() -> bool:
    """Whether the processor that Numba compiles for has the instruction."""
    features: str = cpu_target.target_context.codegen().magic_tuple()[2]
    return "+avx512f" in features.split(",")


def table_size(terms: int) -> int:
    """The length to which coefficients are filled up: 32, 64, 128 or 256."""
    size = PICKED
    while size < terms:
        size *= 2
    return size


def next_failing_of(pairs: int) -> Any:
    """A function, for compiled code alone, that finds sixteen rows of which any sum is not >= 0.

    Its one argument: quantity (float32) and term (uint8), slots by rows, each slot in one piece;
    the table of coefficients (float32); what every sum begins with (float32); the rows to look at,
    from and up to. Fewer than sixteen left over are not looked at.

    It returns the first of the next such rows and a mask of those that fail, lowest bit first; a
    mask of 0 comes with the first row that was not looked at.

    Arguments:
        pairs: a thirty-second of the table's length: 1, 2, 4 or 8.
    """

    def typed(_: Any, given: Any) -> Any:
        pair = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]

        def build(*told: Any) -> Any:
            context, builder, signature, (values,) = told
            parts = [builder.extract_value(values, number) for number in range(6)]
            kinds = signature.args[0].types
            arrays = [
                context.make_array(kind)(context, builder, part)
                for kind, part in zip(kinds[:3], parts[:3], strict=True)
            ]
            return _search(builder, arrays, rows=parts[3:], pairs=pairs)

        return pair(given), build

    return intrinsic(typed)


def _search(builder: Any, columns: Any, *, rows: Any, pairs: int) -> Any:
    """Blocks of sixteen rows, one after another, up to the first that fails."""
    start, begin, end = rows
    first = _spread(builder, start)
    tables = [
        _loaded(builder, (columns[2].data, _LONG(64 * k)), kind=_FLOATS) for k in range(2 * pairs)
    ]
    entry = builder.block
    blocks, look, done = (builder.append_basic_block(name) for name in ("rows", "look", "done"))
    builder.branch(blocks)
    builder.position_at_end(blocks)
    row = builder.phi(_LONG)
    row.add_incoming(begin, entry)
    after = builder.add(row, _LONG(LANES))
    builder.cbranch(builder.icmp_signed("<=", after, end), look, done)
    builder.position_at_end(look)
    total = _summed(builder, columns[:2], row=row, first=first, tables=tables)
    failing = builder.fcmp_unordered("<", total, ir.Constant(_FLOATS, [0.0] * LANES))
    mask = builder.bitcast(failing, _MASK)
    row.add_incoming(after, builder.block)
    seen = builder.block
    builder.cbranch(builder.icmp_signed("==", mask, _MASK(0)), blocks, done)
    builder.position_at_end(done)
    found = builder.phi(_MASK)
    found.add_incoming(_MASK(0), blocks)
    found.add_incoming(mask, seen)
    pair = [row, builder.zext(found, _LONG)]
    return cgutils.pack_array(builder, pair)  # type: ignore[no-untyped-call]


def _summed(builder: Any, columns: Any, *, row: Any, first: Any, tables: Any) -> Any:
    """Sixteen sums over all slots; leaves the builder behind the loop over them."""
    quantity, term = columns
    slots = builder.extract_value(quantity.shape, 0)
    widths = [builder.extract_value(column.strides, 0) for column in columns]
    entry, loop = builder.block, builder.append_basic_block("slots")
    behind = builder.append_basic_block("summed")
    begins = [builder.mul(row, _LONG(4)), row]
    builder.branch(loop)
    builder.position_at_end(loop)
    slot, total = builder.phi(_LONG), builder.phi(_FLOATS)
    offsets = [builder.phi(_LONG) for _ in columns]
    units = _loaded(builder, (quantity.data, offsets[0]), kind=_FLOATS)
    ids = builder.zext(_loaded(builder, (term.data, offsets[1]), kind=_BYTES), _INTS)
    value = builder.fmul(units, _picked(builder, tables, ids=ids), flags=("contract",))
    added = builder.fadd(total, value, flags=("contract",))
    following = builder.add(slot, _LONG(1))
    moved = [builder.add(at, width) for at, width in zip(offsets, widths, strict=True)]
    for phi, begin, step in zip(
        (slot, total, *offsets), (_LONG(0), first, *begins), (following, added, *moved), strict=True
    ):
        phi.add_incoming(begin, entry)
        phi.add_incoming(step, loop)
    builder.cbranch(builder.icmp_signed("<", following, slots), loop, behind)
    builder.position_at_end(behind)
    return added


def _picked(builder: Any, tables: Any, *, ids: Any) -> Any:
    """The coefficients of sixteen ids: by their low five bits, then by one bit more at a time."""
    kind = ir.FunctionType(_FLOATS, [_FLOATS, _INTS, _FLOATS])
    permute = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module, kind, _PERMUTE
    )
    pairs = zip(tables[::2], tables[1::2], strict=True)
    found = [builder.call(permute, [low, ids, high]) for low, high in pairs]
    bit = PICKED
    while len(found) > 1:
        on = builder.and_(ids, ir.Constant(_INTS, [bit] * LANES))
        set_ = builder.icmp_signed("!=", on, ir.Constant(_INTS, [0] * LANES))
        halves = zip(found[::2], found[1::2], strict=True)
        found = [builder.select(set_, high, low) for low, high in halves]
        bit *= 2
    return found[0]


def _loaded(builder: Any, at: tuple[Any, Any], *, kind: Any) -> Any:
    """A vector at (data, offset in bytes), aligned to its elements."""
    data, offset = at
    place = builder.gep(builder.bitcast(data, _BYTE.as_pointer()), [offset])
    value = builder.load(builder.bitcast(place, kind.as_pointer()))
    value.align = 1 if kind is _BYTES else 4
    return value


def _spread(builder: Any, value: Any) -> Any:
    """One value in all lanes."""
    nothing = ir.Constant(_FLOATS, ir.Undefined)
    alone = builder.insert_element(nothing, value, ir.IntType(32)(0))
    return builder.shuffle_vector(alone, nothing, ir.Constant(_INTS, [0] * LANES))
