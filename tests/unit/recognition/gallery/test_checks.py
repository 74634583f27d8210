import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.recognition.gallery.checks import check_name, check_probes, check_references, gallery_name
from lfr_core.recognition.gallery.port import Reference


def unit(seed: int = 0) -> np.ndarray:
    row = np.random.default_rng(seed).normal(size=512)
    return (row / np.linalg.norm(row)).astype(np.float32)


def test_a_unit_template_passes_and_comes_back_as_float32() -> None:
    checked = check_probes(unit()[None].astype(np.float64))

    assert checked.dtype == np.float32
    assert checked.shape == (1, 512)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_template_with_nan_or_infinity_is_refused(bad: float) -> None:
    row = unit()
    row[7] = bad

    with pytest.raises(Poison, match="NaN or infinity"):
        check_probes(np.stack([unit(1), row]))


def scaled(norm: float) -> np.ndarray:
    row = np.zeros((1, 512))
    row[0, 0] = norm
    return row


@pytest.mark.parametrize("norm", [1.00019, 0.99981])
def test_a_norm_off_one_by_less_than_two_ten_thousandths_passes(norm: float) -> None:
    assert check_probes(scaled(norm)).shape == (1, 512)


@pytest.mark.parametrize("norm", [1.00021, 0.99979])
def test_a_norm_off_one_by_more_is_refused(norm: float) -> None:
    with pytest.raises(Poison, match="norm"):
        check_probes(scaled(norm))


def test_a_zero_template_is_refused() -> None:
    with pytest.raises(Poison, match="norm"):
        check_probes(np.zeros((1, 512)))


@pytest.mark.parametrize("shape", [(1, 511), (1, 513), (512,), (1, 1, 512), ()])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(Poison, match="shape"):
        check_probes(np.ones(shape))


def test_no_probes_are_no_error() -> None:
    assert check_probes(np.zeros((0, 512))).shape == (0, 512)


def test_words_in_place_of_numbers_are_refused() -> None:
    with pytest.raises(Poison, match="numbers"):
        check_probes(np.array([["a"] * 512]))


@pytest.mark.parametrize("word", ["", "a" * 129, 'a"b', "a'b", "a\\b", "a\nb", "é" * 65])
def test_an_id_that_could_end_a_filter_or_is_too_long_is_refused(word: str) -> None:
    with pytest.raises(Poison, match="id"):
        check_references([Reference(word, "e", unit())])
    with pytest.raises(Poison, match="entry"):
        check_references([Reference("r", word, unit())])


def test_one_id_with_two_templates_is_refused() -> None:
    with pytest.raises(Poison, match="twice"):
        check_references([Reference("r", "e", unit(1)), Reference("r", "e", unit(2))])


def test_one_id_under_two_entries_is_refused() -> None:
    with pytest.raises(Poison, match="twice"):
        check_references([Reference("r", "e", unit()), Reference("r", "f", unit())])


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "a" * 256, "é"])
def test_a_name_milvus_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(Poison, match="gallery_name"):
        check_name(name)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=2, unique=True))
def test_two_deployments_never_share_a_gallery(deployments: list[str]) -> None:
    first, second = (gallery_name(d) for d in deployments)

    assert first != second
