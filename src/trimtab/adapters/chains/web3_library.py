"""web3, imported where it is first needed, and without what its import does to the interpreter."""

import sys
from typing import Any


def web3_module() -> Any:
    """Return web3, with the recursion limit left as it was.

    A library that web3 imports (py_ecc 9) sets the limit of the whole process to 100,000, beyond
    which a deeply nested file no longer raises RecursionError but ends the interpreter.

    Raises:
        ModuleNotFoundError: the extra `chain` is not installed.
    """
    limit = sys.getrecursionlimit()
    try:
        import web3
    finally:
        sys.setrecursionlimit(limit)
    return web3
