"""Trimtab: an exact leverage and collateral risk engine for lending and derivatives protocols.

>>> import trimtab
>>> case = trimtab.demo_case()
>>> sum(account.liquidatable for account in trimtab.health(case).accounts)
0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.adapters.chains import AaveV3, CompoundV3, MorphoBlue
    from trimtab.apps.front import HealthResult, ReplayResult, demo_case, health, replay
    from trimtab.apps.importing import import_case
    from trimtab.apps.presets import load_case
    from trimtab.apps.stressing import StressAnswer, StressChoices, stress
    from trimtab.apps.tuning import TuneAnswer, tune
    from trimtab.units import TrimtabError

__all__ = [
    "AaveV3",
    "CompoundV3",
    "HealthResult",
    "MorphoBlue",
    "ReplayResult",
    "StressAnswer",
    "StressChoices",
    "TrimtabError",
    "TuneAnswer",
    "demo_case",
    "health",
    "import_case",
    "load_case",
    "replay",
    "stress",
    "tune",
]

_HOMES = {
    "AaveV3": "trimtab.adapters.chains",
    "CompoundV3": "trimtab.adapters.chains",
    "MorphoBlue": "trimtab.adapters.chains",
    "HealthResult": "trimtab.apps.front",
    "ReplayResult": "trimtab.apps.front",
    "StressAnswer": "trimtab.apps.stressing",
    "StressChoices": "trimtab.apps.stressing",
    "TrimtabError": "trimtab.units",
    "TuneAnswer": "trimtab.apps.tuning",
    "demo_case": "trimtab.apps.front",
    "health": "trimtab.apps.front",
    "import_case": "trimtab.apps.importing",
    "load_case": "trimtab.apps.presets",
    "replay": "trimtab.apps.front",
    "stress": "trimtab.apps.stressing",
    "tune": "trimtab.apps.tuning",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import trimtab` itself costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'trimtab' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
