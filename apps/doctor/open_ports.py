"""Which ports and sockets of the installation are open, on which address, to whom.

What listens now is read from the machine, not from our settings, so that an address that shouldn't be open shows. What
is elsewhere is judged by how we would speak to it: whoever stands between could do the same.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from apps.doctor.checks import Check, fail, guarded, ok, warn
from lfr_core.common.addresses import is_loopback, split_address
from lfr_core.common.errors import Fatal
from lfr_core.common.listening_sockets import listening_sockets
from lfr_core.common.loopback_ports import has_own_listener

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings
    from streams.broker.choose import BrokerChoice

__all__ = ["embedded_port", "listening_addresses", "open_ports", "other_ports"]

_THIS_MACHINE = "every program of this machine can connect"
_CLOSE = "another program listens there, or ours was changed: stop it, and look at who did that"


def open_ports(settings: Settings, choice: BrokerChoice | None) -> list[Check]:
    """Return a finding for each port and socket. Those that nobody listens on say so."""
    found: list[tuple[str, Callable[[], Check]]] = [
        ("connect: broker", lambda: _broker(settings, choice)),
        ("connect: gallery", lambda: _gallery(settings)),
        ("connect: database", lambda: _database(settings)),
        ("connect: keys", lambda: _vault(settings)),
        ("connect: workflows", lambda: _workflows(settings)),
        ("connect: logins", lambda: _identity(settings)),
        ("connect: staff pages", lambda: _staff(settings)),
        ("connect: public page", lambda: _public(settings)),
    ]
    if choice is not None and not choice.external and choice.traits.has_retention:
        port = settings.kafka_controller_port
        found.append(("connect: broker control", lambda: embedded_port("broker control", port, "the broker alone")))
    found.append(("connect: others", lambda: other_ports(settings)))
    return [guarded(name, check) for name, check in found]


def listening_addresses(port: int) -> list[str]:
    """Find on which addresses of this machine somebody listens for TCP at `port`, sorted."""
    if sys.platform != "linux":
        listening = (each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN)
        return sorted({each.laddr.ip for each in listening if each.laddr and each.laddr.port == port})
    # psutil would look through the open files of all processes besides
    found = (address for address, _ in listening_sockets(port))
    return sorted({str(getattr(address, "ipv4_mapped", None) or address) for address in found})


def embedded_port(name: str, port: int, who: str, *, mend: str = "") -> Check:
    """Say of a port that belongs on loopback who is let in there, and whether it is on loopback now.

    Args:
        name: of the service.
        port: where it listens.
        who: who is let in, of those who can connect.
        mend: how to do better, where letting in whoever connects is no good; "" where it is as it should be.
    """
    ours, name = f"ours ({name})", f"connect: {name}"
    try:
        has_own_listener(port, ours)
    except Fatal as error:
        return fail(name, str(error), "have that process ended, and ask whose it was: nothing of ours spoke to it")
    addresses = listening_addresses(port)
    beyond = [each for each in addresses if not is_loopback(each)]
    if beyond:
        return fail(name, f"{', '.join(beyond)} port {port}: THE NETWORK can connect; let in: {who}", _CLOSE)
    where = f"{', '.join(addresses) or '127.0.0.1'} port {port}{'' if addresses else ' (nobody listens now)'}"
    says = f"{where}: {_THIS_MACHINE}; let in: {who}"
    return warn(name, says, mend) if mend else ok(name, says)


def other_ports(settings: Settings) -> Check:
    """Check for ports that a process of the running system listens on, as far as we see them, and no setting names."""
    from apps.supervisor.state import read_state
    from apps.supervisor.workflows import FLOWS

    name, state = "connect: others", read_state(settings.home)
    known = {getattr(settings, each) for each in type(settings).model_fields if each.endswith("_port")}
    if settings.vault_listen:
        known.add(split_address(settings.vault_listen)[1])
    ours: dict[int, str] = {}
    for child in state.children if state is not None and state.is_alive() else ():
        with suppress(psutil.Error):
            process = psutil.Process(child.pid or 0)
            ours |= dict.fromkeys((process.pid, *(each.pid for each in process.children(recursive=True))), child.name)
    found = {
        (each.laddr.ip, each.laddr.port): ours[each.pid]
        for each in (psutil.net_connections("inet") if ours else ())
        if each.pid in ours and each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port not in known
    }
    unknown = [place for place, child in found.items() if not (child == FLOWS and is_loopback(place[0]))]
    if unknown:
        places = ", ".join(f"{address} port {port} ({found[address, port]})" for address, port in sorted(unknown))
        return fail(name, f"{places}: nothing of ours needs them", _CLOSE)
    if found:  # Prefect's control channel
        places = ", ".join(f"{address} port {port}" for address, port in sorted(found))
        return ok(name, f"{places}: {_THIS_MACHINE}; let in: runs of our own flows, each with a secret for one use")
    return ok(name, "none that we may see (root sees all)" if os.getuid() else "none")


def _broker(settings: Settings, choice: BrokerChoice | None) -> Check:
    from streams.broker.connection import connect_as
    from streams.broker.users import User

    name, servers = "connect: broker", settings.kafka_bootstrap
    if choice is None:
        return warn(name, "no broker can be run", "see the line `broker`")
    if not choice.external:
        if choice.traits.banner:
            anybody = (
                "whoever connects (records are signed, so nothing forged is believed; they can be read and filled)"
            )
            return embedded_port("broker", settings.kafka_port, anybody, mend="install Java and Maven for Apache Kafka")
        return embedded_port("broker", settings.kafka_port, "programs with a user name and password of their own")
    connection = connect_as(User.ADMINISTRATION, settings, choice.traits)
    away = [each for each in servers.split(",") if not is_loopback(each.strip().rpartition(":")[0])]
    how = {
        "SASL_SSL": "encrypted, user name and password",
        "SSL": "encrypted, a certificate for each user",
        "SASL_PLAINTEXT": "not encrypted, user name and password",
    }.get(connection.protocol, "not encrypted, no login")
    says = f"{servers}, yours: {how}"
    if away and not connection.protocol.endswith("SSL"):
        return fail(
            name, f"{says}; whoever is on the network between can write there", "set LFR_KAFKA_SECURITY=sasl_ssl"
        )
    return ok(name, says) if settings.kafka_security else warn(name, says, "give that Kafka logins: LFR_KAFKA_SECURITY")


def _gallery(settings: Settings) -> Check:
    from lfr_core.recognition.gallery.access import milvus_access

    access = milvus_access(settings)
    if not settings.milvus_uri:
        anybody = "whoever connects: it has no logins (a person put in raises no alert, and stops the deployment)"
        mend = "let nobody else have an account on this machine, or use a Milvus with logins (LFR_MILVUS_URI)"
        return embedded_port("gallery", settings.milvus_port, anybody, mend=mend)
    how = "encrypted" if access.uri.startswith("https:") else "not encrypted, on this machine"
    says = f"{access.where}, yours: {how}, {'with a login' if access.login else 'no login'}"
    name = "connect: gallery"
    return ok(name, says) if access.login else warn(name, says, "switch on authorization there: LFR_MILVUS_LOGIN_FILE")


def _database(settings: Settings) -> Check:
    from sqlalchemy import make_url

    from lfr_core.storage.postgres_tls import connection_options

    name, url = "connect: database", make_url(settings.records_url)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if file.exists() and file.stat().st_mode & 0o077:
            return fail(name, f"the file {file} can be opened by other users of this machine", f"chmod 600 {file}")
        return ok(name, f"no port: the file {file}, which this user alone can open")
    where = url.render_as_string(hide_password=True)
    if connection_options(url):
        return ok(name, f"{where}: encrypted, its certificate and name are checked; let in: as its pg_hba.conf says")
    if url.password or "passfile" in url.query or not url.host:
        return ok(name, f"{where}: on this machine; let in: as its pg_hba.conf says")
    mend = "let it ask for a password (scram-sha-256 in pg_hba.conf), and write it or passfile= into LFR_DATABASE_URL"
    return warn(name, f"{where}: {_THIS_MACHINE}, and we show no password", mend)


def _vault(settings: Settings) -> Check:
    name, path = "connect: keys", settings.vault_socket
    who = "programs of this user alone, each with a certificate of its own"
    if settings.vault_address:
        return ok(name, f"{settings.vault_address}, another machine: encrypted, a certificate for each process")
    network = "no network"
    if settings.vault_listen:
        network = f"{settings.vault_listen}: encrypted, let in: machines that were admitted (`lfr vault machines`)"
    if not path.exists():
        return ok(name, f"{path} (nobody listens now), let in: {who}; {network}")
    wrong = [
        str(each)
        for each in (path, path.parent)
        if each.lstat().st_uid != os.getuid() or stat.S_IMODE(each.lstat().st_mode) & 0o077
    ]
    if wrong:
        return fail(name, f"{', '.join(wrong)}: other users of this machine may get in", "stop, remove it, start again")
    return ok(name, f"{path}, let in: {who}; {network}")


def _workflows(settings: Settings) -> Check:
    from flows.prefect_credentials import login_of

    name = "connect: workflows"
    if not settings.prefect_url:
        return embedded_port("workflows", settings.prefect_port, "our own programs, with a password; no web page")
    login_of(settings)  # raises where there is none, or it could be read on the way
    how = "encrypted" if settings.prefect_url.startswith("https:") else "not encrypted, on this machine"
    return ok(name, f"{settings.prefect_url}: {how}, with a login")


def _identity(settings: Settings) -> Check:
    if not settings.oidc_issuer:
        return embedded_port("logins", settings.identity_port, "people with a password; programs with a secret")
    mend = "use the https:// address of that provider: LFR_OIDC_ISSUER"
    return _elsewhere("connect: logins", settings.oidc_issuer, "yours", mend, has_login=True)


def _staff(settings: Settings) -> Check:
    here = embedded_port("staff pages", settings.operator_port, "people who have logged in, by browser")
    if here.mend or not settings.page_url:
        return here
    says = f"{here.says}; by a proxy as {settings.page_url}"
    if settings.page_url.startswith("https://") or is_loopback(urlsplit(settings.page_url).hostname or ""):
        return ok(here.name, says)
    says += ", not encrypted: whoever is on that network can take over who has logged in"
    return fail(here.name, says, "put TLS on the proxy and write https:// in LFR_PAGE_URL")


def _public(settings: Settings) -> Check:
    return embedded_port("public page", settings.public_port, "everybody, to what is published and nothing else")


def _elsewhere(name: str, address: str, says: str, mend: str, *, has_login: bool) -> Check:
    """Check a service of the force's own that is spoken to by HTTP."""
    parts = urlsplit(address)
    is_safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
    text = f"{address}: {'encrypted' if parts.scheme == 'https' else 'not encrypted'}, {says}"
    if is_safe and has_login:
        return ok(name, text)
    return fail(name, text, mend if not is_safe else "give it a login")
