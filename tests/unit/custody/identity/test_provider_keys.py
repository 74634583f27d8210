"""A provider that hangs keeps nobody waiting, nor from what they may see as long as its keys were known lately."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from joserfc.jwk import KeySet, OKPKey

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.identity import provider_keys
from lfr_core.custody.identity.provider import IdentityProvider
from lfr_core.custody.identity.provider_keys import ProviderKeys
from tests.support.records import ManualClock

ISSUER = "http://127.0.0.1:4220"


class Provider:
    """Answers, is away, or hangs until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.is_away = False
        self.hangs: threading.Event | None = None
        self.is_asked = threading.Event()
        monkeypatch.setattr(provider_keys, "discover", lambda _: None)
        monkeypatch.setattr(provider_keys, "fetch_keys", lambda *_: self.answer())

    def answer(self) -> KeySet:
        self.asked += 1
        self.is_asked.set()
        if self.hangs is not None:
            self.hangs.wait(20)
        if self.is_away or self.hangs is not None:
            raise Retryable("the provider doesn't answer")
        return KeySet([OKPKey.generate_key("Ed25519")])


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return Provider(monkeypatch)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "provider-keys.json"


def start(clock: ManualClock, file: Path, issuer: str = ISSUER) -> ProviderKeys:
    """Those of a vault that has just started."""
    return ProviderKeys(IdentityProvider(issuer, "terminal", "pages", (), is_embedded=True), clock, file)


@pytest.fixture
def keys(provider: Provider, clock: ManualClock, file: Path) -> ProviderKeys:
    return start(clock, file)


def away(keys: ProviderKeys) -> str:
    """Return the sentence with which nobody is believed."""
    with pytest.raises(Refused) as refused:
        keys.read()
    assert refused.value.rule == "login.provider-away"
    return str(refused.value)


def test_they_are_asked_for_every_five_minutes_and_soon_for_a_token_by_another_key(
    provider: Provider, clock: ManualClock, keys: ProviderKeys
) -> None:
    keys.maintain()
    first = keys.read()
    clock.advance(299)
    keys.maintain()
    assert (keys.read() is first, provider.asked) == (True, 1)

    assert keys.want_newer()
    keys.maintain()
    newer = keys.read()
    assert (newer is first, keys.want_newer(), provider.asked) == (False, False, 2)

    clock.advance(301)
    keys.maintain()
    assert provider.asked == 3


def test_no_request_waits_for_a_provider_that_hangs_whether_keys_are_known_or_not(
    provider: Provider, clock: ManualClock, keys: ProviderKeys
) -> None:
    provider.hangs = threading.Event()
    waits = threading.Thread(target=keys.maintain)
    waits.start()
    assert provider.is_asked.wait(20)
    assert "try again in a few seconds" in away(keys)
    assert waits.is_alive()
    provider.hangs.set()
    waits.join(20)

    provider.hangs = None
    clock.advance(2)
    keys.maintain()
    known = keys.read()
    clock.advance(301)
    provider.hangs = threading.Event()
    provider.is_asked.clear()
    waits = threading.Thread(target=keys.maintain)
    waits.start()
    assert provider.is_asked.wait(20)
    assert keys.read() is known
    assert waits.is_alive()
    provider.hangs.set()
    waits.join(20)
    keys.maintain()
    assert (keys.read() is known, provider.asked) == (True, 3)  # and isn't asked again at once


def test_an_hour_after_it_answered_last_nobody_is_believed(
    provider: Provider, clock: ManualClock, keys: ProviderKeys
) -> None:
    keys.maintain()
    provider.is_away = True
    clock.advance(3_599)
    keys.maintain()
    keys.read()
    clock.advance(2)

    assert "doesn't answer" in away(keys)


def test_a_restart_has_the_keys_of_before_from_a_private_file(
    provider: Provider, clock: ManualClock, keys: ProviderKeys, file: Path
) -> None:
    keys.maintain()
    before = {key.thumbprint() for key in keys.read().keys}
    provider.is_away = True
    clock.advance(600)
    again = start(clock, file)

    assert {key.thumbprint() for key in again.read().keys} == before
    assert file.stat().st_mode & 0o777 == 0o600
    assert '"d"' not in file.read_text()
    clock.advance(3_001)  # an hour since the provider was asked, not since the start
    away(again)
    away(start(clock, file))


def test_keys_of_another_provider_or_in_a_damaged_file_are_none(
    provider: Provider, clock: ManualClock, keys: ProviderKeys, file: Path
) -> None:
    keys.maintain()
    away(start(clock, file, "https://login.example.test"))
    for content in (b"", b"{", b'{"issuer":"' + ISSUER.encode() + b'","asked_ns":0,"keys":[]}', b"x" * 300_000):
        file.write_bytes(content)
        away(start(clock, file))
