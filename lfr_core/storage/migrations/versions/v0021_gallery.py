"""What a gallery must hold, bound to the list; and what the newest comparison came to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment", sa.Column("gallery_rows", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deployment", sa.Column("gallery_digest", AutoString(), nullable=False, server_default=""))
    op.add_column("watchlist_reference", sa.Column("crop_sha256", AutoString(), nullable=False, server_default=""))
    op.create_table(
        "gallery_reference",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("entry", AutoString(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_gallery_reference_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "id", name=op.f("pk_gallery_reference")),
    )
    op.create_table(
        "gallery_look",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("looked_ns", sa.BigInteger(), nullable=False),
        sa.Column("why", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_gallery_look_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", name=op.f("pk_gallery_look")),
    )


def downgrade() -> None:
    op.drop_table("gallery_look")
    op.drop_table("gallery_reference")
    op.drop_column("watchlist_reference", "crop_sha256")
    op.drop_column("deployment", "gallery_digest")
    op.drop_column("deployment", "gallery_rows")
