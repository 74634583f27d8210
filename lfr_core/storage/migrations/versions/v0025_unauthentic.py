"""How many of an hour's dead letters were sent by nobody of the installation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("dead_letter_count") as batch_op:
        batch_op.add_column(sa.Column("unauthentic", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("dead_letter_count") as batch_op:
        batch_op.drop_column("unauthentic")
