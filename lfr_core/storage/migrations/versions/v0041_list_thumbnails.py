"""Thumbnails of a list that waits for approval, sealed under a key that is derived from the list's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_thumbnail",
        sa.Column("deployment", sa.String(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("jpeg_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment", "entry"],
            ["watchlist_entry.deployment", "watchlist_entry.id"],
            name=op.f("fk_list_thumbnail_deployment_entry_watchlist_entry"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("deployment", "entry", name=op.f("pk_list_thumbnail")),
    )


def downgrade() -> None:
    op.drop_table("list_thumbnail")
