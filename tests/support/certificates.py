"""An authority of a test's own, and the certificates that it signs."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

__all__ = ["Authority"]


class Authority:
    """Signs certificates, for as long as a test takes."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        self._made = self._build(self._name, self._key, "127.0.0.1", is_authority=True)

    def write(self, file: Path) -> Path:
        file.write_bytes(self._made.public_bytes(Encoding.PEM))
        return file

    def issue(self, name: str, file: Path, address: str = "127.0.0.1") -> Path:
        """Write certificate and key of `name` at `address`, closed to others."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, address, is_authority=False)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(secret + made.public_bytes(Encoding.PEM))
        file.chmod(0o600)
        return file

    def _build(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, address: str, *, is_authority: bool
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        try:
            place: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(address))
        except ValueError:
            place = x509.DNSName(address)
        here = x509.SubjectAlternativeName([place])
        return (
            x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(here, critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
