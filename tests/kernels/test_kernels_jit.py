"""The cache of compiled kernels: killed, torn or stale, it costs time and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trimtab.kernels import jit
from trimtab.kernels.backends import Backend, face, has_numba, in_threads
from trimtab.units import UsageError

# Decides three accounts through every pass, and says so.
PROGRAM = """
import numpy as np
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.scan import unsafe_accounts
book = book_of_rows([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], quantity=[2.0, 3.0, 3.0, 2.0, 1.0], terms=2)
print(unsafe_accounts(book, linear([1.0, -1.0]), exact=lambda a: np.zeros(a.size, bool)).unsafe)
"""


def run(folder: Path, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def entries(folder: Path) -> list[Path]:
    return sorted(folder.rglob(f"*{jit.SUFFIX}"))


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    assert run(folder).stdout == "[0]\n"
    assert entries(folder), "kernels are kept"
    return folder


def spoil_start(raw: bytes) -> bytes:
    return b"\xff" * 40 + raw[40:]


def spoil_middle(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes(64) + raw[middle + 64 :]


def cut(raw: bytes) -> bytes:
    return raw[: len(raw) // 3]


def empty(_: bytes) -> bytes:
    return b""


def digest_alone(raw: bytes) -> bytes:
    return raw[: jit.DIGEST_BYTES]


@pytest.mark.parametrize("spoil", [spoil_start, spoil_middle, cut, empty, digest_alone])
def test_a_corrupted_cache_is_compiled_again(warm: Path, spoil: object) -> None:
    for path in entries(warm):
        path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    answer = run(warm)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "[0]\n", "")
    assert all(path.stat().st_size > 100 for path in entries(warm)), "whole again"


def test_a_killed_writer_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    killer = PROGRAM.replace("import numpy as np\n", "import numpy as np, os, pathlib, signal\n")
    killer = (
        "import os, pathlib, signal\n"
        "write = pathlib.Path.write_bytes\n"
        "def torn(self, data):\n"
        "    write(self, data[: len(data) // 2])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "pathlib.Path.write_bytes = torn\n" + killer
    )
    assert run(tmp_path, killer).returncode == -9
    assert entries(tmp_path) == []
    answer = run(tmp_path)
    assert (answer.stdout, answer.stderr) == ("[0]\n", "")


def test_a_folder_that_cannot_be_written_is_no_cache(tmp_path: Path) -> None:
    full = PROGRAM.replace(
        "import numpy as np\n",
        "import numpy as np, pathlib\n"
        "def full(self, data): raise OSError(28, 'no space left')\n"
        "pathlib.Path.write_bytes = full\n",
    )
    answer = run(tmp_path, full)
    assert (answer.stdout, answer.stderr) == ("[0]\n", "")
    assert entries(tmp_path) == []


def test_a_warm_cache_compiles_nothing(warm: Path) -> None:
    run(warm)
    before = {path: path.stat().st_mtime_ns for path in entries(warm)}
    assert run(warm).stdout == "[0]\n"
    assert {path: path.stat().st_mtime_ns for path in entries(warm)} == before


def test_an_entry_is_of_its_key_and_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = jit.CheckedCacheFile(str(tmp_path), "kernel")
    cache.save(("key", 1), {"code": b"x"})
    assert cache.load(("key", 1)) == {"code": b"x"}
    assert cache.load(("key", 2)) is None
    monkeypatch.setattr(jit, "source_stamp", lambda: "another source")
    assert cache.load(("key", 1)) is None
    cache.save(("key", 1), {"code": b"y"})
    assert len(entries(tmp_path)) == 1, "what is of another source goes"
    assert cache.load(("key", 1)) == {"code": b"y"}
    cache.flush()
    assert cache.load(("key", 1)) is None


def test_importing_the_package_imports_no_compiler() -> None:
    program = (
        "import sys, time; begun = time.process_time(); import trimtab; "
        "spent = time.process_time() - begun; import trimtab.simulation, trimtab.kernels.scan; "
        "print(spent, 'numba' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    spent, imported = answer.stdout.split()
    assert imported == "False"
    assert float(spent) <= 0.15


def test_without_numba_the_twin_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import sys\nfrom importlib import util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'numba' else find(name, *a)\n"
        "sys.modules['numba'] = None\n" + PROGRAM
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (answer.stdout, answer.stderr) == ("[0]\n", "")
    has_numba.cache_clear()
    monkeypatch.setattr("trimtab.kernels.backends.find_spec", lambda _: None)
    assert face("scan", Backend.AUTO).__name__ == "trimtab.kernels.numpy_scan"
    with pytest.raises(UsageError, match="not installed"):
        face("scan", Backend.NUMBA)
    has_numba.cache_clear()


def test_an_error_in_a_thread_is_raised() -> None:
    done = []

    def fails() -> None:
        time.sleep(0.01)
        raise ValueError("from a thread")

    with pytest.raises(ValueError, match="from a thread"):
        in_threads([lambda: done.append(1), fails])
    assert done == [1]
