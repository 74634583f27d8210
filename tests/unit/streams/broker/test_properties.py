"""What Java reads out of the broker's settings is what was meant."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from hypothesis import given
from hypothesis import strategies as st

from streams.broker.jars import KAFKA_FOLDER
from streams.broker.properties import property_value

FOLDERS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


def java_reads(content: bytes, key: str) -> str:
    """As `java.util.Properties.load(InputStream)`: ISO-8859-1, `\\` joins lines and escapes, white space is skipped."""
    joined = re.sub(r"(?<!\\)((?:\\\\)*)\\(?:\r\n|\r|\n)[ \t\f]*", r"\1", content.decode("latin-1"))
    for line in re.split(r"[\r\n]+", joined):
        found = re.match(r"[ \t\f]*((?:\\.|[^\\:= \t\f])*)[ \t\f]*[:=]?[ \t\f]*(.*)", line, re.DOTALL)
        if found and not line.lstrip(" \t\f").startswith(("#", "!")) and found[1] == key:
            return _unescaped(found[2])
    raise KeyError(key)


def _unescaped(text: str) -> str:
    named = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
    units = re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|(.))",
        lambda m: chr(int(m[1], 16)) if m[1] else named.get(m[2], m[2]),
        text,
        flags=re.DOTALL,
    )
    return units.encode("utf-16-be", errors="surrogatepass").decode("utf-16-be")


@given(FOLDERS)
def test_java_reads_back_every_name_that_a_folder_may_have(name: str) -> None:
    content = f"a=1\nlog.dirs={property_value(name)}\nb=2\n".encode("ascii")

    assert java_reads(content, "log.dirs") == name
    assert (java_reads(content, "a"), java_reads(content, "b")) == ("1", "2")


def test_a_plain_folder_stands_there_as_it_is_and_the_reader_above_reads_as_java_does() -> None:
    assert property_value("/var/lib/open-lfr_1.0/kafka/data") == "/var/lib/open-lfr_1.0/kafka/data"
    assert property_value("/ü 😀:=\\#\n") == r"/\u00fc\u0020\ud83d\ude00\u003a\u003d\u005c\u0023\u000a"
    assert java_reads("k = ü".encode(), "k") == "Ã¼"  # the fault: UTF-8 that is read as Latin-1


def test_the_template_itself_is_ascii() -> None:
    text = Template(Path(KAFKA_FOLDER / "server.properties").read_text(encoding="ascii"))
    assert set(text.get_identifiers()) == {*("port", "controller_port", "log_dir", "broker_password", "administration")}
