"""A category as people write it, and as the closed list has it."""

from __future__ import annotations

import re

from lfr_core.domain.watchlists import Category

__all__ = ["EXPLAINED", "category_words", "parse_category"]

EXPLAINED: dict[Category, str] = {
    Category.WANTED_BY_FORCE: "wanted by the force",
    Category.WANTED_BY_COURTS: "wanted by the courts",
    Category.BREACH_OF_COURT_ORDER: "in breach of a strict court order",
    Category.HIGH_RISK_MISSING: "high-risk missing person",
    Category.VICTIM: "victim to locate",
    Category.CRUCIAL_WITNESS: "person believed to have crucial information in a serious crime",
    Category.BLUE_LIST: "blue-list test subject: a volunteer who tests the accuracy",
}
"""The closed list in plain English (docs/design.md#the-promises)."""

_SAID: dict[Category, tuple[str, ...]] = {
    Category.WANTED_BY_FORCE: ("wanted by police",),
    Category.WANTED_BY_COURTS: ("wanted by court", "wanted on warrant", "court warrant"),
    Category.BREACH_OF_COURT_ORDER: ("in breach of court order", "breach of strict court order", "court order breach"),
    Category.HIGH_RISK_MISSING: ("high risk missing", "missing high risk", "missing person high risk"),
    Category.VICTIM: (),
    Category.CRUCIAL_WITNESS: ("person with crucial information", "crucial information"),
    Category.BLUE_LIST: ("bluelist", "test subject", "blue list subject", "blue list test subject"),
}


def category_words(value: str) -> str:
    """Return a category of the closed list in plain English, by how it is stored; another text as it is."""
    return EXPLAINED[Category(value)] if value in set(Category) else value


def _plain(text: str) -> str:
    """Return a name in lower case, with one space between words and no articles."""
    words = re.split(r"[\s_\-‐‑–]+", text.strip().casefold())  # the hyphens that word processors put in
    return " ".join(word for word in words if word and word not in {"the", "a", "an"})


_BY_WORDS: dict[str, Category] = {
    _plain(words): category
    for category in Category
    for words in (category.value, EXPLAINED[category], *_SAID[category])
}


def parse_category(text: str) -> Category | None:
    """Return the category that `text` names, else None; case, spaces, hyphens, underscores and articles don't matter.

    Example:
        >>> parse_category("Wanted by the courts")
        <Category.WANTED_BY_COURTS: 'wanted_by_courts'>
    """
    return _BY_WORDS.get(_plain(text))
