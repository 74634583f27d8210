"""What of an HTML document's body may be published: text, tables and pictures within it. As a program: a filter.

nh3 (ammonia) reads HTML as browsers do, which Python's `html.parser` doesn't: `<!--><script>` is a comment to the
latter and a script to the former. It takes quadratic time on deeply nested elements, so `child_reader.py` runs it in a
process of its own that can be ended; hence nothing of ours is imported here.
"""

from __future__ import annotations

import re
import resource
import sys

import nh3

__all__ = ["clean_body"]

_TAGS = (
    "a abbr address article aside b blockquote br caption cite code col colgroup dd del details dfn div dl dt "
    "em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp "
    "section small span strong sub summary sup table tbody td tfoot th thead time tr u ul var"
)
_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "template",
    "noscript",
    "iframe",
    "object",
    "svg",
    "math",
    "textarea",
    "select",
}
_ATTRIBUTES = {
    "*": {"class", "dir", "id", "lang", "style", "title"},
    "a": {"href"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start", "type"},
    "col": {"span"},
    "colgroup": {"span"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"colspan", "headers", "rowspan", "scope"},
    "time": {"datetime"},
}
_STYLES = (
    "border border-bottom border-collapse border-left border-right border-top color font-size font-style "
    "font-weight margin margin-bottom margin-left margin-right margin-top padding padding-bottom padding-left "
    "padding-right padding-top text-align text-decoration vertical-align width"
)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_LINK = re.compile(r"(?:https?://|mailto:|#)\S*", re.IGNORECASE)
_LOADS = re.compile(r"url|image|src|@|\\|expression", re.IGNORECASE)


def clean_body(text: str) -> str:
    """Clean the body of a page. What is clean stays as it is."""
    return nh3.clean(
        text,
        tags=set(_TAGS.split()),
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"data", "http", "https", "mailto"},
        filter_style_properties=set(_STYLES.split()),
    ).strip()


def _kept(_tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    if attribute == "href":
        return value if _LINK.fullmatch(value) else None
    if attribute == "style":
        return None if _LOADS.search(value) else value
    return value


if __name__ == "__main__":  # seconds of processor time, bytes of memory
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
    sys.stdout.buffer.write(clean_body(sys.stdin.buffer.read().decode()).encode())
