"""The manifest of the public site: what was signed, and whether a copy is that. Imports nothing that holds data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lfr_core.common.errors import Poison
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form

__all__ = ["MANIFEST", "MARKER", "canonical", "check_files", "verify_files"]

MANIFEST = "manifest.json"
MARKER = ".openlfr-site"
"""Lies in every folder we built, and so tells ours from others'. It isn't part of the site."""


def canonical(value: object) -> bytes:
    """Write what is signed, in the one way there is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify_files(files: Mapping[str, bytes], *, public_key: str) -> SignatureForm:
    """Check that `files` are those that the key (hexadecimal) signed; return how. Raises Poison, naming what isn't."""
    whole = _read_manifest(files)
    try:
        contents, signature = canonical(whole["manifest"]), whole["signature"]
        form = find_form(SignatureKind.SITE, contents, signature=signature, public_key=public_key)
    except (ValueError, TypeError, AttributeError) as error:
        raise _not_signed() from error
    if form is None or whole["public_key"] != public_key:
        raise _not_signed()
    check_files(files)
    return form


def _not_signed() -> Poison:
    return Poison(f"{MANIFEST} isn't signed by this key: ask the force for its key, and fetch the site anew")


def check_files(files: Mapping[str, bytes]) -> None:
    """Check that `files` are those that the manifest lists, whoever signed it. Raises Poison, naming what isn't."""
    try:
        listed = {str(name): str(digest) for name, digest in _read_manifest(files)["manifest"]["files"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged() from error
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != MANIFEST}
    wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
    if wrong:
        raise Poison(f"not as signed: {', '.join(wrong)}")


def _read_manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Read it; Poison where it could be read in two ways, or says more than is signed."""
    try:
        whole = json.loads(files[MANIFEST])
        is_the_one_way = canonical(whole) + b"\n" == files[MANIFEST]
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise _damaged() from error
    if not is_the_one_way or not isinstance(whole, dict) or whole.keys() != {"manifest", "public_key", "signature"}:
        raise _damaged()
    return whole


def _damaged() -> Poison:
    return Poison(f"{MANIFEST} is missing or damaged: fetch the site anew")
