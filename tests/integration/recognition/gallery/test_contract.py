"""What every gallery promises, run on the numpy reference and on a real Milvus Lite server."""

import numpy as np
import numpy.typing as npt
import pytest

from lfr_core.common.errors import Fatal, LfrError, Poison, Refused
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.binding import Difference, compare_rows, gallery_digest
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Candidate, Gallery, Reference
from tests.support.tiers import leave_to_long

CONTRACT = "contract-a"


def unit_rows(rows: npt.NDArray[np.float64]) -> Floats:
    unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def units(rng: np.random.Generator, n: int) -> Floats:
    return unit_rows(rng.normal(size=(n, 512)))


def near(rows: Floats, rng: np.random.Generator, noise: float = 0.02) -> Floats:
    return unit_rows(rows + rng.normal(scale=noise, size=rows.shape))


def references(rows: Floats, per_entry: int = 1) -> list[Reference]:
    return [Reference(f"r{i:05}", f"e{i // per_entry:05}", row) for i, row in enumerate(rows)]


def same(found: list[list[Candidate]], expected: list[list[Candidate]]) -> None:
    assert [[(c.entry, c.reference) for c in row] for row in found] == [
        [(c.entry, c.reference) for c in row] for row in expected
    ]
    assert [c.similarity for row in found for c in row] == pytest.approx(
        [c.similarity for row in expected for c in row], abs=1e-6
    )


def test_a_probe_finds_its_entry_with_the_inner_product_as_similarity(gallery: Gallery) -> None:
    rng = np.random.default_rng(1)
    rows = units(rng, 50)
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, references(rows))
    probe = near(rows[7:8], rng)

    (candidates,) = gallery.search("g", CONTRACT, probe, limit=3)

    assert len(candidates) == 3
    assert candidates[0].entry == "e00007"
    assert candidates[0].reference == "r00007"
    assert candidates[0].similarity == pytest.approx(float(probe[0] @ rows[7]), abs=1e-6)
    assert [c.similarity for c in candidates] == sorted((c.similarity for c in candidates), reverse=True)


def test_an_empty_gallery_has_no_candidates(gallery: Gallery) -> None:
    gallery.create("g", CONTRACT)

    assert gallery.search("g", CONTRACT, units(np.random.default_rng(2), 2)) == [[], []]
    assert gallery.count("g") == 0


def test_no_probes_give_no_rows(gallery: Gallery) -> None:
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, references(units(np.random.default_rng(3), 3)))

    assert gallery.search("g", CONTRACT, np.zeros((0, 512), np.float32)) == []


def test_a_limit_beyond_the_entries_gives_each_entry_once(gallery: Gallery) -> None:
    rng = np.random.default_rng(4)
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, references(units(rng, 12), per_entry=3))

    (candidates,) = gallery.search("g", CONTRACT, units(rng, 1), limit=10)

    assert sorted(c.entry for c in candidates) == ["e00000", "e00001", "e00002", "e00003"]


def test_an_entry_with_hundreds_of_references_does_not_push_out_the_others(gallery: Gallery) -> None:
    rng = np.random.default_rng(5)
    person = units(rng, 1)
    crowd = [Reference(f"c{i:04}", "crowd", row) for i, row in enumerate(near(np.repeat(person, 300, 0), rng, 0.005))]
    others = [Reference(f"o{i}", f"other{i}", row) for i, row in enumerate(units(rng, 5))]
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, crowd + others)

    (candidates,) = gallery.search("g", CONTRACT, person, limit=4)

    assert candidates[0].entry == "crowd"
    assert len({c.entry for c in candidates}) == 4


def test_ties_are_ordered_by_entry_then_reference(gallery: Gallery) -> None:
    person = units(np.random.default_rng(6), 1)[0]
    tied = [Reference(f"r{99 - i:02}", f"e{i % 30:02}", person) for i in range(90)]
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, tied)

    (candidates,) = gallery.search("g", CONTRACT, person[None], limit=3)

    assert [(c.entry, c.reference) for c in candidates] == [("e00", "r39"), ("e01", "r38"), ("e02", "r37")]
    assert len({c.similarity for c in candidates}) == 1


def test_adding_the_same_again_changes_nothing(gallery: Gallery) -> None:
    rng = np.random.default_rng(7)
    rows = references(units(rng, 5))
    probes = units(rng, 3)
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, rows[:3])
    gallery.add("g", CONTRACT, rows)
    before = gallery.search("g", CONTRACT, probes, limit=5)

    gallery.add("g", CONTRACT, [*rows, rows[0]])

    assert gallery.count("g") == 5
    assert gallery.search("g", CONTRACT, probes, limit=5) == before


def test_more_rows_than_one_message_holds_are_all_there(gallery: Gallery) -> None:
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, references(units(np.random.default_rng(8), 1203)))

    assert gallery.count("g") == 1203


@pytest.mark.parametrize("fault", ["nan", "infinity", "norm", "dimension", "zero"])
def test_a_bad_template_among_good_ones_is_refused_and_nothing_is_written(gallery: Gallery, fault: str) -> None:
    good = units(np.random.default_rng(9), 3)
    bad = good[1].copy()
    if fault == "dimension":
        bad = bad[:511]
    elif fault == "norm":
        bad *= 1.001
    elif fault == "zero":
        bad[:] = 0
    else:
        bad[3] = np.nan if fault == "nan" else np.inf
    gallery.create("g", CONTRACT)

    with pytest.raises(Poison):
        gallery.add("g", CONTRACT, [*references(good), Reference("bad", "bad", bad)])

    assert gallery.count("g") == 0


