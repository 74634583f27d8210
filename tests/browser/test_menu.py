"""The menu hides nothing: each page's title is whole on a laptop and on a telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lfr_core.custody.people import Rank, Role
from lfr_core.custody.people.roles import SERVICE_ROLES
from tests.support.page_login import PageLogins
from tests.support.people import authenticated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

EVERYTHING, DEE = "Alex Everything", "Dee Protection"
SCREENS = ((1366, 768), (390, 844))
COVERED = """() => {
  const title = document.querySelector('[data-testid="stMain"] h1');
  const box = title.getBoundingClientRect();
  const over = [];
  for (const x of [box.left + 2, box.left + box.width / 2, box.right - 2])
    for (const y of [box.top + 1, box.top + box.height / 2, box.bottom - 1]) {
      if (x < 0 || x >= innerWidth) continue;
      const on = document.elementFromPoint(x, y);
      if (y < 0 || !on || on.closest('[data-testid="stHeader"], [data-testid="stSidebar"]')) over.push([x, y]);
    }
  for (const each of document.querySelectorAll('[data-testid="stHeader"] *')) {
    const other = each.getBoundingClientRect();
    const seen = other.width && other.height && (each.innerText || each.tagName === 'svg');
    if (seen && other.left < box.right && other.right > box.left && other.top < box.bottom && other.bottom > box.top)
      over.push(each.innerText || each.tagName);
  }
  return {title: title.innerText, over};
}"""
"""What of the menu lies over the page's first heading: points of it, or words within its box."""


@pytest.fixture(scope="module")
def logins(logins: PageLogins, address: str) -> PageLogins:
    """With one person of every role, who has every page."""
    logins.add((EVERYTHING, Role.OPERATOR))
    roles = set(Role) - {Role.AUDITOR} - SERVICE_ROLES
    logins.people.change(EVERYTHING, roles, Rank.SUPERINTENDENT, by=authenticated("Dana Compliance"))
    return logins


def covered(
    context: BrowserContext, address: str, size: tuple[int, int], heading: str, logins: PageLogins | None = None
) -> list[object]:
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    try:
        if logins is not None:
            logins.log_in(page.context, EVERYTHING)
        page.goto(address)
        page.locator('[data-testid="stMain"] h1', has_text=heading).first.wait_for(timeout=60_000)
        page.wait_for_function("() => !document.querySelector('[data-stale=true]')", timeout=30_000)
        found = page.evaluate(COVERED)
        assert heading in found["title"]
        return list(found["over"])
    finally:
        page.close()


@pytest.mark.slow
@pytest.mark.parametrize("size", SCREENS, ids=str)
def test_the_menu_lies_over_no_title_of_a_staff_page(
    context: BrowserContext, address: str, logins: PageLogins, size: tuple[int, int]
) -> None:
    pages = {"operator": "", "planning": "Planning", "compliance": "Compliance", "enquiries": "Enquiries"}

    over = {path: covered(context, f"{address}/{path}", size, heading, logins) for path, heading in pages.items()}

    assert {path: found for path, found in over.items() if found} == {}


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "operator", "operator?deployment=dep"])
def test_the_operators_page_opens_at_its_name_too(
    context: BrowserContext, address: str, logins: PageLogins, path: str
) -> None:
    page = context.new_page()
    try:
        logins.log_in(page.context, EVERYTHING)
        page.goto(f"{address}/{path}")
        page.locator('[data-testid="stMain"] h1').first.wait_for(timeout=60_000)
        page.wait_for_function("() => !document.querySelector('[data-stale=true]')", timeout=30_000)

        assert page.get_by_text("Page not found").count() == 0
    finally:
        page.close()


@pytest.mark.parametrize(("path", "heading"), [("", "Compliance"), ("compliance", "Compliance"), ("enquiries", "Enq")])
def test_the_menu_marks_the_open_page_also_where_it_is_somebodys_first(
    context: BrowserContext, address: str, logins: PageLogins, path: str, heading: str
) -> None:
    logins.add((DEE, Role.COMPLIANCE))
    page = context.new_page()
    try:
        logins.log_in(page.context, DEE)
        page.goto(f"{address}/{path}")
        page.locator('[data-testid="stMain"] h1', has_text=heading).first.wait_for(timeout=60_000)
        menu = page.get_by_test_id("stTopNavLink")
        marked = page.locator('[data-testid="stTopNavLink"][aria-current="page"]')
        marked.filter(has_text=heading).wait_for()

        assert (marked.count(), sorted(menu.all_inner_texts())) == (1, ["Compliance", "Enquiries", "Planning"])
        for title in ("Planning", "Compliance"):
            menu.filter(has_text=title).click()
            marked.filter(has_text=title).wait_for()
            assert marked.count() == 1
    finally:
        page.close()
