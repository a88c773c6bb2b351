"""Run all benchmarks: tables to stdout, progress to stderr, both into RESULTS.md."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.clearing import clearing
from benchmarks.deleveraging import million_accounts, policies
from benchmarks.engine_commands import engine_commands
from benchmarks.journal import journals
from benchmarks.kernel_cascades import kernel_cascades
from benchmarks.kernel_index import kernel_index
from benchmarks.kernel_scans import kernel_scans
from benchmarks.kernel_start import kernel_start
from benchmarks.loading import loading
from benchmarks.measuring import Part, alone
from benchmarks.option_kernels import option_kernels
from benchmarks.portfolio_margins import portfolio_margins
from benchmarks.price_paths import price_path_rates
from benchmarks.replay_steps import real_book
from benchmarks.service import service_latency, service_rates
from benchmarks.service_readers import service_readers

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Measure, print, write: each part in a process of its own."""
    results = [result for part in PARTS for result in alone(part)]
    text = "\n".join([head(), *(result.markdown() for result in results)])
    print(text)
    RESULTS.write_text(text)


PARTS: tuple[Part, ...] = (
    *(engine_commands, loading, portfolio_margins, real_book, million_accounts, policies),
    *(kernel_scans, kernel_index, kernel_cascades, kernel_start, option_kernels),
    *(price_path_rates, clearing, service_rates, service_latency, service_readers, journals),
)


def head() -> str:
    """Where and when the figures were measured."""
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`; every figure is from that run. CPU seconds of one process "
        "where not said otherwise.\n\n"
        f"- machine: {os.cpu_count()} cores, Python {platform.python_version()}\n"
        f"- commit: {commit()}\n"
        f"- date: {datetime.now(UTC):%Y-%m-%d}\n"
    )


def commit() -> str:
    """The commit of the checkout, and whether the working tree differs from it."""

    def git(*words: str) -> str:
        answer = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    changed = git("status", "--porcelain", "--", "src")
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + (
        ", with changes in src" if changed else ""
    )


if __name__ == "__main__":
    main()
