"""How a process connects to the broker: each wrong setting is refused in a sentence, and no password is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.common.settings import Settings
from streams.broker.connection import LOGIN_VARIABLE, connect_as
from streams.broker.users import User, make_logins, parse_login, read_login

CLUSTER = "kafka.example:9093"


def settings(tmp_path: Path, **more: object) -> Settings:
    return Settings(home=tmp_path, **more)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"kafka_security": "sasl_ssl", "kafka_logins": "L"}, "name it in LFR_KAFKA_SERVERS"),
        ({"kafka_logins": "L"}, "LFR_KAFKA_LOGINS is for a cluster"),
        ({"kafka_servers": CLUSTER, "kafka_security": "sasl_ssl"}, "a file for each user, NAME:PASSWORD"),
        ({"kafka_servers": CLUSTER, "kafka_security": "ssl"}, r"USER\.pem"),
        ({"kafka_servers": CLUSTER, "kafka_ca_file": "ca.pem"}, "no TLS is asked for"),
        ({"kafka_servers": CLUSTER}, "without TLS and login: set LFR_KAFKA_SECURITY to sasl_ssl or ssl"),
        ({"kafka_servers": "localhost:9092"}, r"127\.0\.0\.1 for a broker of this machine"),
        ({"kafka_servers": f"127.0.0.1:1,{CLUSTER}", "broker": "tansu"}, "without TLS and login"),
        (
            {
                "kafka_servers": "127.0.0.1:1",
                "kafka_security": "sasl_plaintext",
                "kafka_logins": "L",
                "kafka_ca_file": "c",
            },
            "no TLS is asked for",
        ),
        ({"kafka_servers": CLUSTER, "kafka_security": "sasl_plaintext", "kafka_logins": "L"}, "encrypts nothing"),
        (
            {"kafka_servers": f"127.0.0.1:1,{CLUSTER}", "kafka_security": "sasl_plaintext", "kafka_logins": "L"},
            "encrypts nothing",
        ),
        (
            {
                "kafka_servers": "127.0.0.1:1",
                "kafka_security": "sasl_plaintext",
                "kafka_logins": "L",
                "kafka_sasl_mechanism": "PLAIN",
            },
            "sends the password as it is",
        ),
        (
            {"kafka_servers": CLUSTER, "kafka_security": "sasl_ssl", "kafka_logins": "L", "broker": "tansu"},
            "neither logins nor TLS",
        ),
    ],
)
def test_each_wrong_setting_is_refused_in_a_sentence(more: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=sentence):
        connect_as(User.CAMERA, settings(tmp_path, **more))


def test_files_that_cannot_be_used_are_named_when_somebody_connects(tmp_path: Path) -> None:
    more: dict[str, object] = {"kafka_servers": CLUSTER, "kafka_security": "sasl_ssl", "kafka_logins": tmp_path}
    with pytest.raises(Retryable, match=r"there is no login .*/camera"):
        connect_as(User.CAMERA, settings(tmp_path, **more)).options()
    login = tmp_path / "camera"
    login.write_text("camera:s3cret")
    login.chmod(0o644)
    with pytest.raises(Fatal, match="other users of this machine may read"):
        connect_as(User.CAMERA, settings(tmp_path, **more)).options()
    login.chmod(0o600)
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(Fatal, match=r"LFR_KAFKA_CA_FILE: .* holds no certificates"):
        connect_as(User.CAMERA, settings(tmp_path, **more, kafka_ca_file=tmp_path / "ca.pem")).options()
    with pytest.raises(Fatal, match=r"camera\.pem must hold"):
        connect_as(User.CAMERA, settings(tmp_path, **more | {"kafka_security": "ssl"})).options()


@pytest.mark.parametrize("text", ["", "camera", ":s3cret", "camera:", "camera:a\nb:c"])
def test_what_is_no_login_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(Fatal, match="holds no login") as refused:
        parse_login(text, "a file")
    assert "s3cret" not in str(refused.value)


def test_a_login_may_come_from_the_environment_of_a_process_started_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOGIN_VARIABLE, "north:s3cret")
    connection = connect_as(User.CAMERA, settings(tmp_path, kafka_servers=CLUSTER, kafka_security="sasl_ssl"))

    options = connection.options()

    assert (options["sasl_plain_username"], options["security_protocol"]) == ("north", "SASL_SSL")
    assert options["ssl_context"].check_hostname
    assert "s3cret" not in repr(connection)


def test_logins_of_our_own_broker_are_drawn_once_and_shown_by_no_representation(tmp_path: Path) -> None:
    made, again = make_logins(tmp_path), make_logins(tmp_path)

    assert {name: each.password for name, each in made.items()} == {n: each.password for n, each in again.items()}
    assert min(len(each.password) for each in made.values()) >= 43  # 32 random bytes
    assert not any(each.password in repr(made) for each in made.values())
    assert read_login(tmp_path / "camera") == made["camera"]
