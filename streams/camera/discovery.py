"""Finds the cameras of one network that speak ONVIF, by WS-Discovery (2005/04, as ONVIF's core specification asks).

One question goes to the group of all devices, from this machine's own address in that network and with a time to live
of one, so that no router passes it on. Nobody's answer counts but of that network, and to that question; of what it
says, addresses elsewhere are left out.
"""

from __future__ import annotations

import ipaddress
import selectors
import socket
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

import psutil
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from lfr_core.common.errors import Poison, Retryable

__all__ = ["FoundCamera", "find_cameras", "own_networks"]

GROUP: Final = ("239.255.255.250", 3702)
_SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
_ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_QUESTION: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{_SOAP}" xmlns:a="{_ADDRESSING}" '
    f'xmlns:d="{_DISCOVERY}" xmlns:n="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
    '<a:MessageID>{id}</a:MessageID><a:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>'
    f'<a:Action e:mustUnderstand="true">{_DISCOVERY}/Probe</a:Action></e:Header>'
    "<e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)
_ASK_AGAIN_S: Final = 0.3
"""Datagrams get lost: the question is sent twice, with one id."""
_MOST_SENDERS: Final = 5_000
_MOST_OF_ONE: Final = 8
"""Answers of one address: a camera answers each question once, and one that floods hides no other."""
_LARGEST_NETWORK: Final = 8
"""Bits of its address: more isn't one network."""
_ONE_ADDRESS: Final = 32
"""Bits of a network that is this machine alone."""
_MOST_CAMERAS: Final = 1_000
_MOST_BYTES: Final = 65_507
"""Of a datagram."""
_LONGEST: Final = 100
"""Characters of a name that a camera gives itself."""
_MOST_ADDRESSES: Final = 4


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that answered: from where, what it calls itself, and where its ONVIF service is."""

    address: str
    name: str
    hardware: str
    services: tuple[str, ...]


def find_cameras(network: str, *, seconds: float) -> list[FoundCamera]:
    """Ask the cameras of `network`, an IPv4 network as 10.0.0.0/24, and wait `seconds` for their answers.

    Raises:
        Poison: that is no such network, or this machine has no address in it.
        Retryable: the network can't be used now.
    """
    asked = _network(network)
    own = _own_addresses(asked)
    found: dict[str, FoundCamera] = {}
    answered: Counter[str] = Counter()
    message = f"urn:uuid:{uuid.uuid4()}"
    try:
        for data, sender in _answers(own, _QUESTION.format(id=message).encode(), seconds):
            address = ipaddress.IPv4Address(sender)
            if address not in asked or answered[sender] >= _MOST_OF_ONE or len(answered) >= _MOST_SENDERS:
                continue
            answered[sender] += 1
            camera = _read(data, str(address), message, asked)
            if camera is not None and len(found) < _MOST_CAMERAS:
                found.setdefault(camera.address, camera)
    except OSError as error:
        raise Retryable(
            f"{asked} can't be asked: {error.strerror or error}. Check the network's cable and address"
        ) from error
    return [found[address] for address in sorted(found, key=ipaddress.IPv4Address)]


def own_networks() -> tuple[str, ...]:
    """Return the networks in which this machine has an address and that can be asked, as 10.0.0.0/24; not loopback."""
    found = set()
    for each in (each for all_ in psutil.net_if_addrs().values() for each in all_):
        if each.family is not socket.AF_INET or not each.netmask:
            continue
        with suppress(ValueError):
            network = ipaddress.IPv4Network(f"{each.address}/{each.netmask}", strict=False)
            if not network.is_loopback and _LARGEST_NETWORK <= network.prefixlen < _ONE_ADDRESS:
                found.add(network)
    return tuple(str(each) for each in sorted(found))


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(text.strip(), strict=False)
    except ValueError:
        raise Poison(f"{text!r} is no network: write its address and its size, as 10.0.0.0/24 (IPv4)") from None
    if network.prefixlen < _LARGEST_NETWORK:
        raise Poison(f"{network} is more than one network: write the cameras' own, as 10.0.0.0/24")
    return network


def _own_addresses(network: ipaddress.IPv4Network) -> list[str]:
    """Return this machine's addresses in the network."""
    there = [each.address for all_ in psutil.net_if_addrs().values() for each in all_ if each.family is socket.AF_INET]
    own = [address for address in there if ipaddress.IPv4Address(address) in network]
    if not own:
        raise Poison(
            f"this machine has no address in {network}, so its cameras can't be asked: it has "
            f"{', '.join(there) or 'none'}"
        )
    return own


def _answers(own: Iterable[str], question: bytes, seconds: float) -> Iterator[tuple[bytes, str]]:
    """Send the question out of each address, twice, and yield what comes with its sender's address."""
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        sockets = []
        for address in own:
            asking = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            asking.bind((address, 0))
            asking.settimeout(0)
            selector.register(asking, selectors.EVENT_READ)
            sockets.append(asking)
        now = time.monotonic()
        until, send_at = now + seconds, [now, now + _ASK_AGAIN_S]
        while (now := time.monotonic()) < until:
            if send_at and now >= send_at[0]:
                del send_at[0]
                for asking in sockets:
                    asking.sendto(question, GROUP)
            for key, _ in selector.select(min([until, *send_at]) - now):
                with suppress(BlockingIOError, ConnectionError):
                    data, sender = key.fileobj.recvfrom(_MOST_BYTES)  # type: ignore[union-attr]  # a socket
                    yield data, sender[0]


def _read(data: bytes, sender: str, question: str, network: ipaddress.IPv4Network) -> FoundCamera | None:
    """Read an answer; None for what is none, or none to this question."""
    try:
        answer = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError, RecursionError):
        return None
    if _text(answer, f".//{{{_ADDRESSING}}}RelatesTo") != question:
        return None
    match = answer.find(f".//{{{_DISCOVERY}}}ProbeMatch")
    if match is None:
        return None
    scopes = _text(match, f"{{{_DISCOVERY}}}Scopes").split()
    services = [each for each in _text(match, f"{{{_DISCOVERY}}}XAddrs").split() if _is_within(each, network)]
    return FoundCamera(
        sender, _scope(scopes, "name"), _scope(scopes, "hardware"), tuple(dict.fromkeys(services))[:_MOST_ADDRESSES]
    )


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None or found.text is None else found.text.strip()


def _scope(scopes: Iterable[str], what: str) -> str:
    """Return what it says of itself: onvif://www.onvif.org/name/North%20Gate."""
    begin = f"onvif://www.onvif.org/{what}/"
    said = next((unquote(each[len(begin) :]) for each in scopes if each.lower().startswith(begin)), "")
    return "".join(character for character in said if character.isprintable())[:_LONGEST]


def _is_within(url: str, network: ipaddress.IPv4Network) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"}
            and parts.username is None
            and len(url) <= _LONGEST
            and url.isprintable()
            and ipaddress.IPv4Address(parts.hostname or "") in network
        )
    except ValueError:
        return False
