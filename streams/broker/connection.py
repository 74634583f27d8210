"""How a process of ours connects to the broker: where, as which user, and over what.

* The broker that `lfr up` starts listens on loopback and asks for a login (SASL/SCRAM-SHA-512).
* A cluster (`LFR_KAFKA_SERVERS`) is spoken to as `LFR_KAFKA_SECURITY` says: TLS with a login (`sasl_ssl`), TLS with a
  certificate for each user (`ssl`), a login without TLS on this machine alone (`sasl_plaintext`), or nothing.
* The demonstration broker knows neither. What is signed and sealed is so whatever the broker.
"""

from __future__ import annotations

import logging
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lfr_core.common.addresses import is_loopback
from lfr_core.common.errors import Fatal
from lfr_core.common.owned_file import read_owned
from streams.broker.traits import BrokerKind, BrokerTraits, read_traits
from streams.broker.users import BrokerLogin, User, login_folder, parse_login, read_login

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT

    from lfr_core.common.settings import Settings

__all__ = ["LOGIN_VARIABLE", "SCRAM", "BrokerConnection", "connect_as"]

SCRAM: Final = "SCRAM-SHA-512"
LOGIN_VARIABLE: Final = "LFR_KAFKA_LOGIN"
"""NAME:PASSWORD of a process that is started by hand or in a container, instead of a file."""
_LONGEST_PEM = 1_048_576


@dataclass(frozen=True, slots=True)
class BrokerConnection:
    """One user's way to the broker. Files are read when somebody connects: passwords stay nowhere else."""

    servers: str
    """host:port,..."""
    user: User
    protocol: str = "PLAINTEXT"
    """Kafka's name of it."""
    mechanism: str = SCRAM
    logins: Path | None = None
    """Folder of logins or certificates, one of each user."""
    ca_file: Path | None = None
    """Who signed the cluster's certificates (PEM); None: whom this machine trusts."""

    def options(self) -> dict[str, Any]:
        """Return the options of every client of kafka-python.

        Raises:
            Fatal: a file can't be used; the message names it and says what is wrong.
            Retryable: there is no login yet.
        """
        options: dict[str, Any] = {"bootstrap_servers": self.servers.split(","), "security_protocol": self.protocol}
        logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)  # it warns of a busy machine
        if self.protocol.startswith("SASL_"):
            scram = logging.getLogger("kafka.net.sasl.scram")
            scram.setLevel(logging.ERROR)  # SCRAM shows no password, whatever it says
            login = self._login()
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": login.name,
                "sasl_plain_password": login.password,
            }
        if self.protocol.endswith("SSL"):
            options["ssl_context"] = self._tls()
        return options

    def faust_credentials(self) -> CredentialsT | None:
        """Return the login and TLS of `options` as Faust takes them; None where there is neither.

        Raises as `options`.
        """
        import faust

        if self.protocol == "PLAINTEXT":
            return None
        context = self._tls() if self.protocol.endswith("SSL") else None
        if context is not None and self.protocol == "SSL":
            return faust.SSLCredentials(context)
        login = self._login()
        return faust.SASLCredentials(
            username=login.name, password=login.password, mechanism=self.mechanism, ssl_context=context
        )

    def _login(self) -> BrokerLogin:
        if given := os.environ.get(LOGIN_VARIABLE):
            return parse_login(given, LOGIN_VARIABLE)
        assert self.logins is not None, "connect_as gives one"
        return read_login(self.logins / self.user)

    def _tls(self) -> ssl.SSLContext:
        """Make a TLS context: 1.2 or later, the server's certificate and name checked; for `ssl` with our own."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Fatal(f"LFR_KAFKA_CA_FILE: {self.ca_file} holds no certificates in PEM: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.protocol == "SSL":
            assert self.logins is not None, "connect_as gives one"
            file = self.logins / f"{self.user}.pem"
            try:
                read_owned(file, _LONGEST_PEM, "close it to others (chmod 600)")
                context.load_cert_chain(file)
            except (OSError, ssl.SSLError) as error:
                raise Fatal(f"{file} must hold this user's certificate and its key in PEM: {error}") from error
        return context


def connect_as(user: User, settings: Settings, traits: BrokerTraits | None = None) -> BrokerConnection:
    """Return the way to these settings' broker for one user; nothing is read or connected yet.

    Args:
        user: as whom.
        settings: where, and over what.
        traits: of the broker, where `broker.json` doesn't say yet.

    Raises:
        Fatal: the settings contradict each other, or would send a login in the clear over a network.
    """
    _check(settings)
    servers = settings.kafka_bootstrap
    if settings.kafka_servers:
        if not settings.kafka_security:
            return BrokerConnection(servers, user)
        return BrokerConnection(
            servers,
            user,
            settings.kafka_security.upper(),
            settings.kafka_sasl_mechanism,
            login_folder(settings),
            settings.kafka_ca_file,
        )
    if (traits or read_traits(settings)).kind is BrokerKind.TANSU:
        return BrokerConnection(servers, user)
    return BrokerConnection(servers, user, "SASL_PLAINTEXT", SCRAM, login_folder(settings))


def _check(settings: Settings) -> None:
    """Refuse each wrong setting, in a sentence. Raises Fatal."""
    security, servers = settings.kafka_security, settings.kafka_servers
    if security and not servers:
        raise Fatal(
            "LFR_KAFKA_SECURITY is for a cluster: name it in LFR_KAFKA_SERVERS, or leave LFR_KAFKA_SECURITY out "
            "(the broker that `lfr up` starts asks for logins by itself)"
        )
    if security and settings.broker == "tansu":
        raise Fatal("LFR_BROKER=tansu knows neither logins nor TLS: leave LFR_KAFKA_SECURITY out, or use Apache Kafka")
    if settings.kafka_ca_file and not security.endswith("ssl"):
        raise Fatal("LFR_KAFKA_CA_FILE is given and no TLS is asked for: set LFR_KAFKA_SECURITY to sasl_ssl or ssl")
    if settings.kafka_logins and not servers:
        raise Fatal("LFR_KAFKA_LOGINS is for a cluster: name it in LFR_KAFKA_SERVERS, or leave LFR_KAFKA_LOGINS out")
    if security and not (settings.kafka_logins or (security != "ssl" and os.environ.get(LOGIN_VARIABLE))):
        raise Fatal(
            f"LFR_KAFKA_SECURITY={security} needs LFR_KAFKA_LOGINS: a folder with "
            f"{'USER.pem (certificate and key)' if security == 'ssl' else 'a file for each user, NAME:PASSWORD'}"
        )
    if not security and not _are_here(servers or "127.0.0.1:1"):
        raise Fatal(
            f"LFR_KAFKA_SERVERS={servers} is on another machine, and would be spoken to without TLS and login: set "
            "LFR_KAFKA_SECURITY to sasl_ssl or ssl, and LFR_KAFKA_LOGINS (127.0.0.1 for a broker of this machine)"
        )
    if security == "sasl_plaintext" and settings.kafka_sasl_mechanism == "PLAIN":
        raise Fatal("LFR_KAFKA_SASL_MECHANISM=PLAIN sends the password as it is: use it with sasl_ssl only")
    if security == "sasl_plaintext" and not _are_here(servers):
        raise Fatal(
            "LFR_KAFKA_SECURITY=sasl_plaintext encrypts nothing and is for servers of this machine (127.0.0.1): "
            "use sasl_ssl"
        )


def _are_here(servers: str) -> bool:
    """Return whether all of `host:port,...` are this machine by its number."""
    return all(is_loopback(server.strip().rpartition(":")[0]) for server in servers.split(","))
