"""What a member of the public may ask of a force: enquiries, complaints, "was I on a list", a receipt when stopped."""

from __future__ import annotations

__all__: list[str] = []
