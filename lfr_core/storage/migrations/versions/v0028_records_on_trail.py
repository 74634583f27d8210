"""What a hold covers, in its own row, which the audit trail names; and which records aren't on the trail."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("records_why", AutoString(), nullable=False, server_default=""))
    op.add_column("footage_hold", sa.Column("segments_sha256", AutoString(), nullable=False, server_default=""))
    connection = op.get_bind()
    covered: dict[str, list[str]] = {hold: [] for (hold,) in connection.execute(sa.text("SELECT id FROM footage_hold"))}
    for hold, segment in connection.execute(sa.text("SELECT hold, segment FROM footage_hold_segment")):
        covered[hold].append(segment)
    for hold, segments in covered.items():
        connection.execute(
            sa.text("UPDATE footage_hold SET segments_sha256 = :digest WHERE id = :hold"),
            {"digest": hashlib.sha256("\n".join(sorted(segments)).encode()).hexdigest(), "hold": hold},
        )


def downgrade() -> None:
    op.drop_column("installation", "records_why")
    op.drop_column("footage_hold", "segments_sha256")
