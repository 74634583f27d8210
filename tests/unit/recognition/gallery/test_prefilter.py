"""The copy of a list in memory: it only leaves out who can't be an alert, and goes when it is told to."""

from random import Random

import numpy as np
import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.domain.reserved import CANARY_ENTRY, LIVE_PROBE_ENTRY
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import stored_row
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Candidate, Reference, StoredRow
from lfr_core.recognition.gallery.prefilter import MARGIN, SAMPLE, PrefilteredGallery

RNG = np.random.default_rng(17)
THRESHOLD = 0.45


def unit(rows: Floats) -> Floats:
    scaled: Floats = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


LISTED = unit(RNG.normal(size=(50, 512)).astype(np.float32))
REFERENCES = [Reference(f"r{i}", f"e{i // 2}", row) for i, row in enumerate(LISTED)]
APPROVED = {r.id: stored_row(r.id, r.entry, r.template) for r in REFERENCES}
CANARY = Reference("c", CANARY_ENTRY, unit(RNG.normal(size=512).astype(np.float32)))


class AskedGallery(ExactGallery):
    """The exact gallery, which writes down how many probes each search had."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.create("g", "contract")
        self.add("g", "contract", REFERENCES)

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        self.asked.append(len(probes))
        return super().search(name, contract_id, probes, limit, at_least=at_least)


@pytest.fixture
def store() -> AskedGallery:
    return AskedGallery()


def held(store: AskedGallery, approved: dict[str, StoredRow] = APPROVED) -> PrefilteredGallery:
    screen = PrefilteredGallery(store)
    screen.hold("g", "contract", approved)
    return screen


def probe_at(similarity: float, of: int = 7) -> Floats:
    """A probe with this similarity to a listed vector, and less to all others."""
    base, other = LISTED[of].astype(np.float64), RNG.normal(size=512)
    other -= (other @ base) * base
    other /= np.linalg.norm(other)
    probe: Floats = (similarity * base + np.sqrt(1 - similarity**2) * other).astype(np.float32)
    return probe


def test_whoever_may_reach_the_threshold_is_matched_by_the_store_in_one_call_and_nobody_else(
    store: AskedGallery,
) -> None:
    probes = np.stack([probe_at(s) for s in (0.2, 0.9, THRESHOLD, THRESHOLD - 0.01, 0.1, THRESHOLD + 0.01)])

    found = held(store).search("g", "contract", probes, 2, at_least=THRESHOLD)

    plain = ExactGallery.search(store, "g", "contract", probes, 2)
    assert store.asked == [3]
    assert [bool(one) for one in found] == [False, True, True, False, False, True]
    assert [[one.row for one in each] for each in found if each] == [[c.row for c in plain[i]] for i in (1, 2, 5)]


def test_how_near_the_nearest_on_the_list_is_to_each_probe_is_told_and_nothing_without_a_copy(
    store: AskedGallery,
) -> None:
    probes = np.stack([probe_at(0.2), probe_at(0.9)])
    screen = held(store)
    screen.search("g", "contract", probes, at_least=THRESHOLD)
    told = screen.nearest
    screen.keep_only(())
    screen.search("g", "contract", probes, at_least=THRESHOLD)

    assert told == pytest.approx([(LISTED @ probe).max() for probe in probes], abs=1e-6)
    assert screen.nearest is None


def test_a_probe_within_the_margin_of_the_threshold_is_matched_by_the_store(store: AskedGallery) -> None:
    held(store).search("g", "contract", probe_at(THRESHOLD - 0.9 * MARGIN)[None], at_least=THRESHOLD)

    assert store.asked == [1]


def test_who_names_no_threshold_is_answered_by_the_store(store: AskedGallery) -> None:
    (found,) = held(store).search("g", "contract", probe_at(0.1)[None])

    assert store.asked == [1]
    assert found


def test_without_a_copy_the_store_is_asked_for_everybody(store: AskedGallery) -> None:
    PrefilteredGallery(store).search("g", "contract", probe_at(0.1)[None], at_least=THRESHOLD)

    assert store.asked == [1]


@pytest.mark.parametrize(
    "other",
    [
        Reference("r7", "e3", LISTED[8]),
        Reference("r7", "e4", LISTED[7]),
        Reference("r0", LIVE_PROBE_ENTRY, LISTED[0]),
    ],
    ids=["another face", "another entry", "the test face"],
)
def test_nothing_is_kept_of_a_store_that_holds_something_else(store: AskedGallery, other: Reference) -> None:
    screen = PrefilteredGallery(store)
    approved = APPROVED | {other.id: stored_row(other.id, other.entry, other.template)}

    with pytest.raises(Refused) as refused:
        screen.hold("g", "contract", approved)

    assert refused.value.rule == "gallery.changed"
    assert not screen.holds("g")


@pytest.mark.parametrize(("given", "wanted"), [(1, 0), (0, 1)], ids=["one more", "one less"])
def test_nothing_is_kept_of_a_store_that_holds_more_or_less(store: AskedGallery, given: int, wanted: int) -> None:
    screen = PrefilteredGallery(store)
    store.add("g", "contract", [Reference("x", "e0", CANARY.template)] * given)
    approved = APPROVED | dict([("x", stored_row("x", "e0", CANARY.template))] * wanted)

    with pytest.raises(Refused):
        screen.hold("g", "contract", approved)

    assert not screen.holds("g")


def test_a_canary_may_be_there_or_not_and_is_never_in_the_copy(store: AskedGallery) -> None:
    approved = APPROVED | {"c": stored_row("c", CANARY_ENTRY, CANARY.template)}
    before = held(store, approved)
    store.add("g", "contract", [CANARY])
    after = held(store, approved)

    found = [each.search("g", "contract", CANARY.template[None], at_least=THRESHOLD) for each in (before, after)]

    assert found == [[[]], [[]]]
    assert store.asked == []


def test_a_store_that_lost_somebody_of_the_list_is_told_from_one_that_never_had_them(store: AskedGallery) -> None:
    screen = held(store)
    store.drop("g")
    store.create("g", "contract")
    store.add("g", "contract", [one for one in REFERENCES if one.id != "r7"])

    with pytest.raises(Retryable, match="compared anew"):
        screen.search("g", "contract", probe_at(0.9)[None], at_least=THRESHOLD)


def test_a_copy_that_is_let_go_is_overwritten_and_the_store_asked_again(store: AskedGallery) -> None:
    screen = held(store)
    vectors = screen._held["g"].reveal()  # what is overwritten can be seen nowhere else

    screen.keep_only(["another"])

    assert not vectors.any()
    assert not screen.holds("g")


def test_a_dropped_collection_leaves_no_copy(store: AskedGallery) -> None:
    screen = held(store)
    vectors = screen._held["g"].reveal()

    screen.drop("g")

    assert not vectors.any()
    assert not screen.holds("g")


@pytest.mark.parametrize("change", ["none", "one is gone", "one is somebody else", "two are swapped", "all are gone"])
def test_people_drawn_at_random_are_searched_and_a_store_that_lost_one_is_found_out(
    store: AskedGallery, change: str
) -> None:
    screen = held(store)
    one, two, other = REFERENCES[7], REFERENCES[12], unit(RNG.normal(size=512).astype(np.float32))
    rows = {
        "none": REFERENCES,
        "one is gone": [each for each in REFERENCES if each is not one],
        "one is somebody else": [*(r for r in REFERENCES if r is not one), Reference(one.id, one.entry, other)],
        "two are swapped": [
            *(each for each in REFERENCES if each not in (one, two)),
            Reference(one.id, one.entry, two.template),
            Reference(two.id, two.entry, one.template),
        ],
        "all are gone": [],
    }[change]
    store.drop("g")
    store.create("g", "contract")
    store.add("g", "contract", rows)

    found = {screen.find_sample("g", "contract", APPROVED, Random(seed)) for seed in range(60)}

    assert found == {"none": {True}, "all are gone": {False}}.get(change, {True, False})
    assert store.asked[-1] == SAMPLE


def test_without_a_copy_nobody_can_be_drawn_from_it_and_the_drawn_face_is_no_person(store: AskedGallery) -> None:
    assert PrefilteredGallery(store).find_sample("g", "contract", APPROVED, Random(1)) is None
    face = Reference("p", LIVE_PROBE_ENTRY, unit(RNG.normal(size=512).astype(np.float32)))
    store.drop("g")
    store.create("g", "contract")
    store.add("g", "contract", [face])
    screen = held(store, {"p": stored_row("p", LIVE_PROBE_ENTRY, face.template)})

    assert screen.find_sample("g", "contract", APPROVED, Random(1)) is True
    assert store.asked == []
