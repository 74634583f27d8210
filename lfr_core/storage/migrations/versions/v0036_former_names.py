"""Names that people had before stay theirs, so that a renamed person is one person in records of before too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("former_names", AutoString(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("person", "former_names")
