"""What single purges leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.retention.steps.galleries import GalleriesStep
from lfr_core.retention.steps.quality import QualityStep
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import upgrade
from tests.support.retention import DAY_S, RetentionHarness


def galleries(harness: RetentionHarness, *, alone: bool) -> GalleriesStep:
    return GalleriesStep(harness.engine, harness.gallery, alone=alone)


def test_a_gallery_in_use_and_one_being_built_stay_and_those_of_the_ended_and_unknown_go(
    harness: RetentionHarness,
) -> None:
    harness.deployments.create("draft", DeploymentKind.DEMO, name="next week")
    harness.deployments.create("dep-2", DeploymentKind.DEMO, name="ends")
    building, ended, stranger = f"{gallery_name('draft')}__a1", f"{gallery_name('dep-2')}__b2", "lfr_nobody"
    for name in ("gallery_dep", building, ended, stranger):
        harness.gallery.create(name, "contract")
    harness.deployments.close("dep-2")

    harness.sweep()

    assert harness.gallery.names() == sorted(["gallery_dep", building])


def test_in_a_milvus_that_others_use_too_what_may_be_theirs_is_left_and_said(harness: RetentionHarness) -> None:
    harness.gallery.create("lfr_theirs", "contract")
    harness.gallery.create(gallery_name("dep"), "contract")
    harness.end()
    step = galleries(harness, alone=False)

    outcome = step.purge(harness.clock.time_ns())

    assert harness.gallery.names() == ["lfr_theirs"]
    assert "others use this gallery server" in outcome.note
    assert step.due(harness.clock.time_ns()) == ()


def test_no_gallery_goes_by_records_that_were_made_anew_in_the_place_of_those_that_are_away(
    harness: RetentionHarness, tmp_path: Path
) -> None:
    harness.gallery.create(gallery_name("dep"), "contract")
    url = f"sqlite:///{tmp_path / 'anew.sqlite3'}"
    upgrade(url)
    engine = open_engine(url)

    with pytest.raises(Retryable, match="no deployment at all"):
        GalleriesStep(engine, harness.gallery, alone=True).purge(harness.clock.time_ns())

    assert gallery_name("dep") in harness.gallery.names()
    engine.dispose()


def test_a_list_goes_as_soon_as_its_deployment_has_ended_with_its_key(harness: RetentionHarness) -> None:
    harness.inject()
    harness.deployments.create("going", DeploymentKind.DEMO, name="next")
    other = harness.vault.make_key(
        KeyKind.WATCHLIST, "going", "going", harness.clock.time_ns() + 10**15, actor=SystemActor.ENROLMENT
    )
    harness.end()

    reports = harness.sweep()

    assert not harness.there()["lists"] or [key.id for key in harness.vault.kept(KeyKind.WATCHLIST)] == [other.info.id]
    assert {each.subject.partition(":")[0] for each in reports["lists"].destroyed} == {"list", "key"}


def test_quality_results_of_a_deployment_nobody_knows_go_once_they_are_old(
    harness: RetentionHarness, tmp_path: Path
) -> None:
    folder = tmp_path / "quality" / "lost"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("x")
    harness.touch(folder)
    step = QualityStep(harness.engine, tmp_path / "quality", stranger_h=1)
    assert step.due(harness.clock.time_ns()) == ()

    harness.clock.advance(DAY_S)

    assert len(step.purge(harness.clock.time_ns()).destroyed) == 1
    assert not folder.exists()
