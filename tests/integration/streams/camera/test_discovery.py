"""Cameras of one network are found by ONVIF's discovery, and nobody else is asked or believed."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from types import SimpleNamespace

import psutil
import pytest

from lfr_core.common.errors import Poison
from streams.camera import discovery
from streams.camera.discovery import FoundCamera, find_cameras, own_networks
from tests.support.brokers import free_ports

LOOPBACK = "127.0.0.0/8"
ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?>{dtd}'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header><a:RelatesTo>{question}</a:RelatesTo>'
    "</s:Header><s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:1</a:Address>"
    "</a:EndpointReference><d:Types>n:NetworkVideoTransmitter</d:Types><d:Scopes>{scopes}</d:Scopes>"
    "<d:XAddrs>{services}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
)
SCOPES = "onvif://www.onvif.org/name/North%20Gate onvif://www.onvif.org/hardware/X-1 onvif://www.onvif.org/Profile/S"
SERVICES = "http://127.0.0.1/onvif/device_service http://192.0.2.9/onvif/device_service file:///etc/passwd"


def plain(question: str) -> bytes:
    return ANSWER.format(dtd="", question=question, scopes=SCOPES, services=SERVICES).encode()


Answers = Callable[[str, tuple[str, int]], Iterable[bytes]]
"""What is answered to a question's id, and to who asked."""


class Device:
    """Answers each question that reaches the group over loopback with what `answers` makes of it."""

    def __init__(self, answers: Answers) -> None:
        self.asked: list[bytes] = []
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(discovery.GROUP)
        joined = struct.pack("4s4s", socket.inet_aton(discovery.GROUP[0]), socket.inet_aton("127.0.0.1"))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        self._socket.settimeout(0.1)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                question, sender = self._socket.recvfrom(65_507)
                self.asked.append(question)
                found = re.search(rb"<a:MessageID>([^<]+)</a:MessageID>", question)
                assert found is not None
                for answer in self._answers(found[1].decode(), sender):
                    if self._ending.is_set():
                        return
                    self._socket.sendto(answer, sender)

    def close(self) -> None:
        self._ending.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture(autouse=True)
def own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port of the test's own: another test on this machine neither asks nor answers."""
    (port,) = free_ports(1)
    monkeypatch.setattr(discovery, "GROUP", (discovery.GROUP[0], port))


@pytest.fixture
def device() -> Iterator[Callable[[Answers], Device]]:
    made: list[Device] = []

    def start(answers: Answers) -> Device:
        made.append(Device(answers))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_a_camera_of_the_network_is_found_once_with_its_name_and_no_address_elsewhere(
    device: Callable[..., Device],
) -> None:
    camera = device(lambda question, _: [plain(question)])

    found = find_cameras(LOOPBACK, seconds=0.6)

    assert found == [FoundCamera("127.0.0.1", "North Gate", "X-1", ("http://127.0.0.1/onvif/device_service",))]
    assert len(camera.asked) == 2  # a datagram may be lost
    assert b"NetworkVideoTransmitter" in camera.asked[0]


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: plain("urn:uuid:another-question"),
        lambda question: plain(question).replace(b"ProbeMatch>", b"Hello>"),
        lambda question: ANSWER.format(
            dtd='<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', question=question, scopes="&b;", services=""
        ).encode(),
        lambda question: plain(question)[:300],
        lambda _: b"<" * 60_000,
        lambda _: b"",
        lambda _: b"<?xml version='1.0' encoding='no-such'?><a/>",
    ],
    ids=["another-question", "no-match", "entities", "cut-off", "deep", "empty", "encoding"],
)
def test_what_is_no_answer_to_the_question_is_left_out(
    answer: Callable[[str], bytes], device: Callable[..., Device]
) -> None:
    camera = device(lambda question, _: [answer(question)])

    assert find_cameras(LOOPBACK, seconds=0.5) == []
    assert camera.asked


