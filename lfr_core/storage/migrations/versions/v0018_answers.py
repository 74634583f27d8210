"""Every answer to an alert, in the order they were given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_QUESTIONS = (
    ("judgement", "judged", "NULL"),
    ("engagement", "engaged", "NULL"),
    ("review", "reviewed", "NULL"),
    ("outcome", "resulted", "minutes"),
)


def upgrade() -> None:
    op.create_table(
        "alert_answer",
        sa.Column("alert", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("question", AutoString(), nullable=False),
        sa.Column("answer", AutoString(), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=True),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("undone_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_alert_answer_alert_alert"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert", "number", name=op.f("pk_alert_answer")),
    )
    for number, (question, who, minutes) in enumerate(_QUESTIONS, start=1):
        op.execute(  # those that stand; what was replaced before is on the audit trail alone
            'INSERT INTO alert_answer (alert, number, question, answer, minutes, "by", at) '  # noqa: S608  names from above
            f"SELECT id, {number}, '{question}', {question}, {minutes}, {who}_by, {who}_at FROM alert "
            f"WHERE {question} IS NOT NULL AND {who}_by IS NOT NULL AND {who}_at IS NOT NULL"
        )


def downgrade() -> None:
    op.drop_table("alert_answer")
