from __future__ import annotations

import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from streams.camera.urls import SourceKind, holds_password, parse_source, redact_url

SECRETS = st.text(string.ascii_letters + string.digits + "@:/?#%&=;+ !$[]\\", min_size=6, max_size=30)
"""Long enough that no part of the rest of an address is one by chance."""
HOSTS = st.sampled_from(["10.0.0.7", "camera.example", "[fe80::1]"])
PIECE = 5
"""Characters in a row that would give a secret away."""


def assert_nothing_leaks(secret: str, shown: str) -> None:
    harmless = "rtsp://***@10.0.0.7:554/Streaming/101?***#***camera.example[fe80::1]url://***https://"
    for at in range(len(secret) - PIECE + 1):
        piece = secret[at : at + PIECE]
        assert piece not in shown or piece in harmless, shown


@given(user=SECRETS, password=SECRETS, host=HOSTS, escaped=st.booleans())
def test_no_user_or_password_is_ever_shown(user: str, password: str, host: str, *, escaped: bool) -> None:
    if escaped:
        user, password = quote(user, safe=""), quote(password, safe="")

    shown = redact_url(f"rtsp://{user}:{password}@{host}:554/Streaming/101")

    assert_nothing_leaks(password, shown)
    assert_nothing_leaks(user, shown)


@given(SECRETS, HOSTS)
def test_no_token_of_a_query_is_ever_shown(token: str, host: str) -> None:
    assert_nothing_leaks(token, redact_url(f"rtsp://{host}:554/Streaming/101?key={token}"))


@given(st.text(max_size=80))
def test_any_text_can_be_redacted(text: str) -> None:
    for url in (text, f"http://{text}", f"rtsp://user:secret@{text}"):
        shown = redact_url(url)

        assert isinstance(shown, str)
        assert "user:secret" not in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://10.0.0.7:554/Streaming/101", "rtsp://10.0.0.7:554/Streaming/101"),
        ("rtsp://u:p@10.0.0.7/s1?a=b", "rtsp://***@10.0.0.7/s1?***"),
        ("rtsp://u:p@ss@10.0.0.7/s1", "rtsp://***"),
        ("rtsp://u:p/ss@10.0.0.7/s1", "rtsp://***"),
        ("rtsp://10.0.0.7/user=admin&password=x&channel=1", "rtsp://10.0.0.7/***"),
        ("/srv/videos/a.avi", "/srv/videos/a.avi"),
    ],
)
def test_the_useful_part_of_an_address_stays(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_a_url_a_device_a_file_and_a_folder_are_distinguished(tmp_path: Path) -> None:
    file = tmp_path / "a.avi"
    file.touch()

    kinds = [
        parse_source(text).kind
        for text in ("rtsp://h/1", "HTTP://h/1", "0", str(file), str(tmp_path), f"file://{file}")
    ]

    expected = [SourceKind.URL, SourceKind.URL, SourceKind.DEVICE, SourceKind.FILE, SourceKind.FOLDER, SourceKind.FILE]
    assert kinds == expected


@pytest.mark.parametrize(
    "text", ["", "nothing-here.avi", "ftp://u:secret@h/a", "concat:a|b", "gopher://x?secret", "a\0b"]
)
def test_what_is_no_source_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(Poison) as refused:
        parse_source(text)

    assert "secret" not in str(refused.value)


def test_a_named_pipe_is_no_source(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(Poison, match="neither a file"):
        parse_source(str(tmp_path / "pipe"))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("rtsp://10.0.0.7:554/Streaming/101?channel=1", False),
        ("0", False),
        ("street.mp4", False),
        ("rtsp://admin:secret@10.0.0.7/s1", True),
        ("rtsp://admin@10.0.0.7/s1", True),
        ("rtsp://u:p@ss@10.0.0.7/s1", True),
        ("rtsp://10.0.0.7/user=admin&password=x&channel=1", True),
        ("http://10.0.0.7/video?Token=abc", True),
        ("http://10.0.0.7/video?pass%77ord=abc", True),
        ("rtsp://10.0.0.7/admin/Secret99/ch1", True),
        ("rtsp://10.0.0.7/Secret99@ch1", True),
        ("rtsp://10.0.0.7/s?u=admin&p=Secret99", True),
        ("http://10.0.0.7/cgi?usr=a&pw=Secret99", True),
        ("http://10.0.0.7/cgi?Secret99", True),
        ("http://10.0.0.7/cgi?channel=1%26pw=Secret99", True),
        ("http://10.0.0.7/cgi?channel=1;pw=Secret99", True),
        ("rtsp://10.0.0.7/s1#Secret99", True),
        ("rtsp://10.0.0.7/cam/realmonitor?channel=1&subtype=0", False),
        ("rtsp://10.0.0.7/axis-media/media.amp?videocodec=h264&resolution=1920x1080", False),
        ("rtsp://10.0.0.7/Streaming/Channels/101?transportmode=unicast&profile=Profile_1", False),
    ],
)
def test_an_address_with_a_password_or_token_is_told_from_one_without(text: str, *, holds: bool) -> None:
    assert holds_password(text) is holds


@pytest.mark.parametrize("password", ["Sec#ret", "Sec/ret", "Sec?ret", "12#Sec", "12?Sec", "Sec ret", "Sec\tret", "#"])
def test_a_password_that_ends_the_address_is_refused_with_how_it_is_written_and_nobody_is_asked_for_its_user(
    password: str,
) -> None:
    with pytest.raises(Poison, match="write # as %23") as refused:
        parse_source(f"rtsp://viewer:{password}@10.0.0.7:554/s1")

    assert "Sec" not in str(refused.value)
    assert "viewer" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://viewer:Sec%23ret@10.0.0.7:554/s1",
        "rtsp://u:p@ss@10.0.0.7/s1",
        "rtsp://10.0.0.7:554/Secret99@ch1",
        "rtsp://10.0.0.7/Secret99@ch1",
        "rtsp://[2001:db8::1]/a@b",
        "http://10.0.0.7/cgi?mail=a@b",
        "rtsp://viewer:100%@10.0.0.7/s1",
    ],
)
def test_an_address_whose_user_is_where_it_should_be_is_taken(text: str) -> None:
    assert parse_source(text).text == text
