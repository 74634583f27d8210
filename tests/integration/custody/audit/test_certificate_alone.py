"""A certificate of erasure by itself, as somebody else would verify it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.custody.audit.test_evidence import certificate, run_verifier
from tests.support.audit import Notary


def test_a_certificate_alone_verifies_and_no_other_passes_for_it(notary: Notary, tmp_path: Path) -> None:
    key = notary.public_key.hex()
    content = certificate(notary).as_file().encode()

    def told(given: bytes, *options: str) -> tuple[int, str]:
        done = run_verifier(given, tmp_path / "empty", *(options or ("--public-key", key)))
        assert done.stderr == ""
        return done.returncode, done.stdout

    code, words = told(content)
    assert (code, "of deployment dep, made at" in words) == (0, True)
    assert told(content, "--public-key", key, "--deployment", "dep")[0] == 0
    shown_for_another = told(content, "--public-key", key, "--deployment", "other")
    assert shown_for_another[0] == 1
    assert "it is of deployment dep, not of other" in shown_for_another[1]
    assert told(content, "--public-key", Notary("other").public_key.hex())[0] == 1
    assert told(content, "--deployment", "dep")[0] == 3  # nobody said whose key
    other = certificate(notary, deployment="other")
    forged = json.loads(content)
    for wrong in (
        {**forged, "signature": other.signature},
        {**forged, "certificate": json.loads(other.body)},
        {**forged, "note": "passed"},
        {**forged, "certificate": {**forged["certificate"], "number": 2}},
        {**forged, "public_key": Notary("other").public_key.hex()},
    ):
        written = json.dumps(wrong, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        assert told(written.encode())[0] == 1, wrong
    for broken in (content[:-2], content + content, content + b" ", content.replace(b'"number": 1', b'"number": 01')):
        assert told(broken)[0] == 1
