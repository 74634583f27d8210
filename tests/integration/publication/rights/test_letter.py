"""The answer as a letter: what stands on it, who may print it, and that printing it is on the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused
from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.publication.rights.answering import answer
from lfr_core.publication.rights.letter import print_letter
from lfr_core.storage.engine import open_engine
from tests.support.people import authenticated
from tests.support.publishing import planned, withhold
from tests.support.rights import APPROVER, CLERK, CONTACT, OFFICER, TEXT, RightsHarness

ANSWER = "We got it wrong, <b>and</b> apologise.\n\nŁukasz, the footage is held."


@pytest.fixture
def harness(sqlite_url: str, tmp_path: Path) -> Iterator[RightsHarness]:
    engine = open_engine(sqlite_url)
    harness = RightsHarness(engine, tmp_path)
    yield harness
    harness.close()
    engine.dispose()


def test_the_letter_is_addressed_to_the_person_and_says_the_answer_and_where_to_appeal(harness: RightsHarness) -> None:
    taken = harness.take()
    answer(harness.rights, taken.reference, ANSWER, by=authenticated(OFFICER))

    page = print_letter(harness.rights, taken.reference, by=authenticated(OFFICER))

    force = harness.whole_policy.force
    for words in (
        CONTACT,
        taken.reference,
        "Our answer to your complaint",
        "We received your complaint on 23 November",
    ):
        assert words in page
    assert "We got it wrong, &lt;b&gt;and&lt;/b&gt; apologise.\n\nŁukasz" in page
    assert all(each in page for each in (force.name, force.complaints, force.appeals, force.data_protection))
    assert TEXT.partition("\n")[0] not in page  # a letter that goes astray tells as little as it can
    assert "http" not in page
    assert "<script" not in page
    assert ["rights.letter" in row.body for row in harness.audited("consult")].count(True) == 1


def test_what_nobody_answered_is_no_letter_and_opens_nothing(harness: RightsHarness) -> None:
    taken = harness.take()

    with pytest.raises(Refused) as refused:
        print_letter(harness.rights, taken.reference, by=authenticated(OFFICER))

    assert refused.value.rule == "rights.unanswered"
    assert not any("rights.letter" in row.body for row in harness.audited("consult"))


@pytest.mark.parametrize("withheld", [False, True])
def test_the_letter_names_the_deployment_as_the_public_knows_it_and_never_by_its_id(
    harness: RightsHarness, *, withheld: bool
) -> None:
    store = AnnouncementStore(harness.engine, harness.trail, harness.clock, lambda: "0123456789ab")
    if withheld:
        withhold(store, "dep", planned(), by=CLERK, approved_by=APPROVER)
    else:
        store.publish("dep", planned(), by=authenticated(CLERK))
    taken = harness.take()
    answer(harness.rights, taken.reference, ANSWER, by=authenticated(OFFICER))

    page = print_letter(harness.rights, taken.reference, by=authenticated(OFFICER))

    named = "It is about the deployment at Norwich city centre, 23 November 2026."
    assert (named in page) is not withheld
    assert ("Norwich" in page) is not withheld
    assert "dep." not in page
