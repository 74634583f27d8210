"""What screens and commands read: frozen values, one consistent look each. No page has a query of its own.

Every function takes the engine first and raises Retryable when the database is away.
"""

from __future__ import annotations

from lfr_core.records.health import Health, Recent
from lfr_core.records.read._alerts import (
    AlertDetail,
    AlertSummary,
    Answer,
    ReferenceCrop,
    alert,
    alerts,
    alerts_starting,
    alerts_with_crops,
)
from lfr_core.records.read._cameras import CameraHealth, Latency, cameras, latency
from lfr_core.records.read._deployments import (
    AlertTally,
    DeploymentCounts,
    DeploymentSummary,
    StageFigures,
    counts,
    dead_letters,
    deployment,
    deployments,
    stages,
)

__all__ = [
    "AlertDetail",
    "AlertSummary",
    "AlertTally",
    "Answer",
    "CameraHealth",
    "DeploymentCounts",
    "DeploymentSummary",
    "Health",
    "Latency",
    "Recent",
    "ReferenceCrop",
    "StageFigures",
    "alert",
    "alerts",
    "alerts_starting",
    "alerts_with_crops",
    "cameras",
    "counts",
    "dead_letters",
    "deployment",
    "deployments",
    "latency",
    "stages",
]
