"""The audit trail in a journal's database: the port of `model.ports`, over SQLAlchemy Core."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from sqlalchemy import Connection, Row, func, insert, select, update

from trimtab.adapters.stores.database import Access
from trimtab.adapters.stores.tables import ACTIONS, action_of, action_values
from trimtab.adapters.stores.witness import Chain
from trimtab.model.journal_entries import JournalDamagedError, JournalError, Tip
from trimtab.model.operator_actions import OperatorAction, checked_actions, follows

READ_AT_ONCE = 500
# Rows that count; those that were cut off carry the number of the cut.
_COUNTS = ACTIONS.c.cut == 0


class SqlActions:
    """An `ActionStore` (see `model.ports`) in the database of a journal, under its lock."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def append(self, action: OperatorAction) -> None:
        """Add an action durably (see the port)."""
        self.extend((action,))

    def extend(self, actions: Iterable[OperatorAction]) -> None:
        """Add actions that follow one another, all or none.

        Raises:
            JournalError: see the port.
        """
        every = list(actions)
        if every:
            with self._access.turn():
                self._access.write(lambda connection: self._add(connection, every))
                self._access.database.acknowledge(Chain.ACTIONS, every[-1].tip)

    def read(self, after: int = 0) -> Iterator[OperatorAction]:
        """Yield actions above a number, in order (see the port)."""
        while found := self._access.read(partial(_page, after=after)):
            yield from map(action_of, found)
            after = found[-1].number

    def last(self) -> Tip:
        """Where the trail's chain stands."""
        return self._access.read(_tip)

    def _add(self, connection: Connection, actions: Sequence[OperatorAction]) -> None:
        last = actions[-1].tip
        if _holds(connection, last):
            return
        tip = _tip(connection)
        for action in actions:
            if not follows(tip, action):
                raise JournalError(
                    "the action does not follow the last one of the audit trail",
                    where=self._access.database.where,
                    found=f"action {action.number}",
                    expected=f"action {tip.number + 1}",
                )
            tip = action.tip
        connection.execute(insert(ACTIONS), [{"cut": 0, **action_values(one)} for one in actions])


def whole_actions(access: Access) -> tuple[list[OperatorAction], str | None]:
    """The actions up to the first that does not follow, and what is wrong there, if anything."""
    whole: list[OperatorAction] = []
    try:
        for action in checked_actions(SqlActions(access).read()):
            whole.append(action)
    except JournalDamagedError as error:
        return whole, error.what
    except (TypeError, ValueError) as error:
        return whole, f"action {len(whole) + 1} of the audit trail is not readable ({error})"
    return whole, None


def actions_fault(access: Access) -> str | None:
    """What is wrong with the audit trail, None where it is whole and all that was acknowledged.

    Raises:
        ValueError: the witness itself is damaged.
    """
    # The witness first: a writer that goes on meanwhile is then ahead of it.
    seen = access.database.witnessed(Chain.ACTIONS) or Tip()
    whole, fault = whole_actions(access)
    if fault is not None or not seen.number:
        return fault
    if seen.number > len(whole):
        return f"action {len(whole) + 1} of the audit trail is missing"
    if whole[seen.number - 1].tip != seen:
        return f"action {seen.number} of the audit trail is not the one that was acknowledged"
    return None


def set_actions_aside(connection: Connection, after: int) -> None:
    """Let the actions above a number count no more; they stay in the table."""
    cut = (connection.execute(select(func.max(ACTIONS.c.cut))).scalar() or 0) + 1
    beyond = _COUNTS & (ACTIONS.c.number > after)
    connection.execute(update(ACTIONS).where(beyond).values(cut=cut))


def _page(connection: Connection, *, after: int) -> Sequence[Row[tuple[object, ...]]]:
    columns = [column for column in ACTIONS.columns if column.name != "cut"]
    above = select(*columns).where(_COUNTS, ACTIONS.c.number > after)
    return connection.execute(above.order_by(ACTIONS.c.number).limit(READ_AT_ONCE)).all()


def _tip(connection: Connection) -> Tip:
    last = select(ACTIONS.c.number, ACTIONS.c.chain).where(_COUNTS)
    row = connection.execute(last.order_by(ACTIONS.c.number.desc()).limit(1)).one_or_none()
    return Tip() if row is None else Tip(row.number, row.chain)


def _holds(connection: Connection, tip: Tip) -> bool:
    same = _COUNTS & (ACTIONS.c.number == tip.number) & (ACTIONS.c.chain == tip.chain)
    return connection.execute(select(ACTIONS.c.number).where(same)).one_or_none() is not None
