"""A keyed digest of what changes with each sighting of an alert: similarity, threshold, times, how many there were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("state_digest", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("alert", "state_digest")
