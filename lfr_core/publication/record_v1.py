"""Records published in version 1, read as those of today. What was published stays, byte for byte.

Version 1 counted an alert that nobody judged as false, unconfirmed, and said beside it how many those were. Here they
are what they were, not decided. Those of which the operator couldn't tell stay among the false: version 1 didn't say
how many they were.
"""

from __future__ import annotations

import json
from typing import Any

from lfr_core.domain.rates import AlertCounts
from lfr_core.publication.counting import published_rates
from lfr_core.publication.record import SCHEMA_VERSION, DeploymentRecord

__all__ = ["read_record"]

_BECAUSE = "the version of the record that was in use asked nobody"


def read_record(body: str) -> DeploymentRecord:
    """Read a published record, of any version. Raises ValueError for what is none."""
    made = json.loads(body)
    if isinstance(made, dict) and made.get("schema_version") == "1.0":
        return _from_version_1(made)
    return DeploymentRecord.model_validate_json(body)


def _from_version_1(made: dict[str, Any]) -> DeploymentRecord:
    alerts: dict[str, int] = made["alerts"]
    waiting = alerts["unanswered"]
    counts = AlertCounts(
        alerts["true_confirmed"],
        alerts["true_unconfirmed"],
        alerts["false_confirmed"],
        alerts["false_unconfirmed"] - waiting,
        waiting,
    )
    outcomes = made["outcomes"]
    today = made | {
        "schema_version": SCHEMA_VERSION,
        "alerts": alerts | {"false_unconfirmed": counts.false_unconfirmed, "not_decided": waiting, "cant_tell": None},
        "not_decided": {"alerts": waiting, "said_by": "nobody", "because": _BECAUSE} if waiting else None,
        "engagements": made["engagements"] | {"following_not_decided": 0, "not_recorded": None},
        "outcomes": outcomes if isinstance(outcomes, str) else outcomes | {"after_other_alerts_without_outcome": None},
        "rates": published_rates(counts, faces_compared=made["faces_compared"]).model_dump(mode="json"),
        "blue_list": "not recorded" if made["blue_list"] == "not tested" else made["blue_list"],
        "demographics": [each | {"alerts_not_decided": 0} for each in made["demographics"]],
    }
    return DeploymentRecord.model_validate_json(json.dumps(today))
