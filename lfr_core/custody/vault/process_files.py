"""The files that processes show who they are with: one a kind, certificate and key, for this user alone.

ca.pem          the installation's authority: by it the vault is known
camera.pem ...  key and certificate of each kind of process, made and renewed by the vault
vault.pem       the vault's own
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.custody.vault.certificates import THIS_MACHINE, CertificateAuthority
from lfr_core.custody.vault.files import write_private
from lfr_core.custody.vault.socket_owner import check_own_folder
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["AUTHORITY_FILE", "ProcessFiles", "client_context"]

AUTHORITY_FILE = "ca.pem"
_RENEW_EVERY_S = 3_600.0


class ProcessFiles:
    """The folder as the vault keeps it. Not for several threads."""

    def __init__(self, folder: Path, authority: CertificateAuthority, clock: Clock, days: float) -> None:
        """
        Args:
            folder: made where it is missing.
            authority: who signs.
            clock: the machine's.
            days: how long a certificate is good; it is renewed at half of that.

        Raises:
            Fatal: the folder isn't this user's alone, or can't be made.
            Refused: `vault.keystore`: it can't be written.
        """
        self._folder = folder
        self._authority = authority
        self._clock = clock
        self._days = days
        self._looked = clock.monotonic()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Fatal(f"the folder {folder} can't be made ({error.strerror})") from error
        check_own_folder(folder)
        known = folder / AUTHORITY_FILE
        if not known.exists() or not _is_of(known.read_bytes(), authority):
            write_private(known, authority.pem)
            self._write(ProcessIdentity)
        self._write(self._old())
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.num_tickets = 0  # a connection stays open: nobody comes back to an old one
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(cadata=authority.pem.decode())
        self._load()

    def renew(self) -> None:
        """Renew what is past half of its time, once an hour: called by a timer. Raises as the constructor."""
        if self._clock.monotonic() - self._looked < _RENEW_EVERY_S:
            return
        self._looked = self._clock.monotonic()
        old = self._old()
        self._write(old)
        if ProcessIdentity.VAULT in old:
            self._load()

    def _load(self) -> None:
        self.context.load_cert_chain(_file(self._folder, ProcessIdentity.VAULT))

    def _old(self) -> list[ProcessIdentity]:
        return [each for each in ProcessIdentity if not self._is_fresh(_file(self._folder, each))]

    def _is_fresh(self, file: Path) -> bool:
        try:
            found = x509.load_pem_x509_certificate(file.read_bytes())
        except (OSError, ValueError):
            return False
        now = utc_from_ns(self._clock.time_ns())
        is_begun = found.not_valid_before_utc <= now  # else the clock was set back
        return is_begun and (found.not_valid_after_utc - now).total_seconds() > self._days * 86_400 / 2

    def _write(self, identities: Iterable[ProcessIdentity]) -> None:
        for each in identities:
            write_private(_file(self._folder, each), self._authority.issue(each, THIS_MACHINE, self._days).pem)


def client_context(folder: Path, identity: ProcessIdentity) -> ssl.SSLContext:
    """Return what a process shows the vault, and knows it by.

    Raises:
        Retryable: the vault hasn't made them yet.
        Fatal: they are damaged, or not this user's alone.
    """
    file, authority = _file(folder, identity), folder / AUTHORITY_FILE
    if not (file.exists() and authority.exists()):
        raise Retryable(f"there is no {file}: the vault makes it at its start; start it with `lfr up`")
    check_own_folder(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(authority)
        context.load_cert_chain(file)
    except (OSError, ValueError) as error:
        raise Fatal(
            f"{file} or {authority} can't be used ({type(error).__name__}): remove the folder {folder} and start the "
            "vault again"
        ) from error
    return context


def _file(folder: Path, identity: ProcessIdentity) -> Path:
    return folder / f"{identity.value}.pem"


def _is_of(pem: bytes, authority: CertificateAuthority) -> bool:
    try:
        known = x509.load_pem_x509_certificate(pem)
    except ValueError:
        return False
    return known.public_key() == x509.load_pem_x509_certificate(authority.pem).public_key()
