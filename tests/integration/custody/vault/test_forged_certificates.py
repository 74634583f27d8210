"""Over the network the vault answers to the certificate that it gave an admitted machine, and to none that looks so."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from lfr_core.common.clock import SystemClock
from lfr_core.custody.vault.certificates import CertificateAuthority, load_authority
from lfr_core.custody.vault.process_files import AUTHORITY_FILE
from lfr_core.custody.vault.wire import write_frame
from tests.support.vault_site import CAMERA, Site

DAY_S = 86_400


class Shifted(SystemClock):
    """The machine's clock, some days ago."""

    def __init__(self, days: float) -> None:
        self._off_ns = round(days * DAY_S * 1e9)

    def time_ns(self) -> int:
        return super().time_ns() - self._off_ns


def pem_of(key: Ed25519PrivateKey, *chain: x509.Certificate) -> bytes:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + b"".join(each.public_bytes(Encoding.PEM) for each in chain)


def own_of(pem: bytes) -> tuple[Ed25519PrivateKey, x509.Certificate]:
    key = load_pem_private_key(pem, None)
    assert isinstance(key, Ed25519PrivateKey)
    return key, x509.load_pem_x509_certificate(pem)


def like(
    real: x509.Certificate, issuer: x509.Name, signer: Ed25519PrivateKey, key: Ed25519PrivateKey
) -> x509.Certificate:
    """All that a certificate says, for another key, signed by somebody else."""
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    builder = x509.CertificateBuilder(
        issuer,
        real.subject,
        key.public_key(),
        real.serial_number,
        now - day,
        now + day,
    )
    for each in real.extensions:
        builder = builder.add_extension(each.value, each.critical)
    return builder.sign(signer, None)


def self_made(_site: Site, pem: bytes) -> bytes:
    real, key = own_of(pem)[1], Ed25519PrivateKey.generate()
    return pem_of(key, like(real, real.subject, key, key))


def by_a_namesake_of_the_authority(_site: Site, pem: bytes) -> bytes:
    real, key = own_of(pem)[1], Ed25519PrivateKey.generate()
    return pem_of(key, like(real, real.issuer, Ed25519PrivateKey.generate(), key))


def by_the_machine_itself(_site: Site, pem: bytes) -> bytes:
    (theirs, real), key = own_of(pem), Ed25519PrivateKey.generate()
    return pem_of(key, like(real, real.subject, theirs, key), real)


def of_another_installation(_site: Site, _pem: bytes) -> bytes:
    return CertificateAuthority(b"s" * 32, "another", SystemClock()).issue(CAMERA, "van-2", 1).pem


def expired(site: Site, _pem: bytes) -> bytes:
    return load_authority(site.core.keystore, Shifted(3)).issue(CAMERA, "van-2", 1).pem


def of_days_to_come(site: Site, _pem: bytes) -> bytes:
    return load_authority(site.core.keystore, Shifted(-3)).issue(CAMERA, "van-2", 1).pem


def never_admitted(site: Site, _pem: bytes) -> bytes:
    return load_authority(site.core.keystore, SystemClock()).issue(CAMERA, "van-9", 1).pem


def of_the_vault_itself(site: Site, _pem: bytes) -> bytes:
    return (site.folder / "processes" / "vault.pem").read_bytes()


def real_without_its_key(_site: Site, pem: bytes) -> bytes:
    key, other = own_of(pem)[1], Ed25519PrivateKey.generate()
    return pem_of(other, key)


def nothing(_site: Site, _pem: bytes) -> bytes:
    return b""


FORGED: list[Callable[[Site, bytes], bytes]] = [
    nothing,
    self_made,
    by_a_namesake_of_the_authority,
    by_the_machine_itself,
    of_another_installation,
    expired,
    of_days_to_come,
    of_the_vault_itself,
]


def answer(site: Site, folder: Path, pem: bytes) -> bytes:
    """What the vault says to who shows this."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / AUTHORITY_FILE)
    if pem:
        shown = site.folder / "shown.pem"
        shown.write_bytes(pem)
        context.load_cert_chain(shown)
    with (
        socket.create_connection(("127.0.0.1", site.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="vault") as secured,
    ):
        write_frame(secured, b"a boot of another machine")
        return secured.recv(10_000)


@pytest.mark.parametrize("forge", FORGED, ids=lambda each: each.__name__)
def test_who_shows_a_certificate_that_the_vault_did_not_give_is_told_nothing(
    site: Site, forge: Callable[[Site, bytes], bytes]
) -> None:
    folder = site.admit("van-2", CAMERA)
    pem = (folder / "camera.pem").read_bytes()
    assert answer(site, folder, pem)  # the real one is greeted

    try:
        said = answer(site, folder, forge(site, pem))
    except OSError:
        said = b""

    assert said == b""
    assert site.there(folder).seal_key("d", "north").key  # and the real one goes on


def test_a_key_that_is_not_the_certificates_is_not_even_taken(site: Site) -> None:
    folder = site.admit("van-2", CAMERA)
    with pytest.raises(ssl.SSLError):
        answer(site, folder, real_without_its_key(site, (folder / "camera.pem").read_bytes()))


def test_one_of_the_authority_for_a_machine_that_nobody_admitted_gets_a_refusal_and_no_more(site: Site) -> None:
    folder = site.admit("van-2", CAMERA)
    (folder / "camera.pem").write_bytes(never_admitted(site, b""))
    said = answer(site, folder, (folder / "camera.pem").read_bytes())

    assert b"vault.not-admitted" in said
