"""What somebody typed is shown on a page as they typed it, and leads nowhere."""

from __future__ import annotations

import pytest
from streamlit.elements import alert, heading, markdown
from streamlit.testing.v1 import AppTest

from apps.staff.plain_messages import as_written, show_messages_as_written

OWN = "https://login.police.example/"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Norwich market, 23 November 2026, 16:13.", "Norwich market, 23 November 2026, 16:13."),
        ("[log in](//elsewhere.example)", r"\[log in\](//elsewhere.example)"),
        ("![x](//elsewhere.example/i.png)", r"!\[x\](//elsewhere.example/i.png)"),
        ("<b>*a* _b_ `c` $d$ ~e~</b>", r"\<b\>\*a\* \_b\_ \`c\` \$d\$ \~e\~\</b\>"),
        ("www.elsewhere.example", "www\u2060.elsewhere.example"),
        ("HTTP://elsewhere.example", "HTTP:\u2060//elsewhere.example"),
        (
            "see https://login.police.example.elsewhere.example/",
            "see https:\u2060//login.police.example.elsewhere.example/",
        ),
        (f"Give this link: {OWN}reset/a_b-*c", f"Give this link: <{OWN}reset/a_b-*c>"),
    ],
)
def test_a_text_is_written_so_that_it_is_shown_as_it_is(typed: str, written: str) -> None:
    assert as_written(typed, OWN) == written


def said() -> None:
    import streamlit as st

    for say in (st.error, st.success, st.info, st.warning, st.caption, st.write, st.subheader):
        say("[a](//b)")


def test_every_kind_of_message_is_shown_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (alert, heading, markdown):
        monkeypatch.setattr(module, "clean_text", module.clean_text)  # put back at the end
    show_messages_as_written(OWN)
    app = AppTest.from_function(said, default_timeout=20).run()

    kinds = [app.error, app.success, app.info, app.warning, app.caption, app.markdown, app.subheader]
    assert [each[0].value for each in kinds] == [r"\[a\](//b)"] * 7
