"""Passwords that are everybody's: those that a fresh server comes with, or its manual shows, and the usual words."""

from __future__ import annotations

from typing import Final

from lfr_core.common.errors import Fatal

__all__ = ["refuse_known_password"]

_KNOWN: Final = frozenset(
    {
        *("0000", "1234", "12345", "123456", "12345678", "123456789", "1234567890"),
        *("admin", "admin-secret", "admin123", "administrator"),
        *("changeit", "changeme", "client-secret", "default", "demo", "example", "guest", "kafka"),
        *("kafka-secret", "letmein", "lfr", "milvus", "minio", "minioadmin", "minioadmin123", "openlfr"),
        *("pass", "passw0rd", "password", "password1", "password123", "postgres", "postgresql", "prefect"),
        *("public", "qwerty", "root", "secret", "test", "user", "welcome", "your-password", "yourpassword"),
    }
)
"""Compared without regard to capitals. From the manuals of Kafka, Milvus, MinIO, PostgreSQL and Prefect, and lists of
the passwords that are tried first."""


def refuse_known_password(user: str, password: str, where: str) -> None:
    """See that a password isn't everybody's, nor the user's own name.

    Args:
        user: whose it is.
        password: what is looked at; it isn't in the message.
        where: the file or setting that holds it.

    Raises:
        Fatal: it is.
    """
    if password.casefold() in _KNOWN | {user.casefold()}:
        raise Fatal(
            f"{where} holds a password that everybody knows: give the account {user} another one at that server, and "
            "write it here"
        )
