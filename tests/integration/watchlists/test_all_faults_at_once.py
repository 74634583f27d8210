"""Whoever checks a list reads all that is wrong with a row in one round, its photograph included."""

from __future__ import annotations

from datetime import date

import pytest

from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.types import FaceEngine, Floats, Image
from lfr_core.watchlists.enrol import check_watchlist
from lfr_core.watchlists.quality.service import ListCheck, check_list
from tests.support.watchlist_folders import ListFolder

pytestmark = pytest.mark.models

TODAY = date(2026, 11, 23)


def test_the_photograph_of_a_refused_row_is_named_too_where_it_cannot_be_used(
    listed: ListFolder, engine: FaceEngine, policy: Policy
) -> None:
    listed.put("lacks", b"no picture 0", legal="")
    listed.put("over", b"no picture 1", expires="2026-11-22")
    listed.put("several", b"no picture 2", category="none of the list")
    listed.put("fine", "obama", expires="2026-11-22")
    listed.put("good", "biden")
    done: list[tuple[int, int]] = []

    asked = ListCheck(DeploymentKind.EVALUATION, policy, TODAY, TODAY)
    checked = check_list(listed.path, asked, engine=lambda: engine, progress=lambda at, of: done.append((at, of)))

    found = {(each.subject, each.rule) for each in checked.quality.findings if each.refuses}
    assert found == {
        ("lacks", "legal-reference-present"),
        ("over", "expiry-after-deployment"),
        ("several", "category-permitted"),
        ("fine", "expiry-after-deployment"),
        *((subject, "photograph-opens") for subject in ("lacks", "over", "several")),
    }
    refused = [each.subject for each in checked.report.refusals if each.reason is RefusalReason.NOT_AN_IMAGE]
    assert refused == ["lacks", "over", "several"]
    assert [each.subject for each in checked.report.entries] == ["good"]
    assert done[-1] == (5, 5)


def test_no_face_of_a_refused_row_is_embedded(
    listed: ListFolder, engine: FaceEngine, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.put("over", "obama", expires="2026-11-22").put("lacks", "obama2", legal="")
    embed, embedded = engine.embed, []

    def counted(aligned: list[Image]) -> Floats:
        embedded.append(len(aligned))
        return embed(aligned)

    monkeypatch.setattr(engine, "embed", counted)

    report = check_watchlist(listed.path, kind=DeploymentKind.EVALUATION, engine=engine, policy=policy, today=TODAY)

    assert {each.reason for each in report.refusals} == {RefusalReason.EXPIRED, RefusalReason.MISSING_VALUE}
    assert embedded == [1]  # the drawn test face, which is nobody
