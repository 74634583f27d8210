"""A browser that says what no page of ours would: over the web socket and in uploads, logged in and not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.connection import Connection

from apps.demo.page_login import log_in_to_page
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.people import Role
from tests.support.identity import PASSWORD
from tests.support.page_login import PageLogins
from tests.support.page_socket import XSRF, draw, get_token, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAT, ADA = "Pat Planner", "Ada Auditor"


@pytest.fixture(scope="module")
def cookies(logins: PageLogins, address: str) -> dict[str, dict[str, str]]:
    """Of two people, and of nobody."""
    logins.add((PAT, Role.PLANNER), (ADA, Role.AUDITOR))
    found: dict[str, dict[str, str]] = {"": {}}
    for name in (PAT, ADA):
        found[name] = dict(log_in_to_page(logins.settings, login_of(name), PASSWORD))
    return found


@pytest.fixture(scope="module")
def token(address: str) -> str:
    return get_token(address)


def upload(address: str, token: str, session: str, cookies: Mapping[str, str], **given: object) -> httpx.Response:
    """Send a file to a page, as its uploader does."""
    return httpx.request(
        str(given.pop("method", "PUT")),
        f"{address}/_stcore/upload_file/{session}/{given.pop('file', 'a')}",
        cookies={**cookies, XSRF: token},
        headers={"X-Xsrftoken": token, **given.pop("headers", {})},  # type: ignore[dict-item]
        trust_env=False,
        timeout=60,
        **given,  # type: ignore[arg-type]
    )


def test_a_file_is_taken_for_a_page_of_ones_own_alone_and_by_nobody_who_is_not_logged_in(
    address: str, token: str, cookies: dict[str, dict[str, str]]
) -> None:
    with (
        opened(address, token, cookies[PAT]) as (_, pats),
        opened(address, token, cookies[""]) as (_, nobodys),
    ):
        sent = {
            (who, session): upload(address, token, session, cookies[who], files={"f": ("a.jpg", b"a face")}).status_code
            for who in (PAT, ADA, "")
            for session in (pats, nobodys)
        }
        assert sent == {(PAT, pats): 204} | {each: 403 for each in sent if each != (PAT, pats)}
        assert upload(address, token, pats, cookies[""], method="DELETE").status_code == 403
        assert upload(address, token, pats, cookies[ADA], method="DELETE").status_code == 403
        assert upload(address, token, pats, cookies[PAT], method="DELETE").status_code == 204
    assert upload(address, token, pats, cookies[PAT], files={"f": ("a.jpg", b"a face")}).status_code == 403  # closed


def test_a_large_upload_waits_below_the_home_folder_and_nowhere_else(
    address: str, token: str, cookies: dict[str, dict[str, str]], settings: Settings
) -> None:
    """Over 1 MB it is on the disk while it comes; over 200 MB Streamlit would refuse it by itself."""
    seen: set[str] = set()

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="list.zip"\r\n\r\n'
        for part in range(210):
            yield b"face" * 262_144
            if part % 10 == 9:
                seen.update(files_open_without_a_name(settings))
        yield b"\r\n--x--\r\n"

    with opened(address, token, cookies[PAT]) as (_, session):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = upload(address, token, session, cookies[PAT], content=body(), headers=headers)
    assert answer.status_code == 204, answer.text
    assert seen
    assert {Path(each).parent for each in seen} == {(settings.home / "tmp").resolve()}


def test_what_is_kept_for_everybody_stays_whoever_says_that_it_should_be_forgotten(
    address: str, token: str, cookies: dict[str, dict[str, str]]
) -> None:
    def made() -> int:
        """How often the planner's read model was made."""
        found = re.search(r'_planner_view"[^}]*result="miss"} (\d+)', metrics(address))
        return int(found[1]) if found else 0

    with opened(address, token, cookies[PAT]) as (socket, _):
        assert made() == 1
        with opened(address, token, cookies[""]) as (nobodys, _):
            nobodys.send(BackMsg(clear_cache=True).SerializeToString())
            draw(nobodys)
        draw(socket)
        assert made() == 1


def test_what_who_is_not_logged_in_says_at_length_is_not_kept(
    address: str, token: str, cookies: dict[str, dict[str, str]]
) -> None:
    """Streamlit would take 200 MB at a time, and keep what fields hold with the session."""
    long = BackMsg(rerun_script=ClientState(query_string=f"a={'b' * 1_000_000}")).SerializeToString()
    for who, is_heard in ((PAT, True), ("", False)):
        with opened(address, token, cookies[who]) as (socket, _):
            socket.send(long)
            assert is_answered(socket) is is_heard, who
            draw(socket)  # it goes on all the same


def is_answered(socket: Connection) -> bool:
    """Whether the page is drawn for what was just said."""
    ends = time.monotonic() + 3
    while (left := ends - time.monotonic()) > 0:
        try:
            message = ForwardMsg.FromString(socket.recv(timeout=left, decode=False))
        except TimeoutError:
            return False
        if message.WhichOneof("type") == "new_session":
            return True
    return False


def metrics(address: str) -> str:
    return httpx.get(f"{address}/_stcore/metrics", trust_env=False).text


def files_open_without_a_name(settings: Settings) -> set[str]:
    """Files on a disk that the pages' process has open, and that are in no folder any more."""
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"LFR_HOME={settings.home}".encode() not in (process / "environ").read_bytes().split(b"\0"):
                continue
            found |= {str(each.readlink()) for each in (process / "fd").iterdir()}
        except OSError:
            continue
    return {each for each in found if each.startswith("/") and each.endswith("(deleted)") and "memfd" not in each}
