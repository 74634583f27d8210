"""A Kafka that asks for TLS: with a login at one port, with a certificate for each user at another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.settings import Settings
from streams.broker.kafka import KafkaNode, java_command, prepare
from streams.broker.traits import KAFKA
from streams.broker.users import User
from tests.support.brokers import RunningBroker, free_ports
from tests.support.certificates import Authority

__all__ = ["TlsBroker", "TlsNode", "prepare_tls"]


@dataclass(frozen=True)
class TlsNode:
    """A broker with a listener for logins over TLS and one for certificates."""

    command: tuple[str, ...]
    folder: Path
    ports: dict[str, int]
    """By `LFR_KAFKA_SECURITY`."""
    logins: Path
    ca_file: Path
    data: Path


def prepare_tls(folder: Path, libs: Path) -> TlsNode:
    """Write its configuration and certificates; it isn't started."""
    plain, controller, *ports = free_ports(4)
    node = KafkaNode(folder / "kafka", plain, controller, libs, folder / "logins")
    java, authority = prepare(node), Authority()
    ca_file, server = authority.write(folder / "ca.pem"), authority.issue("broker", folder / "server.pem")
    for user in User:
        authority.issue(user, node.logins / f"{user}.pem")
    text = node.config.read_text(encoding="ascii")
    listeners = f",LOGINS://127.0.0.1:{ports[0]},CERTIFICATES://127.0.0.1:{ports[1]}"
    clients = f"CLIENTS://127.0.0.1:{plain}"
    text = text.replace(clients, clients + listeners).replace(
        "CLIENTS:SASL_PLAINTEXT", "CLIENTS:SASL_PLAINTEXT,LOGINS:SASL_SSL,CERTIFICATES:SSL"
    )
    jaas = next(line for line in text.splitlines() if line.startswith("listener.name.clients.scram"))
    text += "\n".join(
        (
            "",
            jaas.replace("listener.name.clients", "listener.name.logins"),
            f"ssl.keystore.type=PEM\nssl.keystore.location={server}",
            f"ssl.truststore.type=PEM\nssl.truststore.location={ca_file}",
            "listener.name.certificates.ssl.client.auth=required",
            "listener.name.certificates.ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/",
        )
    )
    node.config.write_text(text, encoding="ascii")
    ways = {"sasl_ssl": ports[0], "ssl": ports[1]}
    return TlsNode(java_command(node, java), node.folder, ways, node.logins, ca_file, node.log_dir)


class TlsBroker(RunningBroker):
    """One whose every client has a login and speaks TLS."""

    def __init__(self, node: TlsNode, log: Path) -> None:
        super().__init__(node.command, node.ports["sasl_ssl"], log, KAFKA, node.data, node.logins)
        self.ca_file = node.ca_file

    def settings(self, home: Path, **more: object) -> Settings:
        given = {"kafka_security": "sasl_ssl", "kafka_logins": self.logins, "kafka_ca_file": self.ca_file} | more
        return Settings(home=home, kafka_servers=self.servers, broker="kafka", **given)  # type: ignore[arg-type]  # by name
