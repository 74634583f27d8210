"""What stands around the pages: hosts, headers, cookies, and options that no folder's file changes."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from apps.http_guards import AnswerHeaders, HostGuard, page_headers
from apps.staff.launch import health_address
from apps.staff.server import staff_options
from lfr_core.common.settings import Settings

ADDRESS = "http://127.0.0.1:8501"
GUARDS = (
    Middleware(AnswerHeaders, headers=page_headers("https://login.example.test"), is_secure=False),
    Middleware(HostGuard, address=ADDRESS),
)


async def _answer(_request: Request) -> PlainTextResponse:
    answer = PlainTextResponse("a page")
    answer.set_cookie("_streamlit_user", "x", httponly=True)
    return answer


def ask(path: str, *middleware: Middleware, host: str = "127.0.0.1:8501") -> httpx.Response:
    """Ask a page behind that middleware."""
    app = Starlette(routes=[Route("/{path:path}", _answer)], middleware=middleware or GUARDS)

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as client:
            return await client.get(f"{ADDRESS}{path}", headers={"host": host})

    return asyncio.run(get())


def test_no_answer_may_be_framed_or_run_a_script_that_is_not_streamlits() -> None:
    headers = ask("/").headers
    policy = headers["content-security-policy"]

    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    script = re.search(r"script-src ([^;]*)", policy)
    assert script is not None
    assert "unsafe-inline" not in script[1]
    assert re.fullmatch(r"'self'( 'sha256-[\w+/=]+')+", script[1])
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_page_opened_under_another_of_its_names_goes_to_the_one_people_log_in_at() -> None:
    there = ask("//evil.example/planning?deployment=d", host="localhost:8501")

    assert (there.status_code, there.headers["location"]) == (307, f"{ADDRESS}/evil.example/planning?deployment=d")
    assert ask("/planning").status_code == 200
    assert ask("/_stcore/health", host="localhost:8501").status_code == 200


@pytest.mark.parametrize("is_secure", [True, False])
def test_cookies_are_for_https_alone_where_the_page_has_such_an_address(*, is_secure: bool) -> None:
    kept = ask("/", Middleware(AnswerHeaders, headers={}, is_secure=is_secure)).headers["set-cookie"]

    assert kept.endswith("; Secure") is is_secure
    assert "HttpOnly" in kept


def test_a_page_behind_a_proxy_answers_below_its_path_and_to_its_origin_alone() -> None:
    settings = Settings(page_url="https://force.example/lfr/", page_hosts=("force.example",), operator_port=8501)
    options = staff_options(settings)

    assert options["server.baseUrlPath"] == "lfr"
    assert options["server.corsAllowedOrigins"] == ["https://force.example"]
    assert options["server.allowedHosts"] == ["force.example"]
    assert health_address(settings) == "http://127.0.0.1:8501/lfr/_stcore/health"


def test_who_somebody_is_never_comes_from_a_header() -> None:
    options = staff_options(Settings())

    assert options["server.trustedUserHeaders"] == "{}"
    assert options["server.enableAgentApi"] is False
    assert options["server.enableXsrfProtection"] is True
    assert options["secrets.files"] == []
