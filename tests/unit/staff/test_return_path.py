"""After a login one comes back to the page that one opened, and never to anybody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from apps.staff.return_path import BACK_TO, COOKIE, ReturnPath
from lfr_core.common.errors import Refused

ADDRESS = "http://127.0.0.1:8501"


async def _answer(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("a page")


def ask(path: str, *, cookie: str = "", is_in: bool = False, base: str = "") -> httpx.Response:
    """Open a page with that cookie, logged in or not."""

    def check(_claims: Mapping[str, object]) -> object:
        if not is_in:
            raise Refused("login.none", "nobody is logged in")
        return None

    guard = Middleware(ReturnPath, base=base, origin=ADDRESS, check=check)
    app = Starlette(routes=[Route("/{path:path}", _answer)], middleware=[guard])

    async def get() -> httpx.Response:
        headers = {"cookie": f"{COOKIE}={cookie}"} if cookie else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as client:
            return await client.get(f"{ADDRESS}{path}", headers=headers)

    return asyncio.run(get())


@pytest.mark.parametrize("base", ["", "/lfr"])
def test_a_page_that_is_opened_without_a_login_is_led_back_to_once(base: str) -> None:
    kept = ask(f"{base}/planning?deployment=market-0412", base=base).headers["set-cookie"]
    assert kept.startswith(f"{COOKIE}=planning?deployment=market-0412; Max-Age=900; Path={base or '/'}; HttpOnly")
    back = ask(f"{base}/", cookie="planning?deployment=market-0412", is_in=True, base=base)

    assert (back.status_code, back.headers["location"]) == (303, f"{base}/planning?deployment=market-0412")
    assert "Max-Age=0" in back.headers["set-cookie"]


def test_nothing_is_kept_of_whoever_is_in_or_opens_the_first_page() -> None:
    assert "set-cookie" not in ask("/planning?deployment=a", is_in=True).headers
    assert "set-cookie" not in ask("/").headers
    opened = ask("/", cookie="planning")  # not logged in: the first page is what is wanted now
    assert opened.status_code == 200
    assert "Max-Age=0" in opened.headers["set-cookie"]


@pytest.mark.parametrize("base", ["", "/lfr"])
def test_a_page_whose_session_has_ended_is_come_back_to_as_well(base: str) -> None:
    kept = ask(f"{base}/auth/login?provider=x&{BACK_TO}=enquiries%3Fpart%3DTake%2Ba%2Brequest", base=base)

    assert kept.headers["set-cookie"].startswith(f"{COOKIE}=enquiries?part=Take+a+request; Max-Age=900")
    assert "set-cookie" not in ask(f"{base}/auth/login?provider=x&{BACK_TO}=%2F%2Felsewhere.test", base=base).headers
    assert "set-cookie" not in ask(f"{base}/auth/login?provider=x", base=base).headers


@pytest.mark.parametrize(
    "where",
    [
        "https://elsewhere.test/",
        "//elsewhere.test/planning",
        "/planning",
        "planning/../../elsewhere",
        "planning@elsewhere.test",
        "planning?next=//elsewhere.test",
        "planning?x=%0d%0aSet-Cookie:y",
        "oauth2callback?code=1",
        "auth/logout",
        "planning?" + "a" * 500,
        "\\\\elsewhere.test",
    ],
)
def test_a_cookie_that_says_anything_but_one_of_our_pages_leads_nowhere_else(where: str) -> None:
    back = ask("/", cookie=where, is_in=True)

    if back.status_code == 303:  # a query of ours, whatever it says, stays one
        assert back.headers["location"] == "/" + where
        assert where.startswith("planning?")
    else:
        assert (back.status_code, "location" in back.headers) == (200, False)
