"""Milvus away, killed, restarted, hanging: nothing is lost, nobody waits for minutes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from tests.support.disks import fill, small_disk
from tests.support.foreign_listener import is_shared
from tests.support.milvus import MilvusServer, free_port, milvus_server

CONTRACT = "contract-a"


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus-faults") / "data") as own:
        yield own


@pytest.fixture
def server(own_server: MilvusServer) -> Iterator[MilvusServer]:
    """A server that may be killed: not the one that other tests share, and empty."""
    yield own_server
    own_server.ensure_started()
    gallery = MilvusGallery(own_server.uri)
    for name in gallery.names():
        gallery.drop(name)


def test_its_port_can_be_reserved_for_it(own_server: MilvusServer) -> None:
    own_server.ensure_started()

    assert is_shared(own_server.port)


def filled(gallery: MilvusGallery, n: int = 300) -> list[Reference]:
    rows = np.random.default_rng(0).normal(size=(n, 512))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    listed = [Reference(f"r{i}", f"e{i}", row.astype(np.float32)) for i, row in enumerate(rows)]
    gallery.create("g", CONTRACT)
    gallery.add("g", CONTRACT, listed)
    return listed


NOT_WAITED_FOR_S = 3_600.0
"""Where something is noticed at all, it was noticed without it."""


def away(gallery: MilvusGallery, probe: Reference) -> None:
    """The gallery says that it is away."""
    with pytest.raises(Retryable, match="lfr up"):
        gallery.search("g", CONTRACT, probe.template[None])


def test_milvus_away_at_the_start_is_retryable_and_says_what_to_do() -> None:
    gallery = MilvusGallery(f"http://127.0.0.1:{free_port()}", timeout_s=NOT_WAITED_FOR_S)

    with pytest.raises(Retryable, match="lfr up"):
        gallery.names()


def test_a_login_in_the_address_is_refused_and_told_to_nobody() -> None:
    with pytest.raises(Fatal, match="LFR_MILVUS_LOGIN_FILE") as caught:
        MilvusGallery("http://someone:hunter2@127.0.0.1:19530")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("uri", ["", "127.0.0.1:19530", "gallery.db", "http://", "http://a:port", "/tmp/x"])
def test_a_uri_that_is_none_of_a_server_is_fatal_and_names_the_setting(uri: str) -> None:
    with pytest.raises(Fatal, match="LFR_MILVUS_URI"):
        MilvusGallery(uri)


def test_milvus_killed_in_mid_run_is_noticed_at_once_and_the_next_call_after_its_return_works(
    server: MilvusServer,
) -> None:
    gallery = MilvusGallery(server.uri, timeout_s=NOT_WAITED_FOR_S)
    probe = filled(gallery)[17]
    assert gallery.search("g", CONTRACT, probe.template[None])[0][0].entry == "e17"

    server.kill()
    for _ in range(3):
        away(gallery, probe)
    server.start()

    assert gallery.search("g", CONTRACT, probe.template[None])[0][0].entry == "e17"
    assert gallery.count("g") == 300


@pytest.mark.slow
def test_a_killed_milvus_keeps_the_contract_and_every_reference(server: MilvusServer) -> None:
    probe = filled(MilvusGallery(server.uri))[3]
    server.kill()
    server.start()

    gallery = MilvusGallery(server.uri)

    assert gallery.names() == ["g"]
    assert gallery.count("g") == 300
    with pytest.raises(Fatal, match="contract-b"):
        gallery.search("g", "contract-b", probe.template[None])


@pytest.mark.slow
def test_adding_goes_on_after_a_kill_where_it_stopped(server: MilvusServer) -> None:
    gallery = MilvusGallery(server.uri)
    listed = filled(gallery)
    more = [Reference(f"more{r.id}", r.entry, r.template) for r in listed]
    server.kill()
    with pytest.raises(Retryable):
        gallery.add("g", CONTRACT, more)
    server.start()

    gallery.add("g", CONTRACT, [*listed, *more])

    assert gallery.count("g") == 600


@pytest.mark.slow
def test_a_gallery_whose_index_was_half_written_when_the_server_was_killed_is_searched_again(
    server: MilvusServer,
) -> None:
    gallery = MilvusGallery(server.uri)
    probe = filled(gallery)[21]
    gallery.search("g", CONTRACT, probe.template[None])
    deadline = time.monotonic() + 30
    while not (halves := list(server.folder.rglob("*.idx"))) and time.monotonic() < deadline:
        time.sleep(0.1)  # it is written in the background
    server.kill()
    for index in halves:
        index.write_bytes(index.read_bytes()[: index.stat().st_size // 2])
    server.start()

    assert halves
    assert gallery.search("g", CONTRACT, probe.template[None])[0][0].entry == "e21"
    assert gallery.count("g") == 300


def test_the_gallery_listens_on_loopback_alone(server: MilvusServer) -> None:
    listening = [one.laddr.ip for one in psutil.Process(server.pid).net_connections() if one.status == "LISTEN"]

    assert [address.removeprefix("::ffff:") for address in listening] == ["127.0.0.1"]


def test_a_hanging_milvus_is_retryable_within_the_timeout(server: MilvusServer) -> None:
    gallery = MilvusGallery(server.uri, timeout_s=1.0)
    probe = filled(gallery)[5]
    server.pause()
    try:
        away(gallery, probe)
        away(gallery, probe)  # it connects anew
    finally:
        server.resume()

    assert gallery.search("g", CONTRACT, probe.template[None])[0][0].entry == "e5"


@pytest.mark.slow
def test_threads_share_a_gallery_through_a_kill_and_a_restart(server: MilvusServer) -> None:
    gallery = MilvusGallery(server.uri)
    listed = filled(gallery)
    stop, back, wrong = threading.Event(), threading.Event(), []

    def search(number: int) -> int:
        """How often it was found once the server was back."""
        found = 0
        while not stop.is_set():
            try:
                (best,) = gallery.search("g", CONTRACT, listed[number].template[None])[0]
            except Retryable:
                time.sleep(0.05)
            else:
                found += back.is_set()
                if best.entry != f"e{number}":
                    wrong.append(best)
        return found

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(search, number) for number in range(4)]
        time.sleep(0.5)
        server.kill()
        server.start()
        back.set()
        time.sleep(1.5)
        stop.set()
        found = [future.result(timeout=20) for future in running]

    assert wrong == []
    assert min(found) > 0
    assert gallery.search("g", CONTRACT, listed[9].template[None])[0][0].entry == "e9"


def test_a_dropped_gallery_leaves_no_template_on_the_disk(server: MilvusServer) -> None:
    gallery = MilvusGallery(server.uri)
    marker = filled(gallery)[0].template.tobytes()[:64]

    def holds() -> bool:
        return any(marker in f.read_bytes() for f in server.folder.rglob("*") if f.is_file())

    held = holds()
    gallery.drop("g")

    assert held
    assert not holds()


@pytest.mark.slow
def test_a_full_disk_is_retryable_and_what_is_enrolled_is_still_found(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, milvus_server(disk / "data") as full_server:
        gallery = MilvusGallery(full_server.uri)
        listed = filled(gallery)
        more = [Reference(f"more-{each.id}", each.entry, each.template) for each in listed]
        filler = fill(disk)

        with pytest.raises(Retryable, match="full: free space"):
            gallery.add("g", CONTRACT, more)
        with pytest.raises(Retryable, match="full: free space"):
            gallery.create("h", CONTRACT)
        assert gallery.search("g", CONTRACT, listed[7].template[None])[0][0].entry == "e7"
        filler.unlink()
        gallery.add("g", CONTRACT, more)

        assert gallery.count("g") == 600
        assert gallery.names() == ["g"]
        gallery.close()
