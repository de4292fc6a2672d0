"""What the tap saw, call by call: the answer and both directions of the sound.

A call is known by its caller's number, in the From of its INVITE, and so is the leg that the pbx
dials for it; the SDP of INVITE and answer tell the two RTP ports. Only u-law (payload type 0) and
telephone events (101) are looked at.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asterisk.rigging import ulaw
from tests.fidelity.tap import Packet

FRAME_NS = 20_000_000
SAMPLE_NS = 125_000
ULAW, EVENT = 0, 101
Samples = NDArray[np.int16]
_DECODE = np.array(ulaw.decode(bytes(range(256))), np.int16)
_HEADER = 12


class Rtp(NamedTuple):
    """One RTP packet: when it came, its payload type, its timestamp, its payload."""

    at: int
    type: int
    timestamp: int
    payload: bytes

    @property
    def samples(self) -> Samples:
        return _DECODE[np.frombuffer(self.payload, np.uint8)]

    @property
    def level(self) -> float:
        """The mean of |sample|: how Asterisk measures loudness."""
        return float(np.abs(self.samples.astype(np.int32)).mean()) if self.payload else 0.0


@dataclass
class Stream:
    """One direction of a call."""

    packets: list[Rtp] = field(default_factory=list)

    @cached_property
    def speech(self) -> list[Rtp]:
        """The packets with sound in them, silence included."""
        return [packet for packet in self.packets if packet.type == ULAW]

    @cached_property
    def keys(self) -> list[Rtp]:
        """The first packet of each key."""
        events = [packet for packet in self.packets if packet.type == EVENT]
        firsts = {packet.timestamp: packet for packet in reversed(events)}
        return sorted(firsts.values())

    def loud(self, threshold: int) -> list[Rtp]:
        """The packets in which Asterisk hears more than silence."""
        return [packet for packet in self.speech if packet.level >= threshold]


@dataclass
class Wire:
    """A call as it was on the wire."""

    caller: str
    invited: int
    dialled: bool = False
    """By the pbx: a leg to a callee."""
    ports: list[int] = field(default_factory=list)
    answered: int | None = None
    """When the 200 OK came."""
    ended: int | None = None
    """When the BYE came."""
    to_pbx: Stream = field(default_factory=Stream)
    from_pbx: Stream = field(default_factory=Stream)


class Seen(NamedTuple):
    """Everything, each by the caller's number."""

    calls: dict[str, Wire]
    legs: dict[str, Wire]


def seen(packets: Iterable[Packet], pbx_sip: int, carrier_sip: int) -> Seen:
    """The calls that the carrier placed, and the legs that the pbx dialled for them."""
    found: dict[str, Wire] = {}
    by_port: dict[int, Wire] = {}
    for packet in packets:
        if {packet.source, packet.destination} == {pbx_sip, carrier_sip}:
            _signalling(packet, found, by_port, carrier_sip)
        elif (wire := by_port.get(packet.destination)) is not None:
            _media(packet, wire)
    wires = found.values()
    return Seen(
        {wire.caller: wire for wire in wires if not wire.dialled},
        {wire.caller: wire for wire in wires if wire.dialled},
    )


def _signalling(
    packet: Packet, found: dict[str, Wire], by_port: dict[int, Wire], carrier_sip: int
) -> None:
    text = packet.data.decode("utf-8", "replace")
    call_id = _header(text, r"^Call-ID: *(\S+)")
    port = _header(text, r"^m=audio (\d+)")
    if text.startswith("INVITE ") and call_id not in found:
        caller = _header(text, r"^From:.*?<sips?:([^@>]+)@")
        dialled = packet.destination == carrier_sip
        found[call_id] = Wire(caller, packet.at, dialled, [int(port)])
        by_port[int(port)] = found[call_id]
    wire = found.get(call_id)
    if wire is None:
        return
    if text.startswith("SIP/2.0 200") and _header(text, r"^CSeq: *\d+ (\w+)") == "INVITE":
        if wire.answered is None:
            wire.answered = packet.at
            wire.ports.append(int(port))
            by_port[int(port)] = wire
    elif text.startswith("BYE ") and wire.ended is None:
        wire.ended = packet.at


def _header(text: str, pattern: str) -> str:
    match = re.search(pattern, text, re.MULTILINE | re.IGNORECASE)
    return match.group(1) if match else ""


def _media(packet: Packet, wire: Wire) -> None:
    if len(packet.data) < _HEADER or packet.data[0] >> 6 != 2:
        return
    kind, timestamp = packet.data[1] & 0x7F, struct.unpack_from("!I", packet.data, 4)[0]
    if kind not in (ULAW, EVENT):
        return  # RTCP's own types are 72 to 76 here
    to_pbx = (packet.destination == wire.ports[0]) == wire.dialled
    stream = wire.to_pbx if to_pbx else wire.from_pbx
    stream.packets.append(Rtp(packet.at, kind, timestamp, packet.data[_HEADER:]))
