"""The certification authority of an installation, and the certificates that it gives to processes.

X.509 with Ed25519 keys. A certificate names a kind of process (CN) and a machine (O); the vault's alone is for a
server, all others for clients, so that no process can play the vault. The authority's key is one of the keystore's own
secrets, and never leaves the vault's process.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.domain.actors import ProcessIdentity

__all__ = [
    "SERVER_NAME",
    "THIS_MACHINE",
    "CertificateAuthority",
    "IssuedCertificate",
    "Peer",
    "load_authority",
    "read_peer",
]

SERVER_NAME: Final = "vault"
"""What clients look for in the server's certificate, wherever it is reached: nobody else is given one for a server."""
THIS_MACHINE: Final = "the vault's own machine"
"""The machine in certificates for the Unix socket: no name that a machine can be admitted under."""
_AUTHORITY_YEARS = 30
_BEFORE = dt.timedelta(minutes=10)
"""For clocks of two machines."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who a certificate says that somebody is."""

    identity: ProcessIdentity
    machine: str
    serial: int
    until_s: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate and its key."""

    pem: bytes
    """Key, then certificate: as OpenSSL reads them from one file."""
    serial: int
    until: dt.datetime


class CertificateAuthority:
    """Issues certificates for one installation."""

    def __init__(self, seed: bytes, installation: str, clock: Clock) -> None:
        """`seed`: 32 bytes; `installation`: its id; `clock`: the machine's, by which TLS looks at validity."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._clock = clock
        self._name = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, "OpenLFR vault"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, installation),
            ]
        )
        public = self._key.public_key()
        own = self._builder(self._name, public, dt.timedelta(days=365 * _AUTHORITY_YEARS))
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        own = own.add_extension(_usage(signs_certificates=True), critical=True)
        self.pem = own.sign(self._key, None).public_bytes(Encoding.PEM)

    def issue(self, identity: ProcessIdentity, machine: str, days: float) -> IssuedCertificate:
        """Make a key and a certificate for one kind of process on one machine."""
        key = Ed25519PrivateKey.generate()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, identity.value),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, machine),
            ]
        )
        is_server = identity is ProcessIdentity.VAULT
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if is_server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = self._builder(subject, key.public_key(), dt.timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        if is_server:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        made = builder.sign(self._key, None)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return IssuedCertificate(
            private + made.public_bytes(Encoding.PEM), made.serial_number, made.not_valid_after_utc
        )

    def _builder(self, subject: x509.Name, public: Ed25519PublicKey, length: dt.timedelta) -> x509.CertificateBuilder:
        now = utc_from_ns(self._clock.time_ns())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = x509.CertificateBuilder(
            self._name, subject, public, x509.random_serial_number(), now - _BEFORE, now + length
        )
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        return builder.add_extension(issuer, critical=False)


def load_authority(keystore: Keystore, clock: Clock) -> CertificateAuthority:
    """Return the authority of a keystore's installation. `clock`: the machine's."""
    return CertificateAuthority(keystore.installation_secret("processes"), keystore.installation, clock)


def read_peer(der: bytes) -> Peer:
    """Return who a certificate that the authority signed is for. Raises ValueError when it names no process of ours."""
    found = x509.load_der_x509_certificate(der)
    names = {each.oid: str(each.value) for each in found.subject}
    return Peer(
        ProcessIdentity(names.get(NameOID.COMMON_NAME, "")),
        names.get(NameOID.ORGANIZATION_NAME, ""),
        found.serial_number,
        found.not_valid_after_utc.timestamp(),
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
