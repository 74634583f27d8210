"""Finds the first thing that an HTML page would run or load. As a program: reads the page, prints what it found.

Python's `html.parser` takes quadratic time for tags that are never closed, so `child_reader.py` runs it in a process of
its own that can be ended; hence nothing of ours is imported here.
"""

from __future__ import annotations

import re
import resource
import sys
from html.parser import HTMLParser

__all__ = ["find_active"]

_RUNS = frozenset({"script", "iframe", "frame", "object", "embed", "applet", "form", "base", "portal"})
_LOADS = frozenset({"src", "srcset", "poster", "background", "data", "ping", "formaction", "action", "xlink:href"})
_OUTSIDE_STYLE = re.compile(r"@import|url\(\s*['\"]?(?!data:|#)", re.IGNORECASE)


def find_active(text: str) -> str:
    """Return in words what a page would run or load; "" for nothing."""
    reader = _Active()
    reader.feed(text)
    reader.close()
    return reader.found


class _Active(HTMLParser):
    """Finds the first thing that an HTML page would run or load."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = ""
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        values = {name: "".join((value or "").split()) for name, value in attrs}
        if tag in _RUNS:
            self._say(f"<{tag}>")
        elif tag == "meta" and values.get("http-equiv", "").casefold() == "refresh":
            self._say("a meta refresh")
        elif tag == "link" and values.get("href") and "data:" not in values["href"][:5]:
            self._say("a <link> to load")
        for name, value in values.items():
            if name.startswith("on"):
                self._say(f"the handler {name}")
            elif name in _LOADS and not value.casefold().startswith(("data:image/", "#")):
                self._say(f"something to load in {name}")
            elif name == "href" and value.casefold().startswith(("javascript:", "vbscript:", "data:")):
                self._say("a link that runs something")
            elif name == "style" and _OUTSIDE_STYLE.search(value):
                self._say("a style that loads something")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _OUTSIDE_STYLE.search(data):
            self._say("a style that loads something")

    def _say(self, what: str) -> None:
        self.found = self.found or what


if __name__ == "__main__":  # seconds of processor time, bytes of memory
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
    sys.stdout.buffer.write(find_active(sys.stdin.buffer.read().decode()).encode())
