"""Pages call a deployment by its name and when it begins, and no two alike."""

from __future__ import annotations

from datetime import UTC, datetime

from apps.deployment_labels import deployment_labels

AT = datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_a_deployment_is_labelled_by_name_and_london_s_time_and_two_of_one_label_stay_apart() -> None:
    labels = deployment_labels([("a", "Norwich market", AT), ("b", "Norwich market", AT), ("c", "Tombland", AT)])

    assert labels == {
        "a": "Norwich market, 1 July 2026, 10:00",
        "b": "Norwich market, 1 July 2026, 10:00 (2)",
        "c": "Tombland, 1 July 2026, 10:00",
    }
