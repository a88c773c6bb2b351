"""The search for rules for people: `trimtab.tune`, its answer, its verb."""

from trimtab.apps.tuning.front import TuneAnswer, tune

__all__ = ["TuneAnswer", "tune"]
