"""Time stamps of heads (RFC 3161): an authority that isn't ours says that a head was there by a time.

It is sent the SHA-512 of the head's file and nothing else. Whoever has file and answer needs nothing of ours to check
them: `openssl ts -verify -data FILE -in ANSWER -CAfile CERTIFICATES`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.files import SETTINGS_BYTES, read_bounded
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.signed import HEAD_TEXT

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse, VerifierBuilder

__all__ = ["STAMP_SUFFIX", "TimestampAuthority", "describe_stamp", "read_authorities", "read_stamp_time"]

STAMP_SUFFIX = ".tsr"
_WHOLE_S = 5.0
"""[proposal] For an answer, all in all: the vault's thread that signs waits for it, once an hour."""
_LARGEST_BYTES = 100_000
"""Of an answer: those of public authorities have 5 to 10 kB, with their certificates."""
_RULE = "audit.timestamp"


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """Who is asked, over HTTP, and whose certificates are believed."""

    url: str
    authorities: tuple[x509.Certificate, ...]

    @classmethod
    def of(cls, settings: Settings) -> TimestampAuthority | None:
        """Return that of the settings; None where none is set.

        Raises:
            Fatal: it is named and its certificates aren't, or they can't be read.
        """
        if not settings.timestamp_url:
            return None
        if settings.timestamp_ca_file is None:
            raise Fatal("LFR_TIMESTAMP_URL needs LFR_TIMESTAMP_CA_FILE: the certificates by which it is believed")
        try:
            return cls(settings.timestamp_url, read_authorities(settings.timestamp_ca_file))
        except Refused as error:
            raise Fatal(str(error)) from error

    def stamp(self, content: bytes) -> bytes:
        """Have the content stamped; the answer, DER, which holds the stamp and was checked.

        Raises:
            Retryable: the authority is away, slow, or answers something else.
            Refused: `audit.timestamp`: what it answers isn't a stamp of this content by somebody who is believed.
        """
        from rfc3161_client import TimestampRequestBuilder, VerifierBuilder  # a vault that asks nobody waits for none

        request = TimestampRequestBuilder().data(content).build()
        answer = self._ask(request.as_bytes())
        _check(answer, content, VerifierBuilder.from_request(request), self.authorities)
        return answer

    def _ask(self, request: bytes) -> bytes:
        import httpx

        until, answer = time.monotonic() + _WHOLE_S, b""
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            with (
                httpx.Client(timeout=_WHOLE_S / 2, trust_env=False) as client,
                client.stream("POST", self.url, content=request, headers=headers) as found,
            ):
                found.raise_for_status()
                for part in found.iter_raw():
                    answer += part
                    if len(answer) > _LARGEST_BYTES or time.monotonic() > until:
                        raise Retryable(f"the time-stamping authority {self.url} answers too much, or too slowly")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Retryable(f"the time-stamping authority {self.url} is away ({error})") from error
        return answer


def read_authorities(file: Path) -> tuple[x509.Certificate, ...]:
    """Read the certificates (PEM) of time-stamping authorities that are believed. Raises Refused `audit.timestamp`."""
    try:
        return tuple(x509.load_pem_x509_certificates(read_bounded(file, SETTINGS_BYTES)))
    except (OSError, ValueError) as error:
        raise Refused(_RULE, f"{file} holds no certificates (PEM) of a time-stamping authority: {error}") from error


def read_stamp_time(answer: bytes, content: bytes, authorities: tuple[x509.Certificate, ...]) -> datetime:
    """Return by when the content was there, aware. Raises Refused `audit.timestamp` when the answer doesn't say so."""
    from rfc3161_client import VerifierBuilder

    return _check(answer, content, VerifierBuilder(), authorities).tst_info.gen_time


def describe_stamp(kept: Path, authorities_file: Path | None) -> str:
    """Say in a sentence what the time stamp beside a kept head says; "" where there is none.

    Raises:
        Refused: `audit.timestamp`: it is of another head, or by nobody who is believed.
    """
    beside = kept.with_suffix(STAMP_SUFFIX)
    if str(kept).upper().startswith(HEAD_TEXT) or not beside.is_file():
        return ""
    if authorities_file is None:
        return f"the time stamp {beside.name} wasn't checked: LFR_TIMESTAMP_CA_FILE names nobody who is believed"
    stamp, head = read_bounded(beside, SETTINGS_BYTES), read_bounded(kept, SETTINGS_BYTES)
    at = read_stamp_time(stamp, head, read_authorities(authorities_file))
    return f"a time-stamping authority says that {kept.name} was there at {at:%Y-%m-%d %H:%M:%S} UTC"


def _check(
    answer: bytes, content: bytes, builder: VerifierBuilder, authorities: tuple[x509.Certificate, ...]
) -> TimeStampResponse:
    from rfc3161_client import VerificationError, decode_timestamp_response

    for certificate in dict.fromkeys(authorities):
        builder = builder.add_root_certificate(certificate)
    try:
        found = decode_timestamp_response(answer)
        builder.build().verify_message(found, content)
    except (ValueError, VerificationError) as error:
        raise Refused(_RULE, f"the time stamp isn't of this head, or nobody believed signed it: {error}") from error
    return found
