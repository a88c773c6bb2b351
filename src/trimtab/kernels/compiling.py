"""How a loop over columns becomes machine code: Numba, cached on disk, loaded at first use.

Modules whose names end in `_loops`, and `normal`, import this one and therefore Numba. They are
imported inside functions only, so that importing Trimtab costs nothing. Loops under
`compiled_if_possible` run in the interpreter where there is no Numba: right, and slowly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from trimtab.kernels.backends import has_numba

Function = TypeVar("Function", bound=Callable[..., Any])

# One flag of LLVM's fast math: a product and a sum may fuse into one instruction that rounds once
# instead of twice. Nothing is reordered, and NaN, infinity and signed zero keep their meaning.
FAST_MATH: Final = frozenset({"contract"})


def compiled(function: Function) -> Function:
    """Return the function compiled for the types of its first call, kept in the checked cache.

    Division by zero gives an infinity as NumPy's does (a branch would stop vectorization), and the
    interpreter's lock is released while it runs.
    """
    from trimtab.kernels.jit import checked

    return checked(function, fastmath=FAST_MATH)


def compiled_if_possible(function: Function) -> Function:
    """Return the function compiled where Numba is installed, and the function itself elsewhere.

    For loops that make no array: nobody counts who holds those of the caller, which would cost more
    than the work of a small function.
    """
    return _without_counting(function, inner=False)


def inlined_if_possible(function: Function) -> Function:
    """The same for a function that only other compiled ones call: they take it into themselves.

    Tests reach such a function where Numba is switched off (`NUMBA_DISABLE_JIT`).
    """
    return _without_counting(function, inner=True)


def _without_counting(function: Function, *, inner: bool) -> Function:
    if not has_numba():
        return function
    from trimtab.kernels.jit import checked

    return checked(function, fastmath=FAST_MATH, counted=False, inner=inner)
