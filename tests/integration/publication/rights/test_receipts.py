"""The receipt of a stop: a reference that outlives the alert, and finds its footage."""

from __future__ import annotations

import re
from uuid import UUID

import cv2
import numpy as np
import pytest
from fpdf import FPDF
from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.errors import Refused
from lfr_core.domain.alerts import Engagement, Judgement
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.publication.rights.receipt_page import receipt_html, receipt_pdf, receipt_qr
from lfr_core.publication.rights.receipts import issue_receipt
from lfr_core.publication.rights.types import RequestContext
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.rights import ReceiptAlertRow, ReceiptRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated, sign_on
from tests.support.publishing import announcing, planned, withhold
from tests.support.records import NOW_NS, ManualClock, alerts_of, live_deployment, recorder_of, sighting
from tests.support.rights import RightsHarness
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of


def alert_on(engine: Engine, *, engaged: bool = True) -> UUID:
    live_deployment(engine)
    sign_on(engine, trail_of(engine), "A. Operator", "B. Sergeant", "C. Constable", clock=ManualClock())
    recorder_of(engine, ManualClock()).record_sightings([sighting(90.5)])
    (alert,) = alerts_of(engine, "dep")
    decisions = DecisionService(engine, trail_of(engine), ManualClock())
    decisions.judge(alert.id, Judgement.SAME, authenticated("A. Operator"), shown=seen(engine, alert.id))
    if engaged:
        decisions.engage(alert.id, Engagement.ENGAGED, authenticated("B. Sergeant"))
    return alert.id


def test_a_receipt_has_a_reference_the_minute_and_the_class_and_no_name(engine: Engine) -> None:
    alert = alert_on(engine)
    receipt = issue_receipt(
        engine, trail_of(engine), alert, by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=24
    )
    page = receipt_html(receipt, load_policy())

    assert re.fullmatch(r"S-2026(-[0-9A-Z]{4}){3}", receipt.reference)
    for output in (
        receipt.reference,
        "people wanted by the courts",
        "23 November 2026, 12:0",
        "within one month",
    ):
        assert output in page
    for secret in ("subject of", "entry-1", "north", "Sergeant", "Bail Act", str(alert), ">dep<"):
        assert secret not in page
    assert "http" not in page
    assert "<script" not in page


def reachable(address: str) -> Policy:
    policy = load_policy()
    return policy.model_copy(update={"force": policy.force.model_copy(update={"public_site": address})})


def test_a_telephone_is_led_by_the_code_to_the_public_sites_page_of_rights_and_the_pdf_is_one_page(
    engine: Engine,
) -> None:
    alert, policy = alert_on(engine), reachable("https://lfr.norfolk.example/public")
    receipt = issue_receipt(
        engine, trail_of(engine), alert, by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=24
    )
    svg = receipt_qr(receipt, policy)
    side = int(re.findall(r'viewBox="0 0 (\d+) ', svg)[0])
    drawn = np.full((side, side), 255, np.uint8)
    for x, y in re.findall(r"M(\d+),(\d+)h1v1", svg):
        drawn[int(y), int(x)] = 0
    pdf = receipt_pdf(receipt, policy)

    assert (
        cv2.QRCodeDetector().detectAndDecode(np.kron(drawn, np.ones((8, 8), np.uint8)))[0]
        == f"https://lfr.norfolk.example/public/contact.html#{receipt.reference}"
    )
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == 1
    assert "https://lfr.norfolk.example/public" in receipt_html(receipt, policy)


