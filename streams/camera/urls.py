"""What a source's text means, and how to show it without its secrets. Pure, but for asking what a path is."""

from __future__ import annotations

import re
import stat
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from lfr_core.common.errors import Poison

__all__ = ["SourceKind", "SourceText", "holds_password", "parse_source", "redact_url"]

LIVE_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https"})
VIDEO_HELP = "Give an rtsp:// or http:// address, a device's number, a video file or a folder of images."

# A URL that can be taken apart without doubt. Anything else, say a password with an unescaped @ or /, is not
# shown at all: what looks like a host could be the end of the password.
_PLAIN_URL = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://"
    r"(?P<user>[^@/?#\s]*@)?"
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?"
    r"(?P<path>/[^@?#\s]*)?"
    r"(?P<query>\?[^@#\s]*)?"
    r"(?P<fragment>#[^@\s]*)?"
)
_ENDS_AUTHORITY = re.compile(r"([/?#])")
# Some recorders take user and password, or a token, as part of the path: only short, plain segments are shown.
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9._-]{0,24})*")

_USERS = frozenset({"admin", "administrator", "root", "user", "guest", "operator", "viewer", "service", "supervisor"})
"""Names of accounts on cameras: where one is part of a path, what follows may be its password."""
_PLAIN_KEYS = frozenset(
    (
        *("audio", "camera", "channel", "codec", "compression", "fps", "h26x", "inst", "line", "profile", "proto"),
        *("resolution", "stream", "streamid", "subtype", "transportmode", "unicast", "videocodec"),
    )
)
"""[proposal] Keys of a query that say which picture is wanted; any other may hold a user, a password or a token."""
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._-]{0,24}")


def redact_url(text: str) -> str:
    """Return `text` fit to be logged and shown: no user, no password, no query, no path that may hold a token.

    What is not a URL is returned as it is. A URL that can't be taken apart without doubt becomes `scheme://***`.

    >>> redact_url("rtsp://admin:secret@10.0.0.7:554/Streaming/101?token=abc")
    'rtsp://***@10.0.0.7:554/Streaming/101?***'
    """
    if "://" not in text:
        return text
    match = _PLAIN_URL.fullmatch(text)
    if match is None:
        scheme = text.split("://", 1)[0]
        return f"{scheme if scheme.isalnum() and len(scheme) <= 8 else 'url'}://***"  # longest: rtsps, https
    path = match["path"] or ""
    shown = path if _PLAIN_PATH.fullmatch(path) else "/***"
    return "".join(
        (
            f"{match['scheme']}://",
            "***@" if match["user"] else "",
            match["host"],
            match["port"] or "",
            shown,
            "?***" if match["query"] else "",
            "#***" if match["fragment"] else "",
        )
    )


def holds_password(text: str) -> bool:
    """Return whether a URL names a user, or may give a password or token: what isn't known to be harmless counts.

    A password that is a short, plain part of a path behind no user's name can't be told from a stream's name.

    >>> holds_password("rtsp://admin:secret@10.0.0.7/s1"), holds_password("rtsp://10.0.0.7/s1?channel=1")
    (True, False)
    """
    if "://" not in text:
        return False
    match = _PLAIN_URL.fullmatch(text)
    if match is None or match["user"] or match["fragment"]:
        return True
    path, query = match["path"] or "", (match["query"] or "?")[1:]
    if _PLAIN_PATH.fullmatch(path) is None or not _USERS.isdisjoint(path.lower().split("/")):
        return True
    return not all(_is_plain(each) for each in query.split("&") if each)


def _is_plain(pair: str) -> bool:
    """Return whether a part of a query only says which picture is wanted."""
    key, _, value = unquote(pair).partition("=")
    return key.lower() in _PLAIN_KEYS and _PLAIN_VALUE.fullmatch(value) is not None


class SourceKind(StrEnum):
    """Where frames come from."""

    URL = "url"
    DEVICE = "device"
    FILE = "file"
    FOLDER = "folder"

    @property
    def live(self) -> bool:
        """Whether the kind is a camera. A URL may still turn out to be a recording when it is opened."""
        return self in {SourceKind.URL, SourceKind.DEVICE}


class SourceText(NamedTuple):
    """A source's text, understood. `shown` is safe to log; `text` of a URL is not."""

    kind: SourceKind
    text: str
    shown: str

    @property
    def is_rtsp(self) -> bool:
        """Whether it is an address of RTSP."""
        return self.kind is SourceKind.URL and urlsplit(self.text).scheme.lower() in {"rtsp", "rtsps"}


def _check_written_as_address(text: str) -> None:
    """Refuse a password that ends the address where it stands: the name before it would be asked for as a host.

    Raises:
        Poison: with how it is written.
    """
    authority, *ended = _ENDS_AUTHORITY.split(text.split("://", 1)[1], maxsplit=1)
    by, rest = ended or ("", "")
    port = authority.rpartition(":")[2] if ":" in authority and not authority.endswith("]") else "0"
    is_cut_off = "@" not in authority and "@" in rest and (by in {"#", "?"} or not port.isdigit())
    if is_cut_off or any(character.isspace() for character in text):
        raise Poison(
            "this isn't an address as it stands: in a camera's user or password write # as %23, / as %2F, ? as %3F, "
            "@ as %40, : as %3A, % as %25 and a space as %20"
        )


def parse_source(text: str) -> SourceText:
    """Understand `text`: a URL, a device's number or path, a file or a folder.

    Raises:
        Poison: it is none of these, or does not exist; the message shows no credentials.
    """
    text = text.strip()
    if "://" in text:
        scheme = text.split("://", 1)[0].lower()
        if scheme == "file":
            return parse_source(unquote(urlsplit(text).path))
        if scheme not in LIVE_SCHEMES:
            raise Poison(f"a source of this kind can't be read: {redact_url(text)}. {VIDEO_HELP}")
        _check_written_as_address(text)
        return SourceText(SourceKind.URL, text, redact_url(text))
    if text.isascii() and text.isdigit():
        return SourceText(SourceKind.DEVICE, text, f"device {text}")
    if not text or "\0" in text:
        raise Poison(f"no source was given. {VIDEO_HELP}")
    path = Path(text).expanduser()
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise Poison(f"the source {path} can't be read: {error.strerror}. {VIDEO_HELP}") from None
    if stat.S_ISDIR(mode):
        return SourceText(SourceKind.FOLDER, str(path), str(path))
    if stat.S_ISREG(mode):
        return SourceText(SourceKind.FILE, str(path), str(path))
    if stat.S_ISCHR(mode):
        return SourceText(SourceKind.DEVICE, str(path), str(path))
    raise Poison(f"the source {path} is neither a file, a folder nor a camera's device. {VIDEO_HELP}")
