"""What screens and commands read: frozen values, one consistent look each. No page has a query of its own.

Every function takes the engine first and raises Retryable when the database is away.
"""

from __future__ import annotations

from lfr_core.alerts.health import CameraState, Health, HealthLimits, Recent, limits_of
from lfr_core.alerts.read._alerts import (
    AlertSummary,
    Answer,
    ConsoleAlerts,
    alert,
    alerts,
    alerts_starting,
    console_alerts,
)
from lfr_core.alerts.read._cameras import CameraHealth, Latency, cameras, latency
from lfr_core.alerts.read._deployments import (
    AlertTally,
    DeploymentCounts,
    DeploymentSummary,
    RefusedRecords,
    StageFigures,
    count_waiting,
    counts,
    dead_letters,
    deployment,
    deployments,
    refused_records,
    stages,
)
from lfr_core.alerts.read._engaging import alert_to_engage, alerts_to_engage
from lfr_core.alerts.read._places import alert_places
from lfr_core.alerts.read.crops import AlertCrops, OpenedCrops, ReferenceCrop

__all__ = [
    "AlertCrops",
    "AlertSummary",
    "AlertTally",
    "Answer",
    "CameraHealth",
    "CameraState",
    "ConsoleAlerts",
    "DeploymentCounts",
    "DeploymentSummary",
    "Health",
    "HealthLimits",
    "Latency",
    "OpenedCrops",
    "Recent",
    "ReferenceCrop",
    "RefusedRecords",
    "StageFigures",
    "alert",
    "alert_places",
    "alert_to_engage",
    "alerts",
    "alerts_starting",
    "alerts_to_engage",
    "cameras",
    "console_alerts",
    "count_waiting",
    "counts",
    "dead_letters",
    "deployment",
    "deployments",
    "latency",
    "limits_of",
    "refused_records",
    "stages",
]
