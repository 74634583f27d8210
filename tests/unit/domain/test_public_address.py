"""What receipts lead to can be opened by anybody's phone, or they lead nowhere."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lfr_core.domain.policy import load_policy
from lfr_core.domain.policy_sections import ForcePolicy
from lfr_core.domain.public_address import check_public_address


@pytest.mark.parametrize(
    "address", ["https://lfr.norfolk.police.uk", "https://lfr.example/public/", "https://8.8.8.8", ""]
)
def test_a_public_address_is_taken_without_the_slash_at_its_end(address: str) -> None:
    assert check_public_address(address) == address.rstrip("/")


@pytest.mark.parametrize(
    "address",
    [
        "http://lfr.norfolk.police.uk",
        "lfr.norfolk.police.uk",
        "https://localhost:8502",
        "https://127.0.0.1",
        "https://[::1]:8502",
        "https://10.1.2.3/public",
        "https://192.168.0.7",
        "https://169.254.1.1",
        "https://lfr-server",
        "https://lfr.norfolk.local",
        "https://lfr.norfolk.internal.",
        "https://site.localhost",
        "https://who:secret@lfr.norfolk.police.uk",
        "https://lfr.norfolk.police.uk/?page=1",
        "https://lfr.norfolk.police.uk/#top",
        "https://lfr.norfolk.police.uk/a b",
        "https://" + "a" * 200 + ".uk",
        "https://elsewhere.example\\.police.uk",
        "https://lfr.norfolk.police.uk,elsewhere.example",
        "https://lfr.norfolk.police.uk%2eelsewhere.example",
        "https://127.1",
        "https://0177.0.0.1",
        "https://0x7f.1",
        "https://192.168.1",
        "https://224.0.0.1",
        "https://lfr..police.uk",
        "https://lfr.norfolk.police.uk/?",
        "https://lfr.norfolk.police.uk/#",
        "https://lfr.norfolk.police.uk/<script>",
    ],
)
def test_an_address_of_this_machine_or_of_the_staffs_network_is_refused(address: str) -> None:
    """Nor what a browser reads as another: it takes \\ for /, and 127.1 for this machine."""
    with pytest.raises(ValueError, match="public site"):
        check_public_address(address)
    force = load_policy().force.model_dump()
    with pytest.raises(ValidationError, match="public site"):
        ForcePolicy.model_validate(force | {"public_site": address})


@pytest.mark.parametrize("port", ["0", "99999", "https"])
def test_an_address_with_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match=r"[Pp]ort|public site"):
        check_public_address(f"https://lfr.norfolk.police.uk:{port}")
