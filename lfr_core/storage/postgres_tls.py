"""What a PostgreSQL elsewhere must show: a certificate of its name, signed by an authority that is named.

libpq's own default is to encrypt if the server likes, and to believe whoever answers.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from lfr_core.common.addresses import is_loopback
from lfr_core.common.errors import Fatal
from lfr_core.common.known_passwords import refuse_known_password

__all__ = ["connection_options"]

_VERIFIED = "verify-full"
_MACHINES_OWN = "system"
"""libpq's word for the authorities that this machine trusts."""


def connection_options(url: URL) -> dict[str, str]:
    """Return what a connection to `url` is told besides: no way round TLS for a server that is elsewhere.

    Raises:
        Fatal: the server is on another machine and isn't asked for a certificate, the URL names a service file, or its
            password is everybody's.
    """
    if "service" in url.query:
        raise Fatal("LFR_DATABASE_URL names a service file, which may lead anywhere: write host and database into it")
    if url.password:
        refuse_known_password(url.username or "", str(url.password), "LFR_DATABASE_URL")
    where = [place for place in (url.host or "", *_each(url, "host"), *_each(url, "hostaddr")) if place]
    if all(place.startswith(("/", "@")) or is_loopback(place) for place in where):  # libpq: a path is a socket
        return {}
    if _each(url, "sslmode") != (_VERIFIED,):
        raise Fatal(
            f"the database at {', '.join(where)} is on another machine, and whoever answers there would be believed: "
            "end LFR_DATABASE_URL with ?sslmode=verify-full&sslrootcert=/whole/path/of/ca.pem (127.0.0.1 for one of "
            "this machine)"
        )
    root = _each(url, "sslrootcert")
    if root != (_MACHINES_OWN,) and not (len(root) == 1 and Path(root[0]).is_absolute() and Path(root[0]).is_file()):
        raise Fatal(
            "LFR_DATABASE_URL says sslmode=verify-full and not by which certificates: add "
            "sslrootcert=/whole/path/of/ca.pem, a file that is there, or sslrootcert=system"
        )
    return {"gssencmode": "disable"}  # with Kerberos at hand libpq would encrypt by that, and check no certificate


def _each(url: URL, name: str) -> tuple[str, ...]:
    given = url.query.get(name, ())
    return tuple(part for text in ((given,) if isinstance(given, str) else given) for part in text.split(","))
