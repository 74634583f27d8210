"""When a camera last gave a frame, and when one was last looked at, kept apart from when it was last heard of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COLUMNS = ("last_frame_ns", "last_look_ns")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("camera_session", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("camera_session", name)
