from __future__ import annotations

import base64
import io
import re
import wave
from dataclasses import replace
from uuid import UUID

import pytest

from apps.operator.tones import NewAlerts, tone_html
from lfr_core.domain.watchlists import Response
from tests.support.unanswered_alert import ALERT


def samples(response: Response) -> bytes:
    found = re.search(r'src="data:audio/wav;base64,([^"]+)"', tone_html(response, ()))
    assert found is not None
    with wave.open(io.BytesIO(base64.b64decode(found[1]))) as file:
        frames: bytes = file.readframes(file.getnframes())
    return frames


def test_each_response_has_a_tone_of_its_own() -> None:
    assert len({samples(each) for each in Response}) == len(Response)


@pytest.mark.parametrize("response", Response)
def test_a_tone_is_under_a_second_begins_and_ends_in_silence_and_is_loud_between(response: Response) -> None:
    heard = samples(response)

    assert 0.1 < len(heard) / 8_000 < 1.0
    assert all(abs(each - 128) <= 1 for each in (heard[0], heard[-1]))
    assert (min(heard) < 80, max(heard) > 176) == (True, True)


def test_an_alert_is_new_once_and_again_when_it_comes_back() -> None:
    one, two = (replace(ALERT, id=UUID(int=number)) for number in (1, 2))
    new = NewAlerts()

    assert [new.take(queue) for queue in ([one], [two, one], [two], [one, two])] == [(one,), (two,), (), (one,)]


def test_nothing_sounds_where_there_is_nothing_to_say() -> None:
    assert "<audio" not in tone_html(None, ())
