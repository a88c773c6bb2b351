"""How kernels are compiled: Numba without the interpreter's lock, a disk cache that checks itself.

Importing this module imports Numba; whoever may not need it imports `backends` instead.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.serialize import dumps

F = TypeVar("F", bound=Callable[..., Any])

SUFFIX = ".kernel"
DIGEST_BYTES = 32
FREE_SUMS = frozenset({"contract", "reassoc", "nsz"})


@cache
def source_stamp() -> str:
    """SHA-256 over the sources of this package, those below it too, and Numba's version.

    A kernel calls kernels of other files, so that its own file alone would not tell that it is out
    of date.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class CheckedCacheFile:
    """Compiled code on disk, each entry behind its own SHA-256 and replaced whole.

    Numba trusts what it finds in its cache: a torn index is a traceback, a torn entry may be wrong
    code. Here whatever does not check is compiled again, and a disk that cannot be written is none.
    """

    def __init__(self, folder: str, stem: str) -> None:
        self._folder = Path(folder)
        self._stem = stem

    def _path(self, key: object) -> Path:
        name = hashlib.sha256(f"{source_stamp()}{key}".encode()).hexdigest()[:16]
        return self._folder / f"{self._stem}.{source_stamp()[:8]}.{name}{SUFFIX}"

    def load(self, key: object) -> Any:
        """The entry of a key; None where there is none that checks."""
        try:
            raw = self._path(key).read_bytes()
            digest, payload = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
            if hashlib.sha256(payload).digest() != digest:
                return None
            stored, data = pickle.loads(payload)
        except Exception:  # whatever is wrong with the file, compiling again is right
            return None
        return data if stored == key else None

    def save(self, key: object, data: object) -> None:
        """Put an entry in place, whole or not at all."""
        payload: bytes = dumps((key, data))  # type: ignore[no-untyped-call]
        path = self._path(key)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.fresh")
        try:
            fresh.write_bytes(hashlib.sha256(payload).digest() + payload)
            fresh.replace(path)
            self._sweep()
        except OSError:
            fresh.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove the function's entries of other sources."""
        for path in self._folder.glob(f"{self._stem}.*{SUFFIX}"):
            if not path.name.startswith(f"{self._stem}.{source_stamp()[:8]}."):
                path.unlink(missing_ok=True)

    def flush(self) -> None:
        """Forget the function's entries."""
        for path in self._folder.glob(f"{self._stem}.*{SUFFIX}"):
            path.unlink(missing_ok=True)


def checked(
    function: F, *, fastmath: frozenset[str], counted: bool = True, inner: bool = False
) -> F:
    """Compile a function on its first call, for the types of that call, behind the checked cache.

    The interpreter's lock is released while it runs, and division by zero gives what NumPy's does.
    Without a folder that can be written nothing is cached.

    Arguments:
        counted: whether to count who holds an array; needed where one is made or returned.
        inner: that only compiled code calls it, which takes it into itself.
    """
    options: dict[str, Any] = {} if counted else {"_nrt": False, "no_cfunc_wrapper": True}
    if inner:
        options |= {"forceinline": True, "no_cpython_wrapper": True}
    compile_: Any = numba.njit(nogil=True, error_model="numpy", fastmath=set(fastmath), **options)
    compiled = compile_(function)
    try:
        compiled.enable_caching()
        own = compiled._cache
        own._cache_file = CheckedCacheFile(own.cache_path, own._impl.filename_base)
    except (RuntimeError, OSError, AttributeError):
        compiled = compile_(function)
    return compiled  # type: ignore[no-any-return]


def kernel(function: F) -> F:
    """Compile a kernel of sums: taken in any order, products fused, as every bound here allows for.

    Infinities and NaN keep their meaning.
    """
    return checked(function, fastmath=FREE_SUMS)


def bare_kernel(function: F) -> F:
    """Compile a kernel that makes no arrays and hands large records to others of its kind.

    Counting references of forty arrays at each call takes longer to compile than all the rest.
    """
    return checked(function, fastmath=FREE_SUMS, counted=False)


def entry(compiled: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """The code of a kernel for arguments of these very types, without asking for their types again.

    Finding out the types of a record of forty arrays takes longer than reading them. Whoever calls
    it sees to it that dtypes, dimensions and contiguity stay.
    """
    types = tuple(numba.typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]
    dispatcher: Any = compiled
    dispatcher.compile(types)
    code: Callable[..., Any] = dispatcher.overloads[types].entry_point
    return code


def cache_folder() -> Path:
    """Where compiled kernels are kept."""
    return Path(str(kernel(_probe)._cache.cache_path or ""))  # type: ignore[attr-defined]


def version() -> str:
    """Version of the compiler."""
    return str(numba.__version__)


def _probe() -> int:
    return 0
