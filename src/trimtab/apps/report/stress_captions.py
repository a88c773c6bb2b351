"""What stands below the pictures of a stress report, where it depends on what they show."""

from collections.abc import Mapping
from math import isfinite

from trimtab.apps.report.shown import counted, printable
from trimtab.apps.stressing.answer import StressAnswer


def captions(answer: StressAnswer) -> Mapping[str, str]:
    """Return the words below the cascade, the running estimates, the heat map and the tornado."""
    return {
        "cascade": _cascade(answer),
        "settling": _settling(answer),
        "heat": _heat(answer),
        "tornado": _tornado(answer),
    }


def is_fed_back(answer: StressAnswer) -> bool:
    """Whether sales change what a fall liquidates or loses: else there is one line, not two."""
    curve = answer.result.curve
    return curve is not None and any(
        (point.liquidated, point.loss) != (point.liquidated_alone, point.loss_alone)
        for point in curve.points
    )


def has_bands(answer: StressAnswer) -> bool:
    """Whether the paths bound a running estimate anywhere, so that its error can be drawn."""
    found = answer.result.convergence
    errors = zip(found.value_at_risk_error, found.expected_shortfall_error, strict=True)
    return any(isfinite(at_risk) for at_risk, _ in errors)


def _cascade(answer: StressAnswer) -> str:
    held = "Prices fall by the same fraction and stay there."
    if is_fed_back(answer):
        return f"{held} The shaded part is what selling adds."
    return f"{held} Sales move no price in this run, so that they add nothing to a fall."


def _settling(answer: StressAnswer) -> str:
    if has_bands(answer):
        return "Shaded: 95 of a hundred of their errors, where the paths are enough to tell."
    return "The paths are too few to bound either, so that no error is drawn."


def _heat(answer: StressAnswer) -> str:
    above = sum(
        one.liquidation_side.get(answer.asset) == "above" for one in answer.standing.accounts
    )
    if not above:
        return ""
    verb = "is" if above == 1 else "are"
    who = counted(above, "account").text
    return f"{who} that a rise of {printable(answer.asset)} liquidates {verb} not in it."


def _tornado(answer: StressAnswer) -> str:
    told = []
    for one in answer.sensitivities:
        name = printable(one.factor)
        name = name[:1].upper() + name[1:]
        ends = (one.low.value, one.high.value)
        if one.swing > 0.0 and max(ends) <= one.base.value:
            told.append(f"{name}: neither change makes it worse.")
        elif one.swing > 0.0 and min(ends) >= one.base.value:
            told.append(f"{name}: neither change eases it.")
    return " ".join(told)
