"""The pictures that were an alert's before a better one came, sealed under its key: what somebody looks at stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_shot",
        sa.Column("alert", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("probe_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_alert_shot_alert_alert"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert", "number", name=op.f("pk_alert_shot")),
    )


def downgrade() -> None:
    op.drop_table("alert_shot")
