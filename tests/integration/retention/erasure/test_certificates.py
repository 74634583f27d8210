"""Everything injected by the ordinary ways, purged by the real steps, and searched for in real stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.domain.deployments import DeploymentView
from lfr_core.recognition.gallery.port import Reference
from lfr_core.retention.erasure.canary import CanaryKind, PositiveControl
from lfr_core.retention.erasure.forms import random_template
from lfr_core.retention.erasure.inject import inject_template
from lfr_core.retention.erasure.verify import Verdict, Verification
from tests.support.brokers import new_kafka
from tests.support.erasure_harness import DAY_S, ErasureHarness
from tests.support.milvus import MilvusServer

pytestmark = pytest.mark.kafka

AFTER_ALL_S = 40 * DAY_S


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory, kafka_libs: Path) -> Iterator[ErasureHarness]:
    """With a broker of its own: the whole of its folder is read at each search."""
    home = tmp_path_factory.mktemp("home")
    milvus = MilvusServer(home / "milvus").start()
    broker = new_kafka(tmp_path_factory.mktemp("broker"), kafka_libs)
    broker.start()
    harness = ErasureHarness(home, milvus, broker)
    yield harness
    harness.close()
    broker.stop()
    milvus.kill()


def kinds_failing(view: DeploymentView, harness: ErasureHarness, search: Verification) -> set[CanaryKind]:
    """Kinds with a failed finding."""
    from lfr_core.retention.erasure.canary import CanaryFile
    from lfr_core.retention.erasure.places import canary_folder

    kinds = {one.id: one.kind for one in CanaryFile(canary_folder(harness.settings), view.id).read()}
    return {
        kinds[finding.canary]
        for result in search.stores
        for finding in result.findings
        if finding.verdict in (Verdict.FOUND_CLEAR, Verdict.OPENABLE)
    }


def all_kinds() -> list[frozenset[CanaryKind]]:
    return [frozenset({kind}) for kind in CanaryKind]


@pytest.mark.slow
def test_what_was_injected_is_found_as_stored_and_nowhere_in_the_clear(harness: ErasureHarness) -> None:
    view = harness.live("injected")

    injected = harness.inject(view)
    search = harness.verify(view)

    assert {one.kind for one in injected} == set(CanaryKind)
    assert {one.kind: one.control for one in injected} == dict.fromkeys(CanaryKind, PositiveControl.FOUND)
    assert search.failures == ()
    assert search.engine_control
    assert {
        result.store: result.bytes_read > 0
        for result in search.stores
        if result.store in {"database", "gallery", "broker", "footage", "keystore"}
    } == dict.fromkeys(("database", "gallery", "broker", "footage", "keystore"), True)


@pytest.mark.slow
def test_with_purging_switched_off_everything_that_is_due_fails(harness: ErasureHarness) -> None:
    view = harness.live("no-purges")
    harness.inject(view)
    harness.end(view)

    search = harness.verify(view, later_s=AFTER_ALL_S)

    assert kinds_failing(view, harness, search) == set(CanaryKind)
    assert not search.passed


@pytest.mark.slow
@pytest.mark.parametrize("left_out", all_kinds(), ids=lambda kinds: "-".join(sorted(kinds)))
def test_a_certificate_fails_for_just_the_purge_that_was_left_out(
    harness: ErasureHarness, left_out: frozenset[CanaryKind]
) -> None:
    view = harness.live("without-" + "-".join(sorted(left_out)))
    harness.inject(view)
    harness.end(view)
    purges = harness.purges(view, harness.clock.time_ns() + round(AFTER_ALL_S * 1e9))
    assert left_out in purges

    for kinds, purge in purges.items():
        if kinds != left_out:
            purge()
    search = harness.verify(view, later_s=AFTER_ALL_S)
    output = harness.certify(view, search).certificate

    assert kinds_failing(view, harness, search) == set(left_out)
    assert not output.search.passed

    purges[left_out]()
    again = harness.verify(view, later_s=AFTER_ALL_S)

    assert again.failures == ()


def test_the_way_each_kind_goes(harness: ErasureHarness) -> None:
    """Rows and vectors are gone; what the broker keeps for its retention is sealed and unopenable."""
    view = harness.live("all-purged")
    injected = harness.inject(view)
    harness.end(view)
    for purge in harness.purges(view, harness.clock.time_ns() + round(AFTER_ALL_S * 1e9)).values():
        purge()

    search = harness.verify(view, later_s=AFTER_ALL_S)

    verdicts = {
        one.kind: next(
            f.verdict for r in search.stores if r.store == one.store for f in r.findings if f.canary == one.id
        )
        for one in injected
    }
    assert verdicts.pop(CanaryKind.FRAME) in (Verdict.SEALED, Verdict.GONE)  # the broker keeps it for a minute
    assert verdicts == {
        CanaryKind.TEMPLATE: Verdict.GONE,
        CanaryKind.REFERENCE: Verdict.GONE,
        CanaryKind.ALERT: Verdict.GONE,
        CanaryKind.FOOTAGE: Verdict.GONE,
        CanaryKind.SIGHTING: Verdict.SEALED,
    }


@pytest.mark.slow
def test_a_vector_is_found_raw_among_thousands_so_nothing_hides_it_by_packing(harness: ErasureHarness) -> None:
    view = harness.live("crowded")
    gallery = harness.gallery(harness.plain_gallery)
    others = [Reference(f"r{n}", f"e{n}", random_template(harness.random)) for n in range(2_000)]
    gallery.add(view.gallery, view.contract_id, others[:1_000])
    injected = inject_template(
        view, harness.gallery, harness.plain_gallery, harness.engine, clock=harness.clock, random=harness.random
    )
    gallery.add(view.gallery, view.contract_id, others[1_000:])

    assert harness.remember(view, [injected])[0].control is PositiveControl.FOUND
    found = [f for r in harness.verify(view).stores for f in r.findings if f.verdict is Verdict.FOUND_CLEAR]
    assert found == []
