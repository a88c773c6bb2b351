"""Stress tests for people: the question from options and files, the answer, the verb."""

from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.asking import stress_question
from trimtab.apps.stressing.chosen import StressChoices
from trimtab.apps.stressing.front import answer_of, stress
from trimtab.apps.stressing.one_path import PathAnswer, stress_path

__all__ = [
    "PathAnswer",
    "StressAnswer",
    "StressChoices",
    "answer_of",
    "stress",
    "stress_path",
    "stress_question",
]
