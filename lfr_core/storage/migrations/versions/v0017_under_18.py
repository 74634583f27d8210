"""How many people on a list were under 18, kept in numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("watchlist_composition", sa.Column("under_18", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("watchlist_composition", "under_18")
