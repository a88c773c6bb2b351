"""The audit trail: what operators did, and by `cut` (above 0) what counts no more."""

import sqlalchemy as sa
from alembic import op

revision = "operator_actions"
down_revision = "first_tables"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table of actions."""
    texts = ("who", "role", "action", "about", "result")
    op.create_table(
        "journal_actions",
        sa.Column("cut", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at_ns", NUMBER, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("chain", sa.String(64), nullable=False),
    )
