"""How a handler says no: a refusal carries the rejection up to `step`, where it ends."""

from trimtab.model import Reason, Rejected


class Refusal(Exception):  # noqa: N818  (a refusal is an outcome, not an error)
    """Carries a `Rejected` out of a handler; `step` turns it into the returned value."""

    def __init__(self, reason: Reason, **data: int | str) -> None:
        super().__init__(reason)
        self.rejected = Rejected(reason, data)


def require(holds: bool, reason: Reason, /, **data: int | str) -> None:
    """Refuse the command with `reason` unless the precondition holds."""
    if not holds:
        raise Refusal(reason, **data)