def test_without_a_public_address_a_receipt_has_no_code_and_says_where_rights_stand(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = alert_on(engine)
    receipt = issue_receipt(
        engine, trail_of(engine), alert, by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=24
    )
    written: list[str] = []
    monkeypatch.setattr(FPDF, "multi_cell", lambda _pdf, _w, _h, text, **_: written.append(text))
    monkeypatch.setattr(FPDF, "rect", lambda *_, **__: pytest.fail("a code was drawn that leads nowhere"))
    receipt_pdf(receipt, load_policy())

    assert receipt_qr(receipt, load_policy()) == ""
    assert "Your rights, and how to ask and complain, stand below." in written


def test_asked_again_it_is_the_same_receipt(engine: Engine) -> None:
    alert = alert_on(engine)
    first = issue_receipt(
        engine, trail_of(engine), alert, by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=24
    )

    assert (
        issue_receipt(engine, trail_of(engine), alert, by=authenticated("C. Constable"), now_ns=NOW_NS, retention_h=24)
        == first
    )
    assert all(str(alert) not in event.subject for event in trail_of(engine).events if "receipt" in event.subject)


def test_nobody_engaged_no_receipt(engine: Engine) -> None:
    alert = alert_on(engine, engaged=False)
    for wanted, rule in ((alert, "rights.not-engaged"), (UUID(int=7), "alert.unknown")):
        with pytest.raises(Refused) as refused:
            issue_receipt(
                engine, trail_of(engine), wanted, by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=24
            )
        assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("hours", "said"), [(1, "after 1 hour an"), (6, "after 6 hours an"), (24, "after 24 hours an")]
)
def test_who_asks_too_late_is_told_the_hours_that_the_policy_says(engine: Engine, hours: int, said: str) -> None:
    with pytest.raises(Refused, match=said):
        issue_receipt(
            engine, trail_of(engine), UUID(int=7), by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=hours
        )


def receipt_of(engine: Engine, alert: UUID) -> tuple[str, str]:
    """Its page, and the text of its PDF."""
    receipt = issue_receipt(
        engine, trail_of(engine), alert, by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=24
    )
    return receipt_html(receipt, load_policy()), receipt.place


def test_the_receipt_names_the_place_that_was_announced_and_never_an_id(engine: Engine) -> None:
    alert = alert_on(engine)
    assert receipt_of(engine, alert)[1] == ""

    announcing(engine).publish("dep", planned(), by=authenticated("A. Planner"))

    page, place = receipt_of(engine, alert)
    assert place == planned().place
    assert f"<dd>{place}</dd>" in page
    assert ">dep<" not in page


def test_a_receipt_names_no_place_that_is_not_released(engine: Engine) -> None:
    alert = alert_on(engine)
    withhold(announcing(engine), "dep", planned(), by="A. Planner", approved_by="Supt B")

    page, place = receipt_of(engine, alert)
    assert place == ""
    for secret in (planned().place, "withheld-0123456789ab", ">dep<"):
        assert secret not in page


def test_when_the_alert_goes_nothing_leads_from_it_to_the_receipt(engine: Engine) -> None:
    alert = alert_on(engine)
    receipt = issue_receipt(
        engine, trail_of(engine), alert, by=authenticated("B. Sergeant"), now_ns=NOW_NS, retention_h=24
    )
    with overwriting(engine) as session:
        session.delete(session.get_one(AlertRow, alert))

    with reading(engine) as session:
        assert session.exec(select(ReceiptAlertRow)).all() == []
        (kept,) = session.exec(select(ReceiptRow)).all()
    assert set(kept.model_dump()) == {"reference", "deployment", "minute_at", "category"}
    assert (kept.reference, kept.minute_at.second, kept.minute_at.microsecond) == (receipt.reference, 0, 0)


@pytest.mark.slow
def test_the_reference_alone_holds_the_footage_of_the_stop(harness: RightsHarness) -> None:
    before, *_, after = harness.record(3_000)
    stopped = (harness.clock.now_ns - 1_500 * 10**9) // (60 * 10**9) * 60
    with overwriting(harness.engine) as session:
        session.add(
            ReceiptRow(
                reference="S-2026-0000-0000-0001",
                deployment="dep",
                category="victim",
                minute_at=RightsHarness.moment(stopped),
            )
        )
    taken = harness.take(about=RequestContext(receipt="s 2026 oooo 0000 ooo1"))

    (hold,) = taken.holds
    assert taken.deployment == "dep"
    assert taken.receipt == "S-2026-0000-0000-0001"
    assert 67 <= hold.segments <= 73  # from 10 minutes before to the end, 25 after: of 30 s each
    held = {each.id for each in harness.left() if each.held}
    assert before.id not in held
    assert after.id in held


def test_a_receipt_of_another_deployment_is_refused(harness: RightsHarness) -> None:
    harness.deployment("other")
    with overwriting(harness.engine) as session:
        session.add(
            ReceiptRow(
                reference="S-2026-0000-0000-0001",
                deployment="dep",
                category="victim",
                minute_at=RightsHarness.moment(harness.clock.now_ns // 10**9),
            )
        )
    with pytest.raises(Refused) as refused:
        harness.take(about=RequestContext("other", receipt="S-2026-0000-0000-0001"))

    assert refused.value.rule == "rights.receipt-elsewhere"
