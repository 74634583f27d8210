"""Milvus over TLS: a real Milvus Lite behind TLS, by its authority and name alone; and what login a server is shown.

Milvus Lite asks for no login, so who looks at it there is a gRPC server that only writes down what it is shown.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest

from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.recognition.gallery.milvus import milvus_gallery
from tests.support.certificates import Authority
from tests.support.galleries import reference
from tests.support.milvus import MilvusServer, free_port, milvus_server


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@contextmanager
def behind_tls(port: int, certificate: Path) -> Iterator[str]:
    """The address of a server that takes TLS off and passes everything on to `port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    listening, ready = free_port(), threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(there_writer)
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))

    async def serve() -> None:
        server = await asyncio.start_server(passed_on, "127.0.0.1", listening, ssl=context)
        ready.set()
        await ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in writers:  # who was cancelled left theirs open
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield f"https://127.0.0.1:{listening}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


@pytest.mark.slow
def test_a_milvus_over_tls_is_used_by_its_authority_and_name_alone(milvus: MilvusServer, tmp_path: Path) -> None:
    ours, others = Authority(), Authority()
    ca_file, other_ca = ours.write(tmp_path / "ca.pem"), others.write(tmp_path / "other.pem")
    here = ours.issue("milvus", tmp_path / "here.pem")
    elsewhere = ours.issue("milvus", tmp_path / "elsewhere.pem", "192.0.2.7")

    def use(uri: str, ca: Path | None) -> str:
        settings = Settings(home=tmp_path, milvus_uri=uri, milvus_ca_file=ca)
        with closing(milvus_gallery(settings)) as gallery:
            gallery.create("lfr_tls", "contract")
            gallery.add("lfr_tls", "contract", [reference("r", "e")])
            (found,) = gallery.search("lfr_tls", "contract", reference("r", "e").template[None])
            return found[0].entry

    with behind_tls(milvus.port, here) as uri:
        assert use(uri, ca_file) == "e"
        for unknown in (other_ca, None):
            with pytest.raises(Retryable):
                use(uri, unknown)
    with behind_tls(milvus.port, elsewhere) as uri, pytest.raises(Retryable):
        use(uri, ca_file)


class Recording(grpc.GenericRpcHandler):  # type: ignore[misc]  # ships no types
    """Answers nothing, and writes down who was said to ask."""

    def __init__(self) -> None:
        self.shown: set[str] = set()

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        self.shown |= {value for name, value in call.invocation_metadata if name == "authorization"}

        def refuse(_request: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
            raise AssertionError("abort raises")

        return grpc.unary_unary_rpc_method_handler(refuse)


@pytest.fixture
def recording() -> Iterator[Callable[[], tuple[Recording, str]]]:
    started = []

    def start() -> tuple[Recording, str]:
        handler, server = Recording(), grpc.server(ThreadPoolExecutor(max_workers=2))
        server.add_generic_rpc_handlers((handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        started.append(server)
        return handler, f"http://127.0.0.1:{port}"

    yield start
    for server in started:
        server.stop(None).wait(10)


def test_the_login_of_the_file_is_what_milvus_is_shown(
    recording: Callable[[], tuple[Recording, str]], tmp_path: Path
) -> None:
    login = tmp_path / "login"
    login.write_text("lfr:a long word\n")
    login.chmod(0o600)
    handler, uri = recording()

    with (
        closing(milvus_gallery(Settings(home=tmp_path, milvus_uri=uri, milvus_login_file=login))) as gallery,
        pytest.raises(Retryable) as refused,
    ):
        gallery.names()

    assert {base64.b64decode(value).decode() for value in handler.shown} == {"lfr:a long word"}
    assert "long word" not in str(refused.value)
