"""Which operator has signed on to which deployment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_on",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_sign_on_deployment_deployment")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_sign_on_person_person")),
        sa.PrimaryKeyConstraint("deployment", "person", name=op.f("pk_sign_on")),
    )


def downgrade() -> None:
    op.drop_table("sign_on")
