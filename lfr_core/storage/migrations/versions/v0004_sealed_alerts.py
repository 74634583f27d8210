"""Alerts' crops sealed, and the stubs that stay.

Crops of before lie in the clear and can't be sealed here, where there is no vault: they are destroyed. Their alerts
keep everything else, and a list of before has to be compiled anew in a new deployment.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM alert_reference")
    op.execute("DELETE FROM watchlist_reference")
    with op.batch_alter_table("alert") as batch_op:
        batch_op.drop_column("probe_jpeg")
        batch_op.add_column(sa.Column("probe_sealed", sa.LargeBinary(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("key_id", AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("canary", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in ("alert_reference", "watchlist_reference"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("crop_jpeg")
            batch_op.add_column(sa.Column("crop_sealed", sa.LargeBinary(), nullable=False))
    op.create_table(
        "alert_stub",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("category", AutoString(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("judgement", AutoString(), nullable=True),
        sa.Column("engagement", AutoString(), nullable=True),
        sa.Column("review", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_alert_stub_deployment_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_stub")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("alert_stub") as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_stub_deployment"), ["deployment"], unique=False)


def downgrade() -> None:
    """To clear crops there is no way back: alerts and lists lose theirs."""
    op.drop_table("alert_stub")
    op.execute("DELETE FROM alert_reference")
    op.execute("DELETE FROM watchlist_reference")
    for table in ("watchlist_reference", "alert_reference"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("crop_sealed")
            batch_op.add_column(sa.Column("crop_jpeg", sa.LargeBinary(), nullable=False))
    with op.batch_alter_table("alert") as batch_op:
        batch_op.drop_column("canary")
        batch_op.drop_column("key_id")
        batch_op.drop_column("probe_sealed")
        batch_op.add_column(sa.Column("probe_jpeg", sa.LargeBinary(), nullable=False, server_default=""))
