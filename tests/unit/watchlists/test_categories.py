import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.project import PROJECT
from lfr_core.domain.categories import EXPLAINED, parse_category
from lfr_core.domain.watchlists import Category


@pytest.mark.parametrize(
    ("output", "category"),
    [
        ("wanted_by_force", Category.WANTED_BY_FORCE),
        ("Wanted by the force", Category.WANTED_BY_FORCE),
        ("  wanted   by-the_COURTS ", Category.WANTED_BY_COURTS),
        ("in breach of a strict court order", Category.BREACH_OF_COURT_ORDER),
        ("high-risk missing", Category.HIGH_RISK_MISSING),
        ("High‑risk missing person", Category.HIGH_RISK_MISSING),
        ("victim to locate", Category.VICTIM),
        ("Person believed to have crucial information in a serious crime", Category.CRUCIAL_WITNESS),
        ("blue list", Category.BLUE_LIST),
        ("Blue-List", Category.BLUE_LIST),
    ],
)
def test_a_ground_is_taken_as_people_write_it(output: str, category: Category) -> None:
    assert parse_category(output) is category


@pytest.mark.parametrize("output", ["", "wanted", "intelligence interest", "person of interest", "protester", "the"])
def test_what_is_no_lawful_ground_is_none(output: str) -> None:
    assert parse_category(output) is None


@pytest.mark.parametrize("category", Category)
def test_every_category_is_known_by_its_name_and_its_explanation(category: Category) -> None:
    assert parse_category(category.value) is category
    assert parse_category(EXPLAINED[category]) is category


@given(st.sampled_from(list(Category)), st.sampled_from([" ", "-", "_", "  "]), st.booleans())
def test_case_and_separators_do_not_matter(category: Category, separator: str, loud: bool) -> None:  # noqa: FBT001  hypothesis
    output = category.value.replace("_", separator)

    assert parse_category(output.upper() if loud else output) is category


def test_nothing_shows_a_category_by_its_stored_name() -> None:
    """Pages and forms would say it in two ways."""
    by_hand = re.compile(r"""categor\w*(\.value)?\s*[.|]\s*replace\(""")
    shown = [each for folder in ("apps", "lfr_core") for each in (PROJECT / folder).rglob("*.*")]
    texts = [each for each in shown if each.suffix in {".py", ".html", ".j2"}]

    assert len(texts) > 500  # it looks
    assert [str(each) for each in texts if by_hand.search(each.read_text(encoding="utf-8"))] == []
