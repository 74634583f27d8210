"""The keystore's generation in signed heads of the audit trail; those of before don't say it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_head", sa.Column("generation", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("audit_head", "generation")
