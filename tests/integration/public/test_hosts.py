"""Under which names our pages open, as browsers ask: a name that was made to point here isn't one of them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from apps.public.launch import command
from apps.streamlit_options import streamlit_options
from apps.supervisor.probes import http_ok
from lfr_core.common.settings import Settings
from lfr_core.publication.site.script import SCRIPT_SOURCE
from tests.support.foreign_listener import is_shared
from tests.support.milvus import free_port

PORT_NAMES = ("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, number = tmp_path_factory.mktemp("page"), free_port()
    (folder / ".streamlit").mkdir()
    config = "[server]\nenableCORS = false\nenableXsrfProtection = false\nallowedHosts = ['*']\n"
    (folder / ".streamlit" / "config.toml").write_text(config)  # of the folder one stands in
    started = command(Settings(home=folder, public_port=number))
    page = subprocess.Popen(started, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not http_ok(f"http://127.0.0.1:{number}/health")(page.pid):
            assert time.monotonic() < deadline, "the page doesn't start"
            time.sleep(0.1)
        yield number
    finally:
        page.kill()
        page.wait(20)


def test_a_page_opens_under_this_machines_names_only(port: int) -> None:
    def ask(host: str) -> int:
        return httpx.get(f"http://127.0.0.1:{port}/health", headers={"Host": host}, trust_env=False).status_code

    assert [ask(f"{name}:{port}") for name in PORT_NAMES] == [200, 200]
    assert [ask(name) for name in (f"evil.example:{port}", "10.0.0.1", "")] == [400, 400, 400]


def test_its_port_can_be_reserved_for_it(port: int) -> None:
    assert is_shared(port)


def test_no_answer_of_the_public_page_may_be_framed_or_run_a_strangers_script(port: int) -> None:
    headers = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).headers

    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert f"script-src {SCRIPT_SOURCE};" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_a_proxys_name_is_added_by_a_setting(tmp_path: Path) -> None:
    started = command(Settings(home=tmp_path, page_hosts=("127.0.0.1", "lfr.example")))

    assert [word for word in started if "--host" in word] == ["--host=127.0.0.1", "--host=lfr.example"]
    assert streamlit_options(1, ("127.0.0.1", "lfr.example"))["server.allowedHosts"] == ["127.0.0.1", "lfr.example"]