def test_a_bad_probe_is_refused(gallery: Gallery) -> None:
    rows = units(np.random.default_rng(10), 2)
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, references(rows))

    with pytest.raises(Poison):
        gallery.search("g", CONTRACT, rows * 1.01)
    with pytest.raises(Poison):
        gallery.search("g", CONTRACT, rows[:, :500])


def test_another_embedding_contract_can_neither_search_nor_add(gallery: Gallery) -> None:
    rows = units(np.random.default_rng(11), 2)
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, references(rows))

    with pytest.raises(Fatal, match="contract-b"):
        gallery.search("g", "contract-b", rows)
    with pytest.raises(Fatal, match="contract-b"):
        gallery.add("g", "contract-b", references(rows))
    assert gallery.count("g") == 2


def test_a_gallery_is_never_made_twice(gallery: Gallery) -> None:
    gallery.create("g", CONTRACT)

    with pytest.raises(Refused) as caught:
        gallery.create("g", "contract-b")

    assert caught.value.rule == "gallery.exists"
    assert gallery.names() == ["g"]


def test_an_unknown_gallery_is_named_as_such(gallery: Gallery) -> None:
    rows = units(np.random.default_rng(12), 1)
    rules = []
    for call in (
        lambda: gallery.search("nope", CONTRACT, rows),
        lambda: gallery.add("nope", CONTRACT, references(rows)),
        lambda: gallery.count("nope"),
    ):
        with pytest.raises(Refused) as caught:
            call()
        rules.append(caught.value.rule)

    assert rules == ["gallery.unknown"] * 3


def test_a_dropped_gallery_is_gone_and_dropping_again_is_no_error(gallery: Gallery) -> None:
    rows = units(np.random.default_rng(13), 2)
    for name in ("g", "h"):
        gallery.create(name, CONTRACT)
        gallery.add(name, CONTRACT, references(rows))
    gallery.search("g", CONTRACT, rows)

    gallery.drop("g")
    gallery.drop("g")

    assert gallery.names() == ["h"]
    with pytest.raises(Refused):
        gallery.search("g", CONTRACT, rows)
    assert gallery.count("h") == 2


def test_a_gallery_made_again_under_its_name_is_empty_and_bound_anew(gallery: Gallery) -> None:
    rows = units(np.random.default_rng(14), 2)
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, references(rows))
    gallery.drop("g")

    gallery.create("g", "contract-b")

    assert gallery.search("g", "contract-b", rows) == [[], []]
    with pytest.raises(Fatal):
        gallery.search("g", CONTRACT, rows)


def test_a_name_that_is_none_is_refused(gallery: Gallery) -> None:
    for call in (lambda: gallery.create("a-b", CONTRACT), lambda: gallery.drop("a b"), lambda: gallery.count("")):
        with pytest.raises(LfrError, match="can't name a gallery"):
            call()


@pytest.mark.parametrize("seed", leave_to_long(range(2), but=[0]))
def test_milvus_agrees_with_the_exact_reference(milvus_gallery: MilvusGallery, seed: int) -> None:
    rng = np.random.default_rng([15, seed])
    people = units(rng, 40)
    listed = [
        Reference(f"r{p:02}-{i:02}", f"e{p:02}", row)
        for p in range(len(people))
        for i, row in enumerate(near(np.repeat(people[p : p + 1], rng.integers(1, 30), 0), rng))
    ]
    # some templates stand twice in an entry, and under two entries
    listed += [Reference(f"twin{i}", listed[i].entry, listed[i].template) for i in range(0, 200, 5)]
    listed += [Reference(f"other{i}", f"x{i}", listed[i].template) for i in range(0, 200, 7)]
    exact = ExactGallery()
    for gallery in (exact, milvus_gallery):
        gallery.create("g", CONTRACT)
        gallery.add("g", CONTRACT, [listed[i] for i in rng.permutation(len(listed))])
    probes = np.concatenate([near(people[:20], rng), units(rng, 5), np.stack([r.template for r in listed[:15]])])

    for limit in (1, 3, 30):
        same(
            milvus_gallery.search("g", CONTRACT, probes, limit=limit), exact.search("g", CONTRACT, probes, limit=limit)
        )


def test_what_was_put_in_is_read_back_bit_for_bit(gallery: Gallery) -> None:
    rng = np.random.default_rng(17)
    gallery.create("g", CONTRACT)
    rows = units(rng, 1_200)  # more than one page
    rows[0, :3] = (-0.0, 1e-40, 0.0)  # a negative zero and a subnormal number
    rows[0] /= np.linalg.norm(rows[0])
    some = references(rows, per_entry=2)

    handed = gallery.add("g", CONTRACT, some)

    assert [(row.id, row.entry) for row in handed] == [(one.id, one.entry) for one in some]
    assert compare_rows(handed, gallery.rows("g", CONTRACT)) == Difference()
    assert sorted(row.id for row in gallery.rows("g", CONTRACT, ["r00003", "r01199", "nobody"])) == ["r00003", "r01199"]
    assert gallery_digest(gallery.rows("g", CONTRACT)) == gallery_digest(reversed(handed))


def test_rows_of_an_unknown_gallery_or_another_contract_are_refused(gallery: Gallery) -> None:
    with pytest.raises(Refused):
        gallery.rows("g", CONTRACT)
    gallery.create("g", CONTRACT)

    assert gallery.rows("g", CONTRACT) == ()
    with pytest.raises(Fatal):
        gallery.rows("g", "another")
