from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import text

from lfr_core.alerts import read
from lfr_core.custody.vault.port import KeyKind
from lfr_core.custody.vault.sealing import OVERHEAD_BYTES
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import open_engine
from tests.support.records import ManualClock, as_operational, entry, live_deployment, store_of
from tests.support.refusals import refusal
from tests.support.vaults import vault_of

POLICY = load_policy()


def draft(
    engine: Engine, name: str = "dep", kind: DeploymentKind = DeploymentKind.DEMO, clock: ManualClock | None = None
) -> DeploymentService:
    store = store_of(engine, clock or ManualClock())
    store.create(name, kind, name="High Street")
    return store


def test_a_deployment_takes_its_rule_from_the_policy_and_goes_its_line(engine: Engine) -> None:
    store = draft(engine)
    seen = [store.find("dep")]
    store.attach_watchlist("dep", "contract", "gallery", [entry()])
    seen.append(store.find("dep"))
    store.open("dep")
    seen.append(store.find("dep"))
    store.close("dep")
    seen.append(store.find("dep"))

    assert [view.status.value for view in seen if view] == ["draft", "ready", "live", "ended"]
    ready = seen[1]
    assert ready is not None
    assert (ready.gallery, ready.contract_id) == ("gallery", "contract")
    assert (ready.threshold, ready.agreeing_shots) == (POLICY.alerts.threshold, POLICY.alerts.agreeing_shots)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a\x00b", "x" * 65, "é"])
def test_an_id_that_cannot_name_things_is_refused(engine: Engine, name: str) -> None:
    store = store_of(engine)

    assert refusal(store.create, name, DeploymentKind.DEMO, name="x") == "deployment.bad-id"


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, float("nan")])
def test_a_threshold_outside_0_to_1_is_refused(engine: Engine, threshold: float) -> None:
    store = store_of(engine)

    rule = refusal(store.create, "d", DeploymentKind.DEMO, name="x", threshold=threshold)

    assert rule == "deployment.bad-threshold"


def test_an_id_is_used_once_even_after_its_deployment_ended(engine: Engine) -> None:
    store = live_deployment(engine)
    store.close("dep")

    assert refusal(store.create, "dep", DeploymentKind.DEMO, name="x") == "deployment.exists"


def test_an_operational_deployment_is_never_made_without_an_authority(engine: Engine) -> None:
    rule = refusal(store_of(engine).create, "op", DeploymentKind.OPERATIONAL, name="x")

    assert rule == "deployment.must-be-planned"


def test_a_deployment_opens_with_a_watchlist_only(engine: Engine) -> None:
    assert refusal(draft(engine).open, "dep") == "deployment.no-watchlist"


def test_an_expired_entry_keeps_the_deployment_shut_and_its_last_day_does_not(engine: Engine) -> None:
    clock = ManualClock()
    store = draft(engine, clock=clock)
    store.attach_watchlist("dep", "contract", "gallery", [entry("a"), entry("b", expires_on=date(2026, 11, 23))])
    clock.advance(24 * 3600)
    next_day = refusal(store.open, "dep")
    clock.advance(-24 * 3600)

    assert next_day == "watchlist.entry-expired"
    assert store.open("dep").is_live


def test_ended_stays_ended_and_closing_again_is_no_error(engine: Engine) -> None:
    store = live_deployment(engine)
    store.close("dep")

    assert store.close("dep").status is DeploymentStatus.ENDED
    assert refusal(store.open, "dep") == "deployment.ended"
    assert refusal(store.attach_watchlist, "dep", "c", "g2", [entry()]) == "deployment.ended"


def test_a_list_is_compiled_once_and_a_gallery_never_used_again(engine: Engine) -> None:
    store = live_deployment(engine)
    store.create("other", DeploymentKind.DEMO, name="x")

    assert refusal(store.attach_watchlist, "dep", "c", "g2", [entry()]) == "watchlist.attached"
    assert refusal(store.attach_watchlist, "other", "c", "gallery_dep", [entry()]) == "watchlist.gallery-used"
    assert refusal(store.attach_watchlist, "other", "c", "g2", []) == "watchlist.empty"


def test_an_operational_list_of_test_subjects_alone_is_refused_and_leaves_nothing(engine: Engine) -> None:
    store = draft(engine, "op", DeploymentKind.EVALUATION)
    as_operational(engine, "op")
    blue = entry("b", category=Category.BLUE_LIST)

    assert refusal(store.attach_watchlist, "op", "c", "g", [blue]) == "watchlist.test-subjects-only"
    assert store.references("op") == 0
    store.attach_watchlist("op", "c", "g", [blue, entry("a")])
    found = read.deployment(engine, "op")
    assert found is not None
    assert (found.watchlist_size, found.blue_list_size) == (1, 1)


def test_an_unknown_deployment_is_none_to_a_worker_and_a_refusal_to_a_person(engine: Engine) -> None:
    store = store_of(engine)

    assert store.find("nowhere") is None
    assert store.find("no\x00where") is None
    assert refusal(store.close, "nowhere") == "deployment.unknown"


def test_a_reference_never_lies_in_the_clear_and_its_sealed_form_goes_at_the_close(
    sqlite_url: str, tmp_path: Path
) -> None:
    marker = b"canary-of-a-reference-crop" * 40
    engine = open_engine(sqlite_url)
    store = live_deployment(engine, entries=(entry(crop=marker),))
    with engine.connect() as connection:
        sealed: bytes = connection.execute(text("SELECT crop_sealed FROM watchlist_reference")).scalar_one()

    def holding(needle: bytes) -> list[str]:
        return [f.name for f in tmp_path.iterdir() if needle in f.read_bytes()]

    clear, there = holding(marker[:26]), holding(sealed[:26])
    store.close("dep")
    left = holding(sealed[:26])
    engine.dispose()

    assert len(sealed) == len(marker) + OVERHEAD_BYTES
    assert there  # the search can find it
    assert (clear, left) == ([], [])
    assert vault_of(engine).kept(KeyKind.WATCHLIST) == ()
