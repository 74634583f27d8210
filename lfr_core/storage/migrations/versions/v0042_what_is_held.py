"""What an alert rests on: a digest of its pictures, a keyed one of each sighting; when a live probe was over."""

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
    op.add_column("proof", sa.Column("ended_ns", sa.BigInteger(), nullable=True))
    for name in ("answers_sha256", "state_digest"):
        op.add_column("proof", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("state_digest", "answers_sha256", "ended_ns"):
        op.drop_column("proof", name)
    op.drop_column("sighting", "state_digest")
    op.drop_column("alert", "pictures_sha256")
