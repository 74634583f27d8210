"""Values of Java's properties files, which are read as ISO-8859-1 whatever they are written in."""

from __future__ import annotations

__all__ = ["property_value"]

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-,@+")


def property_value(text: str) -> str:
    r"""Return `text` as the value of a property, in ASCII: `java.util.Properties.load` gives back exactly `text`.

    Whatever might be read in another way (`\`, `:`, `=`, `#`, `!`, white space, all that isn't ASCII) becomes `\uXXXX`.
    """
    return "".join(each if each in _PLAIN else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    """Escape a text, one escape for each UTF-16 code unit."""
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
