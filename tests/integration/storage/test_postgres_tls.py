"""A real PostgreSQL elsewhere: by its authority and name alone, whatever it or somebody before it offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import check, upgrade
from tests.support.certificates import Authority
from tests.support.databases import Postgres, new_postgres

pytestmark = pytest.mark.postgresql
NAME = "db.force.example"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    yield from new_postgres()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def elsewhere(server: Postgres, authority: Authority, tmp_path: Path) -> str:
    """A server with a certificate of NAME; its address is said beside the name, as no name server knows it."""
    server.show_certificate(authority.issue("database", tmp_path / "server.pem", NAME))
    server.stop("fast")
    server.start()
    return server.new_database()


def url(of: str, host: str, **query: object) -> str:
    given = {"hostaddr": "127.0.0.1"} | {name: str(value) for name, value in query.items()}
    return make_url(of).set(host=host, query=given).render_as_string(hide_password=False)


def test_a_server_elsewhere_is_believed_by_its_authority_and_name_alone(
    elsewhere: str, authority: Authority, tmp_path: Path
) -> None:
    ca_file, other = authority.write(tmp_path / "ca.pem"), Authority().write(tmp_path / "other.pem")
    upgrade(url(elsewhere, NAME, sslmode="verify-full", sslrootcert=ca_file))

    assert check(url(elsewhere, NAME, sslmode="verify-full", sslrootcert=ca_file))
    for host, root in ((NAME, other), (NAME, "system"), ("other.force.example", ca_file)):
        with pytest.raises(Retryable, match=r"certificate|SSL error"):
            check(url(elsewhere, host, sslmode="verify-full", sslrootcert=root))


def test_a_server_elsewhere_that_speaks_no_tls_is_not_spoken_to(authority: Authority, tmp_path: Path) -> None:
    ca_file = authority.write(tmp_path / "ca.pem")
    for plain in new_postgres():
        with pytest.raises(Retryable, match="SSL"):
            check(url(plain.new_database(), NAME, sslmode="verify-full", sslrootcert=ca_file))


def test_one_of_this_machine_is_used_as_it_is(server: Postgres) -> None:
    assert not check(server.new_database())


@pytest.mark.parametrize(
    "query",
    ["", "?sslmode=require", "?sslmode=verify-ca&sslrootcert=/etc/passwd", "?sslmode=verify-full",
     "?sslmode=verify-full&sslrootcert=ca.pem", "?sslmode=verify-full&sslmode=disable&sslrootcert=system",
     "?sslmode=verify-full&sslrootcert=/no/such/file"],
)  # fmt: skip
@pytest.mark.parametrize(
    "place", ["lfr@db.force.example/lfr", "lfr@10.0.0.5/lfr", "lfr@localhost/lfr", "lfr@127.0.0.1,db.example/lfr"]
)
def test_a_server_elsewhere_without_a_certificate_is_refused_and_a_sentence_says_what_to_write(
    place: str, query: str
) -> None:
    with pytest.raises(Fatal, match="sslrootcert="):
        open_engine(f"postgresql+psycopg://{place}{query}")


@pytest.mark.parametrize("query", ["hostaddr=10.0.0.5", "host=10.0.0.5", "host=127.0.0.1&host=10.0.0.5"])
def test_an_address_beside_the_name_leads_nowhere_else(query: str) -> None:
    with pytest.raises(Fatal, match="another machine"):
        open_engine(f"postgresql+psycopg://lfr@127.0.0.1/lfr?{query}")


@pytest.mark.parametrize("place", ["lfr@127.0.0.1/lfr", "lfr@[::1]/lfr", "lfr@/lfr", "lfr@/lfr?host=/run/postgresql"])
def test_this_machine_by_number_or_socket_needs_none(place: str) -> None:
    open_engine(f"postgresql+psycopg://{place}").dispose()


def test_a_service_file_is_refused() -> None:
    with pytest.raises(Fatal, match="service"):
        open_engine("postgresql+psycopg://lfr@127.0.0.1/lfr?service=other")
