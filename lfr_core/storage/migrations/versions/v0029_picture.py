"""What is the matter with a camera's pictures, and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("camera_session", sa.Column("picture", AutoString(), nullable=False, server_default="sound"))
    op.add_column("camera_session", sa.Column("picture_since_ns", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("camera_session", "picture")
    op.drop_column("camera_session", "picture_since_ns")
