"""`lfr doctor` says of each port and socket on which address it is, who is let in, and what is open too far."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from apps.doctor import Level
from apps.doctor.open_ports import embedded_port, listening_addresses, open_ports, other_ports
from apps.supervisor.children import ChildState
from apps.supervisor.state import ChildReport, SystemState, make_home, process_created, write_state
from lfr_core.common.settings import Settings
from streams.broker import KAFKA, TANSU
from streams.broker.choose import BrokerChoice
from tests.support.foreign_listener import foreign_listener

OWN = BrokerChoice(KAFKA, external=False, needs_maven=False, why="a test")
DEMONSTRATION = BrokerChoice(TANSU, external=False, needs_maven=False, why="a test")
CLUSTER = BrokerChoice(KAFKA, external=True, needs_maven=False, why="a test")


def listening(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family)
    made.bind((address, 0))
    made.listen()
    return made


def found(home: Path, choice: BrokerChoice = OWN, **given: object) -> dict[str, tuple[Level, str, str]]:
    checks = open_ports(Settings(home=home, **given), choice)  # type: ignore[arg-type]  # by name
    return {each.name.removeprefix("connect: "): (each.level, each.says, each.mend) for each in checks}


def test_a_port_on_loopback_says_who_is_let_in() -> None:
    with closing(listening("127.0.0.1")) as here:
        port = here.getsockname()[1]
        check = embedded_port("broker", port, "programs with a password")

    assert check.level is Level.OK
    assert check.says == (
        f"127.0.0.1 port {port}: every program of this machine can connect; let in: programs with a password"
    )


@pytest.mark.root
def test_a_port_where_another_user_listens_fails_and_says_what_to_do() -> None:
    with foreign_listener() as (port, _):
        check = embedded_port("logins", port, "people with a password")

    assert check.level is Level.FAIL
    assert check.says.startswith(
        f"another user of this machine (nobody) listens on 127.0.0.1:{port}, where ours (logins) belongs"
    )
    assert "have that process ended" in check.mend


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_a_port_that_the_network_reaches_fails_whatever_our_settings_say(address: str) -> None:
    with closing(listening(address)) as everywhere:
        port = everywhere.getsockname()[1]
        check = embedded_port("broker", port, "programs with a password")

        assert listening_addresses(port) == [address]
    assert check.level is Level.FAIL
    assert "THE NETWORK can connect" in check.says


@pytest.mark.parametrize(
    ("child", "address", "level", "says"),
    [
        ("record", "127.0.0.1", Level.FAIL, "nothing of ours needs them"),
        ("flows", "127.0.0.1", Level.OK, "a secret for one use"),
        ("flows", "0.0.0.0", Level.FAIL, "nothing of ours needs them"),
    ],
)
def test_a_port_of_a_running_part_that_no_setting_names_fails_but_for_prefects_own_on_loopback(
    tmp_path: Path, child: str, address: str, level: Level, says: str
) -> None:
    pid = os.getpid()
    created = process_created(pid)
    part = ChildReport(
        name=child, state=ChildState.READY, pid=pid, pid_created=created, since_ns=0, restarts=0, why="",
        log=tmp_path / "log", ports=(),
    )  # fmt: skip
    make_home(tmp_path / "home")
    write_state(tmp_path / "home", SystemState(pid=pid, pid_created=created, started_ns=0, children=(part,)))
    with closing(listening(address)) as opened:
        check = other_ports(Settings(home=tmp_path / "home"))

        assert f"{address} port {opened.getsockname()[1]}" in check.says
    assert (check.level, says in check.says) == (level, True)


def test_every_service_of_a_new_installation_is_named_with_its_address(tmp_path: Path) -> None:
    told = found(tmp_path)

    assert set(told) == {
        *("broker", "broker control", "gallery", "database", "keys", "workflows", "logins", "staff pages"),
        *("public page", "others"),
    }
    assert {name for name, (level, _, _) in told.items() if level is not Level.OK} == {"gallery"}  # it has no logins
    assert all("port" in says or "network" in says or name == "others" for name, (_, says, _) in told.items())


@pytest.mark.parametrize(
    ("name", "choice", "given", "level", "says"),
    [
        ("broker", DEMONSTRATION, {}, Level.WARN, "whoever connects"),
        ("broker", CLUSTER, {"kafka_servers": "kafka.example:9092"}, Level.FAIL, "without TLS and login"),
        ("broker", CLUSTER, {"kafka_servers": "127.0.0.1:9092"}, Level.WARN, "no login"),
        (
            "broker",
            CLUSTER,
            {"kafka_servers": "kafka.example:9092", "kafka_security": "sasl_ssl", "kafka_logins": Path("/logins")},
            Level.OK,
            "encrypted, user name and password",
        ),
        ("gallery", OWN, {"milvus_uri": "http://milvus.example:19530"}, Level.FAIL, "unencrypted"),
        ("gallery", OWN, {"milvus_uri": "http://127.0.0.1:19530"}, Level.WARN, "no login"),
        ("database", OWN, {"database_url": "postgresql://lfr@db.example/lfr"}, Level.FAIL, "another machine"),
        (
            "database",
            OWN,
            {"database_url": "postgresql://lfr@db.example/lfr?sslmode=verify-full&sslrootcert=system"},
            Level.OK,
            "certificate and name are checked",
        ),
        ("database", OWN, {"database_url": "postgresql://lfr@127.0.0.1/lfr"}, Level.WARN, "no password"),
        ("database", OWN, {"database_url": "postgresql://lfr:word@127.0.0.1/lfr"}, Level.OK, "pg_hba.conf"),
        ("workflows", OWN, {"prefect_url": "http://prefect.example/api"}, Level.FAIL, "not encrypted"),
        ("logins", OWN, {"oidc_issuer": "https://login.example"}, Level.OK, "encrypted"),
        ("staff pages", OWN, {"page_url": "http://lfr.example/staff"}, Level.FAIL, "not encrypted"),
        ("staff pages", OWN, {"page_url": "https://lfr.example/staff"}, Level.OK, "by a proxy as"),
    ],
)
def test_what_is_elsewhere_fails_where_others_could_read_it_or_get_in(
    tmp_path: Path, name: str, choice: BrokerChoice, given: dict[str, object], level: Level, says: str
) -> None:
    told, words, mend = found(tmp_path, choice, **given)[name]

    assert (told, says in words, "word@" in words) == (level, True, False), words
    assert (mend != "") == (level is not Level.OK)


@pytest.mark.parametrize("opened", [lambda path: path.chmod(0o666), lambda path: path.parent.chmod(0o755)])
def test_a_socket_of_keys_that_others_may_open_fails(tmp_path: Path, opened: Callable[[Path], None]) -> None:
    path = Settings(home=tmp_path).vault_socket
    path.parent.mkdir(parents=True, mode=0o700)
    with closing(socket.socket(socket.AF_UNIX)) as vault:
        vault.bind(str(path))
        path.chmod(0o600)
        closed = found(tmp_path)["keys"][0]
        opened(path)
        told = found(tmp_path)["keys"]

    assert closed is Level.OK
    assert told[0] is Level.FAIL
    assert "other users of this machine" in told[1]


def test_records_that_others_may_open_fail(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").touch(mode=0o600)
    closed = found(tmp_path)["database"][0]
    (tmp_path / "records.sqlite3").chmod(0o640)

    assert (closed, found(tmp_path)["database"][0]) == (Level.OK, Level.FAIL)
