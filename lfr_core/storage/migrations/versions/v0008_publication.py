"""Announcements, published revisions of records, and what a list was made of once it is destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("public_id", AutoString(), nullable=False),
        sa.Column("place", AutoString(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("purpose", AutoString(), nullable=False),
        sa.Column("use_case", AutoString(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("made_by", AutoString(), nullable=False),
        sa.Column("withheld_because", AutoString(), nullable=False),
        sa.Column("approved_by", AutoString(), nullable=False),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.Column("released_by", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_announcement_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", "revision", name=op.f("pk_announcement")),
    )
    op.create_table(
        "published_record",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=False),
        sa.Column("published_by", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("body", AutoString(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_published_record_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "revision", name=op.f("pk_published_record")),
    )
    op.create_table(
        "watchlist_composition",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("category", AutoString(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("built_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_watchlist_composition_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "category", name=op.f("pk_watchlist_composition")),
    )
    # Lists that stand now are counted now; of those destroyed before, nothing is known and nothing is invented.
    op.execute(
        "INSERT INTO watchlist_composition (deployment, category, people, images) "
        "SELECT e.deployment, e.category, COUNT(DISTINCT e.id), COUNT(r.id) "
        "FROM watchlist_entry e JOIN deployment d ON d.id = e.deployment "
        "LEFT JOIN watchlist_reference r ON r.deployment = e.deployment AND r.entry = e.id "
        "WHERE e.category <> 'blue_list' AND d.status <> 'draft' GROUP BY e.deployment, e.category"
    )


def downgrade() -> None:
    op.drop_table("watchlist_composition")
    op.drop_table("published_record")
    op.drop_table("announcement")
