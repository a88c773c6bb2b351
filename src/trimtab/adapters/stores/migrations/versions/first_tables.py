"""The first tables: standing, entries, sources, snapshots, and what was cut.

Written out, not taken from `tables`: a step stays what it was when later ones change the tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "first_tables"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
CHAIN = sa.String(64)


def upgrade() -> None:
    """Make the tables, and the one row of the standing of an empty journal."""
    standing = op.create_table(
        "journal_standing",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        *(_needed(name, NUMBER) for name in ("anchor_number", "tip_number")),
        *(_needed(name, CHAIN) for name in ("anchor_chain", "tip_chain")),
    )
    zero = "0" * 64
    first = {"id": 1, "anchor_number": 0, "anchor_chain": zero, "tip_number": 0, "tip_chain": zero}
    op.bulk_insert(standing, [first])
    op.create_table(
        "journal_entries",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        *_entry_columns(nullable=False),
    )
    op.create_index(
        "journal_entries_by_source", "journal_entries", ["source", "source_number"], unique=True
    )
    op.create_table(
        "journal_sources",
        sa.Column("source", sa.Text, primary_key=True),
        _needed("last_number", NUMBER),
    )
    op.create_table(
        "journal_snapshots",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        _needed("chain", CHAIN),
        _needed("at_ns", NUMBER),
        *(_needed(name, CHAIN) for name in ("state_hash", "genesis_hash")),
        _needed("sources", sa.Text()),
        _needed("seal", CHAIN),
        _needed("state", sa.LargeBinary()),
    )
    op.create_table(
        "journal_cut",
        _needed("cut", sa.Integer()),
        sa.Column("number", NUMBER),
        *_entry_columns(nullable=True),
    )


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _entry_columns(*, nullable: bool) -> list[sa.Column[Any]]:
    return [
        sa.Column("at_ns", NUMBER, nullable=nullable),
        sa.Column("source", sa.Text, nullable=nullable),
        sa.Column("source_number", NUMBER),
        sa.Column("command", sa.Text, nullable=nullable),
        sa.Column("reason", sa.Text, nullable=nullable),
        sa.Column("result", sa.Text, nullable=nullable),
        sa.Column("chain", CHAIN, nullable=nullable),
    ]
