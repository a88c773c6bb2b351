"""`trimtab doctor`: versions, extras, machine, and how fast engine and kernels are on it."""

import os
import platform
import time

from trimtab.apps import console, front, summaries
from trimtab.apps.extras import extras
from trimtab.apps.kernel_health import kernel_facts
from trimtab.engine import step
from trimtab.model import Accepted
from trimtab.model.commands import Accrue
from trimtab.simulation import standing
from trimtab.units import UsageError

PROBE_SECONDS = 0.5


def run_doctor(form: console.Format) -> None:
    """Print what is installed, what an extra lacks, the machine, and how fast the engine is."""
    if form not in (console.Format.TABLE, console.Format.JSON):
        raise UsageError("--format: expected table or json")
    facts = {
        **summaries.versions(),
        **{f"extra_{one.name}": str(one) for one in extras()},
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        **_speeds(),
        **kernel_facts(),
    }
    if form is console.Format.JSON:
        console.print_json(facts)
        return
    rows = [
        [name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value)]
        for name, value in facts.items()
    ]
    console.print_table("trimtab doctor", ["", ""], rows=rows, left=2)


def _speeds() -> dict[str, int]:
    case = front.demo_case()
    begun = time.perf_counter()
    found = standing(case)
    explained = len(found.accounts) / (time.perf_counter() - begun)
    at_ns, done = found.as_of_ns, 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < PROBE_SECONDS:
        outcome = step(found.store, Accrue(at_ns + done, tuple(case.rules.assets)))
        assert isinstance(outcome, Accepted), "accrual is always accepted"
        done += 1
    return {
        "accounts_explained_per_second": round(explained),
        "commands_per_second": round(done / (time.perf_counter() - begun)),
    }
