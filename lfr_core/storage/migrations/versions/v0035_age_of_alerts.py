"""The age that the list gives, kept with its alert: the list goes before the alert does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("age", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("alert", "age")
