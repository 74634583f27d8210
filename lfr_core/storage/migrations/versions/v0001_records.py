"""The records' first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["branch_labels", "depends_on", "down_revision", "downgrade", "revision", "upgrade"]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", AutoString(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("camera", AutoString(), nullable=False),
        sa.Column("error", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
    )
    with op.batch_alter_table("dead_letter", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_dead_letter_topic_partition_offset"), ["topic", "partition", "offset"], unique=False
        )

    op.create_table(
        "deployment",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("gallery", AutoString(), nullable=True),
        sa.Column("contract_id", AutoString(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("agreeing_shots", sa.Integer(), nullable=False),
        sa.Column("live_only", sa.Boolean(), nullable=False),
        sa.Column("watchlist_size", sa.Integer(), nullable=False),
        sa.Column("blue_list_size", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
        sa.UniqueConstraint("gallery", name=op.f("uq_deployment_gallery")),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("camera", AutoString(), nullable=False),
        sa.Column("entry", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("category", AutoString(), nullable=False),
        sa.Column("legal_reference", AutoString(), nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("first_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_ns", sa.BigInteger(), nullable=False),
        sa.Column("first_session", AutoString(), nullable=False),
        sa.Column("first_sequence", sa.BigInteger(), nullable=False),
        sa.Column("last_session", AutoString(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("sightings", sa.Integer(), nullable=False),
        sa.Column("probe_jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("judgement", AutoString(), nullable=True),
        sa.Column("judged_by", AutoString(), nullable=True),
        sa.Column("judged_at", UTCDateTime(), nullable=True),
        sa.Column("engagement", AutoString(), nullable=True),
        sa.Column("engaged_by", AutoString(), nullable=True),
        sa.Column("engaged_at", UTCDateTime(), nullable=True),
        sa.Column("review", AutoString(), nullable=True),
        sa.Column("reviewed_by", AutoString(), nullable=True),
        sa.Column("reviewed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_alert_deployment_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alert_deployment_camera_entry_last_ns"),
            ["deployment", "camera", "entry", "last_ns"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_alert_deployment_opened_ns"), ["deployment", "opened_ns"], unique=False)

    op.create_table(
        "camera_latency",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("camera", AutoString(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_camera_latency_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "camera", "bucket", name=op.f("pk_camera_latency")),
    )
    op.create_table(
        "camera_second",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("camera", AutoString(), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=False),
        sa.Column("captured", sa.Integer(), nullable=False),
        sa.Column("recognised", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("faces", sa.Integer(), nullable=False),
        sa.Column("latency_total_ms", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_camera_second_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", "camera", "second", name=op.f("pk_camera_second")),
    )
    op.create_table(
        "camera_session",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("camera", AutoString(), nullable=False),
        sa.Column("session", AutoString(), nullable=False),
        sa.Column("next_sequence", sa.BigInteger(), nullable=False),
        sa.Column("running_not_sampled", sa.BigInteger(), nullable=False),
        sa.Column("running_dropped", sa.BigInteger(), nullable=False),
        sa.Column("not_sampled", sa.BigInteger(), nullable=False),
        sa.Column("dropped_at_camera", sa.BigInteger(), nullable=False),
        sa.Column("recognised", sa.BigInteger(), nullable=False),
        sa.Column("dropped_stale", sa.BigInteger(), nullable=False),
        sa.Column("dropped_closed", sa.BigInteger(), nullable=False),
        sa.Column("unopenable", sa.BigInteger(), nullable=False),
        sa.Column("dead_lettered", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("faces", sa.BigInteger(), nullable=False),
        sa.Column("tracks_started", sa.BigInteger(), nullable=False),
        sa.Column("tracks_compared", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_camera_session_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "camera", "session", name=op.f("pk_camera_session")),
    )
    op.create_table(
        "stage_time",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("stage", AutoString(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("total_ms", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployment.id"], name=op.f("fk_stage_time_deployment_deployment")),
        sa.PrimaryKeyConstraint("deployment", "stage", name=op.f("pk_stage_time")),
    )
    op.create_table(
        "watchlist_entry",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("category", AutoString(), nullable=False),
        sa.Column("legal_reference", AutoString(), nullable=False),
        sa.Column("approved_by", AutoString(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.id"], name=op.f("fk_watchlist_entry_deployment_deployment")
        ),
        sa.PrimaryKeyConstraint("deployment", "id", name=op.f("pk_watchlist_entry")),
    )
    op.create_table(
        "alert_reference",
        sa.Column("alert", sa.Uuid(), nullable=False),
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("photograph", AutoString(), nullable=False),
        sa.Column("crop_jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert"], ["alert.id"], name=op.f("fk_alert_reference_alert_alert"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("alert", "id", name=op.f("pk_alert_reference")),
    )
    op.create_table(
        "sighting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert", sa.Uuid(), nullable=False),
        sa.Column("session", AutoString(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("captured_ns", sa.BigInteger(), nullable=False),
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("track", AutoString(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_sighting_alert_alert"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_alert"), ["alert"], unique=False)

    op.create_table(
        "watchlist_reference",
        sa.Column("deployment", AutoString(), nullable=False),
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("entry", AutoString(), nullable=False),
        sa.Column("photograph", AutoString(), nullable=False),
        sa.Column("crop_jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment", "entry"],
            ["watchlist_entry.deployment", "watchlist_entry.id"],
            name=op.f("fk_watchlist_reference_deployment_entry_watchlist_entry"),
        ),
        sa.PrimaryKeyConstraint("deployment", "id", name=op.f("pk_watchlist_reference")),
    )
    with op.batch_alter_table("watchlist_reference", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_watchlist_reference_deployment_entry"), ["deployment", "entry"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("watchlist_reference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_watchlist_reference_deployment_entry"))

    op.drop_table("watchlist_reference")
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sighting_alert"))

    op.drop_table("sighting")
    op.drop_table("alert_reference")
    op.drop_table("watchlist_entry")
    op.drop_table("stage_time")
    op.drop_table("camera_session")
    op.drop_table("camera_second")
    op.drop_table("camera_latency")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_deployment_opened_ns"))
        batch_op.drop_index(batch_op.f("ix_alert_deployment_camera_entry_last_ns"))

    op.drop_table("alert")
    op.drop_table("deployment")
    with op.batch_alter_table("dead_letter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dead_letter_topic_partition_offset"))

    op.drop_table("dead_letter")
