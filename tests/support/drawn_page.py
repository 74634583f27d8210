"""What a person does at a page that Streamlit's own test runner draws, and what they read there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

__all__ = ["field", "in_sight", "press", "sign_in", "texts"]


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label]
    return button.click().run()


def field(app: AppTest, label: str) -> Any:
    (found,) = [each for each in (*app.text_input, *app.text_area) if each.label == label]
    return found


def sign_in(app: AppTest, name: str) -> None:
    app.session_state["who"] = name
    app.run()


def texts(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(
        str(each.value) for each in (*app.text, *app.markdown, *app.success, *app.warning, *app.error, *app.caption)
    ) + "".join(each.proto.body for each in app.get("html"))


def in_sight(app: AppTest) -> list[str]:
    """What stands where it is in sight of whoever pressed, however far below."""
    return [
        error.value
        for block in _blocks(app.main)
        if getattr(block.proto, "id", "").endswith("-what-came-of-it")
        for error in block.error
    ]


def _blocks(block: Any) -> Iterator[Any]:
    for each in block.children.values():
        if isinstance(each, Block):
            yield each
            yield from _blocks(each)
