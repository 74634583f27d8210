"""What is typed is kept for its person alone, for a day, and taken from a page of ours that was drawn for them."""

from __future__ import annotations

import ast
import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import Scope

import apps.typed.endpoint
from apps.typed.endpoint import TypedEndpoint
from apps.typed.store import KEPT_H, MOST_CHARACTERS, MOST_FIELDS, TypedText, TypedTexts
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.identity.page_sessions import PageSessions
from tests.support.records import ManualClock

APPS = Path(__file__).resolve().parents[3] / "apps"
ORIGIN = "http://127.0.0.1:8501"
PAT, DEE = ("https://login.test", "pat"), ("https://login.test", "dee")
FIELDS = {"text_input", "text_area", "number_input"}
LETTER = TypedText("a letter", "")


def test_it_is_given_to_its_person_alone_and_goes_when_it_was_sent() -> None:
    texts = TypedTexts(ManualClock())
    texts.keep(PAT, {"answer": LETTER, "place": TypedText("Norwich", "")})
    texts.keep(DEE, {"answer": TypedText("another", "")})
    texts.keep(PAT, {"place": None, "never": None})

    assert texts.find(PAT) == {"answer": LETTER}
    assert texts.mark_of(PAT) != texts.mark_of(DEE) != TypedTexts(ManualClock()).mark_of(DEE)


def test_what_was_sent_is_forgotten_by_its_forms_name_and_nothing_else_is() -> None:
    texts = TypedTexts(ManualClock())
    texts.keep(PAT, {"take": LETTER, "take-kind": LETTER, "take Place": LETTER, "a-take": LETTER})
    texts.keep(DEE, {"take-kind": LETTER})
    texts.forget(PAT, "take")
    texts.forget(("https://login.test", "nobody"), "take")

    assert (texts.find(PAT), texts.find(DEE)) == ({"a-take": LETTER}, {"take-kind": LETTER})


def test_it_goes_after_a_day_in_which_nothing_was_typed() -> None:
    clock = ManualClock()
    texts = TypedTexts(clock)
    texts.keep(PAT, {"answer": LETTER})
    clock.advance(KEPT_H * 3600 - 1)
    assert texts.find(PAT) == {"answer": LETTER}
    clock.advance(1)
    assert texts.find(PAT) == {}


def test_of_more_than_there_is_room_for_the_oldest_goes() -> None:
    texts = TypedTexts(ManualClock())
    texts.keep(PAT, {"first": LETTER, "second": TypedText("x" * (MOST_CHARACTERS - 20), "")})
    texts.keep(PAT, {"third": LETTER})

    assert set(texts.find(PAT)) == {"second", "third"}


def test_who_sends_fields_without_end_keeps_nobody_waiting_and_few_are_kept() -> None:
    """45,000 empty ones are a body of 1.6 MB: with the third the pages stood still for minutes."""
    texts, began = TypedTexts(ManualClock()), time.process_time()
    for turn in range(4):
        texts.keep(PAT, {f"{turn} {number}": TypedText("", "") for number in range(45_000)})
    took_s = time.process_time() - began

    assert len(texts.find(PAT)) == MOST_FIELDS
    assert "3 44999" in texts.find(PAT)
    assert took_s < 3


class _Sessions:
    """Logins of whoever is named in the claims; the register may be away."""

    def __init__(self) -> None:
        self.used: list[object] = []

    def use(self, claims: Mapping[str, object]) -> None:
        self.used.append(claims["sub"])
        if claims.get("away"):
            raise Retryable("the records are away")

    def find_typist(self, claims: Mapping[str, object]) -> Any:
        if "sub" not in claims or claims.get("over"):
            raise Refused("login.expired", "the session is over")
        return SimpleNamespace(issuer="https://login.test", subject=claims["sub"])