def test_names_are_short_and_can_be_shown(device: Callable[..., Device]) -> None:
    scopes = f"onvif://www.onvif.org/name/a%1B%5B31m{'x' * 500}"
    device(lambda question, _: [ANSWER.format(dtd="", question=question, scopes=scopes, services="").encode()])

    (camera,) = find_cameras(LOOPBACK, seconds=0.5)

    assert camera.name == ("a[31m" + "x" * 500)[:100]
    assert camera.services == ()


def test_answers_without_end_are_bounded_in_time_and_number(device: Callable[..., Device]) -> None:
    device(lambda question, _: repeat(plain(question)))  # more come whenever it looks whether it is time to end

    assert len(find_cameras(LOOPBACK, seconds=1.0)) == 1


def test_a_device_that_floods_hides_no_camera_behind_its_answers(
    device: Callable[..., Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(discovery, "_read", lambda data, *_: read.append(data))
    device(lambda *_: [b"<junk/>"] * 6_000)

    find_cameras(LOOPBACK, seconds=1.0)

    assert len(read) == discovery._MOST_OF_ONE  # what is beyond costs no look, and none of another's place


FLOOD = """
import socket, sys, time
flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
flood.bind(("127.0.0.9", 0))
until = time.monotonic() + 1.5
while time.monotonic() < until:
    try:
        flood.sendto(b"<junk/>" * 50, ("127.0.0.1", int(sys.argv[1])))
    except OSError:
        pass
"""


@pytest.fixture
def second_address() -> Iterator[socket.socket]:
    """A socket of another address of this machine, open for as long as any device answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.2", 0))
        yield own


def test_a_camera_that_answers_in_the_midst_of_another_device_s_flood_is_found(
    second_address: socket.socket, device: Callable[..., Device]
) -> None:
    floods: list[subprocess.Popen[bytes]] = []

    def flood(_question: str, asker: tuple[str, int]) -> list[bytes]:
        if not floods:
            floods.append(subprocess.Popen([sys.executable, "-c", FLOOD, str(asker[1])]))
        return []

    def answer_late(question: str, asker: tuple[str, int]) -> list[bytes]:
        time.sleep(0.25)
        for _ in range(5):  # SOAP-over-UDP has answers repeated, as the kernel drops what a full buffer can't take
            second_address.sendto(plain(question), asker)
            time.sleep(0.05)
        return []

    device(flood)
    device(answer_late)
    found = find_cameras(LOOPBACK, seconds=1.2)

    assert floods
    assert floods[0].wait(10) == 0
    assert [camera.address for camera in found] == ["127.0.0.2"]


@pytest.mark.parametrize("network", ["0.0.0.0/0", "128.0.0.0/1"])
def test_all_networks_at_once_are_not_asked(network: str) -> None:
    with pytest.raises(Poison, match="more than one network"):
        find_cameras(network, seconds=0.5)


@pytest.mark.parametrize("network", ["203.0.113.0/24", "10.255.255.0/30"])
def test_a_network_in_which_this_machine_has_no_address_is_not_asked(network: str) -> None:
    with pytest.raises(Poison, match="no address in"):
        find_cameras(network, seconds=0.5)


@pytest.mark.parametrize("text", ["", "cameras", "10.0.0.0/33", "10.0.0", "fe80::/64", "rtsp://10.0.0.7/s"])
def test_what_is_no_network_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Poison, match=r"10\.0\.0\.0/24"):
        find_cameras(text, seconds=0.5)


def test_the_networks_that_are_offered_are_those_in_which_this_machine_has_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def at(address: str, netmask: str | None, family: int = socket.AF_INET) -> SimpleNamespace:
        return SimpleNamespace(address=address, netmask=netmask, family=family)

    there = {
        "lo": [at("127.0.0.1", "255.0.0.0")],
        "cameras": [at("10.0.0.5", "255.255.255.0"), at("fe80::1", "ffff::", socket.AF_INET6)],
        "second": [at("10.0.0.6", "255.255.255.0")],
        "tunnel": [at("10.9.0.1", "255.255.255.255"), at("10.9.0.2", None)],
        "odd": [at("11.0.0.1", "254.0.0.0")],
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: there)

    assert own_networks() == ("10.0.0.0/24",)
