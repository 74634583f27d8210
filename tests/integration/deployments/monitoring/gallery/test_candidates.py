"""Nobody is a candidate who isn't on the approved list, whatever was put into the gallery since it was compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lfr_core.common.errors import Refused
from lfr_core.deployments.gallery_binding import allow_canary
from lfr_core.deployments.monitoring.gallery import GalleryCheck
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.messages import NOT_LISTED
from lfr_core.domain.reserved import CANARY_ENTRY, LIVE_PROBE_ENTRY
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import stored_row
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.prefilter import PrefilteredGallery
from lfr_core.recognition.gallery.ranking import Hit
from lfr_core.recognition.loading import ComparedGallery
from tests.support.altered_galleries import Tampered, find_row, retry_while_unavailable, shut_by, watch_of
from tests.support.galleries import reference
from tests.support.milvus import MilvusServer
from tests.support.overwriting import overwriting
from tests.support.planning import PlanningHarness
from tests.support.records import entry
from tests.support.tiers import leave_to_long

S = DeploymentStatus
ENTRIES = tuple(entry(f"person-{n}") for n in range(6))


STRANGER = reference("not on the list", "somebody")


def slipped_in(by: Tampered) -> Reference:
    by.put(STRANGER)
    return STRANGER


def given_an_entry_of_the_list(by: Tampered) -> Reference:
    """Another photograph for somebody who is on the list."""
    by.put(Reference(STRANGER.id, "person-1", STRANGER.template))
    return STRANGER


def put_in_the_place_of_a_listed_photograph(by: Tampered) -> Reference:
    """Id and entry are of the list, the face isn't."""
    one = reference("person-1/1", "person-1")
    by.put(Reference(one.id, one.entry, STRANGER.template))
    return STRANGER


def called_the_test_face(by: Tampered) -> Reference:
    by.put(Reference("another", LIVE_PROBE_ENTRY, STRANGER.template))
    return STRANGER


def called_a_canary(by: Tampered) -> Reference:
    by.put(Reference("another", CANARY_ENTRY, STRANGER.template))
    return STRANGER


@pytest.mark.parametrize(
    "slip",
    leave_to_long(
        [slipped_in, given_an_entry_of_the_list, put_in_the_place_of_a_listed_photograph, called_the_test_face,
         called_a_canary],
        but=[slipped_in, called_a_canary],
    ),
    ids=lambda slip: slip.__name__,
)  # fmt: skip
def test_a_person_put_in_between_two_comparisons_is_no_candidate_and_the_deployment_is_suspended(
    harness: PlanningHarness, tampered: Callable[[], Tampered], slip: Callable[[Tampered], Reference]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name, listed = find_row(harness).gallery or "", reference("person-2/1", "").template[None]
    loaded = ComparedGallery(harness.gallery, GalleryCheck(harness.engine, harness.gallery, harness.clock))
    before = retry_while_unavailable(lambda: loaded.search(name, "contract", listed))
    stranger = slip(tampered())

    with pytest.raises(Refused) as refused:
        loaded.search(name, "contract", stranger.template[None])
    with pytest.raises(Refused) as shut:
        retry_while_unavailable(lambda: loaded.search(name, "contract", listed))

    assert before[0][0].entry == "person-2"
    assert refused.value.rule == NOT_LISTED
    assert shut.value.rule == "gallery.changed"
    assert shut_by(harness) != ""
    watch_of(harness).tick()
    assert find_row(harness).status == S.SUSPENDED


@pytest.mark.parametrize(
    "slip",
    leave_to_long([slipped_in, put_in_the_place_of_a_listed_photograph], but=[slipped_in]),
    ids=lambda slip: slip.__name__,
)
def test_with_a_copy_of_the_list_nobody_put_in_is_a_candidate_and_who_was_taken_out_suspends(
    harness: PlanningHarness, tampered: Callable[[], Tampered], slip: Callable[[Tampered], Reference]
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name = find_row(harness).gallery or ""
    listed = [reference(f"person-{one}/1", "").template[None] for one in (1, 2)]
    assert isinstance(harness.gallery, MilvusGallery)
    screen = PrefilteredGallery(harness.gallery)
    loaded = ComparedGallery(screen, GalleryCheck(harness.engine, harness.gallery, harness.clock), screen)
    before = retry_while_unavailable(lambda: loaded.search(name, "contract", listed[1], at_least=0.45))
    while not screen.holds(name):
        loaded.search(name, "contract", listed[1], at_least=0.45)
    stranger = slip(tampered())

    found = loaded.search(name, "contract", stranger.template[None], at_least=0.45)

    assert before[0][0].entry == "person-2"
    assert found == [[]]
    if slip is put_in_the_place_of_a_listed_photograph:
        with pytest.raises(Refused) as shut:
            retry_while_unavailable(lambda: loaded.search(name, "contract", listed[0], at_least=0.45))
        assert shut.value.rule == "gallery.changed"
        assert not screen.holds(name)
    watch_of(harness).tick()
    assert find_row(harness).status == S.SUSPENDED


def test_a_similarity_that_the_store_only_says_is_nobodys(harness: PlanningHarness, milvus: MilvusServer) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name, stranger = find_row(harness).gallery or "", STRANGER.template[None]

    class Liar(MilvusGallery):
        """What a store could answer: a listed photograph, at a similarity that it hasn't."""

        def _hits(self, name: str, probes: Floats, wanted: int) -> list[list[Hit]]:
            return [[Hit(hit.reference, hit.entry, 0.99) for hit in of] for of in super()._hits(name, probes, wanted)]

    liar = Liar(milvus.uri)
    loaded = ComparedGallery(liar, GalleryCheck(harness.engine, harness.gallery, harness.clock))

    with pytest.raises(Refused) as refused:
        retry_while_unavailable(lambda: loaded.search(name, "contract", stranger))

    liar.close()
    assert refused.value.rule == NOT_LISTED


def test_a_canary_injected_after_the_comparison_is_a_candidate_once_the_records_know_it(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.LIVE, entries=ENTRIES)
    name, canary = find_row(harness).gallery or "", reference("canary-1", CANARY_ENTRY)
    loaded = ComparedGallery(harness.gallery, GalleryCheck(harness.engine, harness.gallery, harness.clock))
    retry_while_unavailable(lambda: loaded.search(name, "contract", canary.template[None]))
    with overwriting(harness.engine) as session:
        allow_canary(session, "dep", stored_row(canary.id, canary.entry, canary.template))
    harness.gallery.add(name, "contract", [canary])

    found = loaded.search(name, "contract", canary.template[None])

    assert found[0][0].entry == CANARY_ENTRY
