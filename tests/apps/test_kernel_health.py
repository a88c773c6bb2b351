"""What the doctor says of the kernels is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.apps import kernel_health
from trimtab.kernels import backends, jit


def test_the_facts_are_those_of_this_machine() -> None:
    facts = kernel_health.kernel_facts()
    assert facts["kernels"] == "numba"
    assert facts["numba"] == jit.version()
    folder = Path(facts["kernel_cache"])
    assert folder == jit.cache_folder()
    assert facts["kernel_cache_files"] == len(list(folder.glob(f"*{jit.SUFFIX}"))) > 0
    assert facts["kernel_cache_bytes"] > 1000
    assert facts["kernel_thread_layer"] == kernel_health.LAYER
    assert facts["kernel_look_up"] in {"registers (AVX-512)", "memory"}
    assert facts["accounts_scanned_per_second"] > 1_000_000
    assert 0 < facts["index_tick_microseconds"] < 1_000_000


def test_without_numba_the_doctor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    backends.has_numba.cache_clear()
    monkeypatch.setattr("trimtab.kernels.backends.find_spec", lambda _: None)
    monkeypatch.setattr(kernel_health, "ACCOUNTS", 2_000)
    facts = kernel_health.kernel_facts()
    backends.has_numba.cache_clear()
    assert facts["kernels"] == "numpy (numba is not installed)"
    assert "kernel_cache" not in facts
    assert facts["accounts_scanned_per_second"] > 0
