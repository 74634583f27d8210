"""What was changed behind the platform is put on the trail by the watch, and people are called: once for each."""

from __future__ import annotations

import pytest

from apps.watch.differences import DifferencesWatch
from lfr_core.common.errors import Retryable
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import open_calls
from tests.support.alert_harness import AlertHarness


def test_each_difference_is_told_once_while_it_lasts_and_again_when_it_comes_back(harness: AlertHarness) -> None:
    found: list[str] = []
    watch = DifferencesWatch(harness.engine, harness.trail, harness.clock, lambda: found)

    def told() -> list[str]:
        mine = [each for each in entries(harness.engine, limit=500) if each.rule == "platform.differs"]
        assert {each.actor for each in mine} <= {"system:watch"}
        return [str(each.facts["found"]) for each in mine]

    watch.look()
    assert told() == []
    found.append("the message broker isn't as the platform made it: topic lfr.frames is missing. " + "x" * 300)
    watch.look()
    watch.look()
    assert len(told()) == 1
    assert told()[0].startswith("the message broker isn't as the platform made it: topic lfr.frames is missing")
    found.append("files of the platform have gone from under it: vault/installation has gone")
    watch.look()
    found.clear()
    watch.look()
    found.append("files of the platform have gone from under it: vault/installation has gone")
    watch.look()

    assert len(told()) == 3
    calls = [each for each in open_calls(harness.engine) if "behind its back" in each.why]
    assert sorted(each.role for each in calls) == sorted([Role.COMPLIANCE, Role.AUTHORISING_OFFICER])


def test_what_could_not_be_told_is_told_when_the_records_are_back(harness: AlertHarness) -> None:
    class Away:
        def prepare(self, *_: object) -> None:
            raise Retryable("the vault is away")

    watch = DifferencesWatch(harness.engine, Away(), harness.clock, lambda: ["changed"])  # type: ignore[arg-type]  # a vault that is away

    for _ in range(2):
        with pytest.raises(Retryable):
            watch.look()