def ask(
    monkeypatch: pytest.MonkeyPatch, texts: TypedTexts, claims: dict[str, object], body: object, **headers: str
) -> int:
    monkeypatch.setattr(apps.typed.endpoint, "read_cookie", lambda *_: claims)
    sessions = cast("PageSessions", _Sessions())
    app = Starlette(
        middleware=[Middleware(TypedEndpoint, path="/typed", origin=ORIGIN, sessions=sessions, texts=texts)]
    )

    async def post() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            sent = {"content": body} if isinstance(body, bytes) else {"json": body}
            return (await client.post("/typed", headers={"origin": ORIGIN} | headers, **sent)).status_code

    return asyncio.run(post())


def test_what_a_page_sends_is_taken_of_whoever_it_was_drawn_for(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = TypedTexts(ManualClock())
    body = {"mark": texts.mark_of(PAT), "fields": {"answer": {"text": "a letter", "before": ""}}}

    assert ask(monkeypatch, texts, {"sub": "dee"}, body) == 403
    assert ask(monkeypatch, texts, {"sub": "pat", "over": True}, body) == 403
    assert ask(monkeypatch, texts, {"sub": "pat"}, body, origin="https://elsewhere.test") == 403
    assert texts.find(PAT) == texts.find(DEE) == {}
    assert ask(monkeypatch, texts, {"sub": "pat", "away": True}, body) == 204
    assert texts.find(PAT) == {"answer": LETTER}


@pytest.mark.parametrize("body", [b"", b"{", {"mark": ""}, {"fields": []}, b"x" * (4 * MOST_CHARACTERS + 1)])
def test_what_is_none_of_it_is_refused(monkeypatch: pytest.MonkeyPatch, body: object) -> None:
    assert ask(monkeypatch, TypedTexts(ManualClock()), {"sub": "pat"}, body) == 400


@pytest.mark.parametrize(
    "chosen",
    [
        *(True, 1, "Complaint", ["Complaint"], {}, {"text": "Complaint"}, {"text": True, "before": ""}),
        *({"text": ["a", "b"], "before": ""}, {"text": None, "before": ""}, {"text": "a", "before": 0}),
        {"text": "Complaint", "before": "Enquiry", "value": 1},
    ],
)
def test_a_choice_that_is_told_as_anything_but_text_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, chosen: object
) -> None:
    texts = TypedTexts(ManualClock())
    texts.keep(PAT, {"kind": TypedText("Complaint", "Enquiry")})
    body = {"mark": texts.mark_of(PAT), "fields": {"kind": chosen, "other": {"text": "a", "before": ""}}}

    assert ask(monkeypatch, texts, {"sub": "pat"}, body) == 400
    assert texts.find(PAT) == {"kind": TypedText("Complaint", "Enquiry")}


def test_all_else_is_the_pages_own() -> None:
    reached: list[object] = []

    async def app(scope: Scope, *_: object) -> None:
        reached.append(scope["path"])

    guard = TypedEndpoint(
        app, path="/typed", origin=ORIGIN, sessions=cast("PageSessions", _Sessions()), texts=TypedTexts(ManualClock())
    )
    asyncio.run(guard({"type": "http", "path": "/planning"}, cast("Any", None), cast("Any", None)))

    assert reached == ["/planning"]


def test_every_field_that_is_typed_into_can_be_told_from_the_others() -> None:
    """By its own key, or as one of a `typed_form`: else what was typed in one would come back in none, or another."""
    unnamed = []
    for file in sorted(APPS.rglob("*.py")):
        if "cli" in file.parts:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        blocks = [each for each in ast.walk(tree) if isinstance(each, ast.With)]
        forms = [each for each in blocks if "typed_form(" in ast.unparse(each.items[0])]
        inside = {id(each) for form in forms for each in ast.walk(form)}
        unnamed += [
            f"{file.relative_to(APPS)}:{call.lineno}"
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and getattr(call.func, "attr", "") in FIELDS
            and id(call) not in inside
            and "key" not in {each.arg for each in call.keywords}
        ]

    assert unnamed == []
