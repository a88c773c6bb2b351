"""The tables of a journal brought up to what this version writes, by alembic, without a file."""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from trimtab.adapters.stores.database import Access
from trimtab.model.journal_entries import JournalDamagedError, JournalError

MIGRATIONS = Path(__file__).with_name("migrations")
# The latest step; opening a journal that stands there does not load alembic.
HEAD = "operator_actions"
STEPS = ("first_tables", HEAD)

_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def standing_step(connection: Connection) -> str | None:
    """The step at which the tables stand; None where there are none yet."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    return found


def require_current(access: Access) -> None:
    """Refuse to read tables of another version, which only a writer may change.

    Raises:
        JournalError: they are of another version, or there are none.
    """
    with suppress(JournalDamagedError):
        step = access.read(standing_step)
        if step != HEAD:
            raise JournalError(
                "the journal's tables are not those of this version",
                where=access.database.where,
                found=str(step),
                expected=HEAD,
                hint="open it once for writing",
            )


def bring_up(connection: Connection, *, where: str) -> None:
    """Run the steps that are missing, within the connection's transaction.

    Raises:
        JournalError: the journal was written by a later version.
    """
    step = standing_step(connection)
    if step == HEAD:
        return
    if step is not None and step not in STEPS:
        raise JournalError(
            "the journal was written by a later version of Trimtab",
            where=where,
            found=step,
            expected=f"at most {HEAD}",
            hint="use that version, or a back-up from before it",
        )
    # Loading alembic takes a third of a second, which only a new journal or an old one costs.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
