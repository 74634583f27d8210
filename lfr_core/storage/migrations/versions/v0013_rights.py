"""Enquiries and complaints, holds of complaints, receipts, and commitments to who was on a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listed_commitment",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_listed_commitment_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "digest", name=op.f("pk_listed_commitment")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rights_request",
        sa.Column("reference", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("asks_listed", sa.Boolean(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=True),
        sa.Column("from_ns", sa.BigInteger(), nullable=True),
        sa.Column("to_ns", sa.BigInteger(), nullable=True),
        sa.Column("receipt", AutoString(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("taken_at", UTCDateTime(), nullable=False),
        sa.Column("taken_by", AutoString(), nullable=False),
        sa.Column("key_id", AutoString(), nullable=False),
        sa.Column("asked_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("neither_confirm_nor_deny", sa.Boolean(), nullable=False),
        sa.Column("disclosure_asked_by", AutoString(), nullable=False),
        sa.Column("disclosure_approved_by", AutoString(), nullable=False),
        sa.Column("disclosure_at", UTCDateTime(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("answered_by", AutoString(), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", AutoString(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_rights_request_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_rights_request")),
    )
    op.create_index(op.f("ix_rights_request_deployment"), "rights_request", ["deployment"])
    op.create_table(
        "complaint_hold",
        sa.Column("hold", AutoString(), nullable=False),
        sa.Column("request", AutoString(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("from_ns", sa.BigInteger(), nullable=True),
        sa.Column("to_ns", sa.BigInteger(), nullable=True),
        sa.Column("lapses_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("lapsed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["footage_hold.id"], name=op.f("fk_complaint_hold_hold_footage_hold")),
        sa.ForeignKeyConstraint(
            ["request"], ["rights_request.reference"], name=op.f("fk_complaint_hold_request_rights_request")
        ),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_complaint_hold_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("hold", name=op.f("pk_complaint_hold")),
    )
    op.create_index(op.f("ix_complaint_hold_request"), "complaint_hold", ["request"])
    op.create_table(
        "stop_receipt",
        sa.Column("reference", AutoString(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("minute_at", UTCDateTime(), nullable=False),
        sa.Column("category", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_stop_receipt_deployment_deployment")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_stop_receipt")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stop_receipt_alert",
        sa.Column("alert", sa.Uuid(), nullable=False),
        sa.Column("receipt", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert"], ["alert.id"], name=op.f("fk_stop_receipt_alert_alert_alert"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["receipt"], ["stop_receipt.reference"], name=op.f("fk_stop_receipt_alert_receipt_stop_receipt")
        ),
        sa.PrimaryKeyConstraint("alert", name=op.f("pk_stop_receipt_alert")),
    )


def downgrade() -> None:
    op.drop_table("stop_receipt_alert")
    op.drop_table("stop_receipt")
    op.drop_index(op.f("ix_complaint_hold_request"), table_name="complaint_hold")
    op.drop_table("complaint_hold")
    op.drop_index(op.f("ix_rights_request_deployment"), table_name="rights_request")
    op.drop_table("rights_request")
    op.drop_table("listed_commitment")
