"""Breaks promises of thresholds, rates, decisions and engagements, in the real state."""

from __future__ import annotations

from collections.abc import Iterator

from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import record
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.breaking_promises import breaks
from tests.support.people import authenticated
from tests.support.promise_harness import PromiseHarness
from tests.support.shown_pictures import seen

__all__: list[str] = []


@breaks("accuracy.threshold-bound")
def the_threshold_was_changed_under_way(harness: PromiseHarness) -> Iterator[None]:
    harness.alert()
    yield
    harness.change(DeploymentRow, "dep", threshold=0.3)


@breaks("accuracy.threshold-bound")
def an_alert_lies_below_the_threshold(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    yield
    harness.change(AlertRow, alert, similarity=0.2)


@breaks("accuracy.threshold-bound")
def a_gallery_names_no_model(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.change(DeploymentRow, "dep", contract_id="")


@breaks("accuracy.large-list")
def there_are_more_false_alerts_than_one_in_ten_thousand(harness: PromiseHarness) -> Iterator[None]:
    harness.evaluation(people=10_000, faces=40_000)
    yield
    harness.false_alerts(20)


@breaks("accuracy.small-list")
def there_are_more_false_alerts_than_one_in_a_hundred_thousand(harness: PromiseHarness) -> Iterator[None]:
    harness.evaluation(people=1_000, faces=400_000)
    yield
    harness.false_alerts(20)


@breaks("people.decide")
def the_software_judged_an_alert(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    harness.decisions.judge(alert, Judgement.SAME, authenticated("Op One"), shown=seen(harness.engine, alert))
    yield
    harness.change(AlertRow, alert, judged_by="system:matcher")


@breaks("people.decide")
def the_trail_has_a_decision_of_the_softwares(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    harness.decisions.judge(alert, Judgement.SAME, authenticated("Op One"), shown=seen(harness.engine, alert))
    yield
    event = AuditEvent(
        Verb.DECIDE, SystemActor.RECOGNISER, "dep", f"alert:{alert}", "alert.judgement", {"answer": "same"}
    )
    record(harness.engine, harness.trail, event)


@breaks("people.decide")
def somebody_was_engaged_whom_nobody_compared(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    yield
    harness.change(AlertRow, alert, engagement="engaged", engaged_by="PC Stop")


@breaks("people.decide")
def somebody_was_engaged_for_a_reason_outside_the_closed_list(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    harness.decisions.judge(alert, Judgement.SAME, authenticated("Op One"), shown=seen(harness.engine, alert))
    yield
    harness.change(AlertRow, alert, engagement="avoided_camera", engaged_by="PC Stop")


@breaks("people.avoidance-no-ground")
def somebody_was_stopped_for_avoiding_the_camera(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    yield
    harness.change(AlertRow, alert, category="avoided_camera")
