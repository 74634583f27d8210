"""What an alert rests on: a digest of its pictures, and a keyed one of each sighting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("pictures_sha256", sa.String(), nullable=False, server_default=""))
    op.add_column("sighting", sa.Column("state_digest", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("sighting", "state_digest")
    op.drop_column("alert", "pictures_sha256")
