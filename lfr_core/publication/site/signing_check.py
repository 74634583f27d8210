"""What the vault sees of a site before it signs it: that it is a manifest of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from lfr_core.custody.vault.signing import not_signed
from lfr_core.domain.signatures import SignatureKind
from lfr_core.publication.site.manifest import canonical

__all__ = ["check_site_to_sign"]


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["openlfr.site"]
    v: Literal[1]
    force: str
    made_at: str
    files: Mapping[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


def check_site_to_sign(message: bytes) -> None:
    """See that a message is a site's manifest. Raises Refused `vault.not-signed`."""
    try:
        _Manifest.model_validate_json(message)
        is_canonical = canonical(json.loads(message)) == message
    except (ValueError, RecursionError) as error:
        raise not_signed(SignatureKind.SITE, "it is no manifest of a public site") from error
    if not is_canonical:
        raise not_signed(SignatureKind.SITE, "it isn't written the one way")
