"""From captured packets to calls: whose sound it is, and when it was on the wire."""

from __future__ import annotations

import struct

import numpy as np

from tests.fidelity import tap, wire
from tests.fidelity.tap import Packet

PBX, CARRIER = 5060, 5070
CALLER, NUMBER = "15550000001", "100"
HEADER = "From: <sip:{caller}@127.0.0.1>;tag=1\r\nCall-ID: {call}\r\nCSeq: 7 INVITE\r\n"


def sip(at: int, first: str, port: int = 0, *, call: str = "a", caller: str = CALLER) -> Packet:
    body = f"\r\nv=0\r\nm=audio {port} RTP/AVP 0 101\r\n" if port else "\r\n"
    text = f"{first}\r\n{HEADER.format(call=call, caller=caller)}{body}"
    ends = (PBX, CARRIER) if first.startswith("SIP/2.0") else (CARRIER, PBX)
    return Packet(at, *ends, text.encode())


def rtp(at: int, source: int, destination: int, kind: int = 0, stamp: int = 0) -> Packet:
    data = struct.pack("!BBHII", 0x80, kind, 1, stamp, 1) + b"\x80" * 160
    return Packet(at, source, destination, data)


def test_a_call_is_its_answer_and_two_streams() -> None:
    packets = [
        sip(10, f"INVITE sip:{NUMBER}@x SIP/2.0", 20_000),
        rtp(15, 1, 20_000),
        sip(18, "SIP/2.0 100 Trying"),
        sip(20, "SIP/2.0 200 OK", 30_000),
        rtp(21, 20_000, 30_000, stamp=160),
        rtp(22, 20_000, 30_000, kind=0x80 | wire.EVENT, stamp=320),
        rtp(23, 20_000, 30_000, kind=wire.EVENT, stamp=320),
        rtp(24, 20_000, 30_001),
        sip(30, "SIP/2.0 200 OK", 30_000),
        sip(40, f"BYE sip:{NUMBER}@x SIP/2.0"),
    ]
    (call,) = wire.seen(packets, PBX, CARRIER).calls.values()
    assert (call.caller, call.invited, call.answered, call.ended) == (CALLER, 10, 20, 40)
    assert [packet.at for packet in call.from_pbx.speech] == [15]
    assert [packet.at for packet in call.to_pbx.speech] == [21]
    assert [packet.at for packet in call.to_pbx.keys] == [22], "the first packet of the key"


def test_a_port_that_is_used_again_belongs_to_the_later_call() -> None:
    packets = [
        sip(10, "INVITE sip:1@x SIP/2.0", 20_000),
        sip(11, "SIP/2.0 200 OK", 30_000),
        sip(20, "INVITE sip:1@x SIP/2.0", 20_002, call="b", caller="2"),
        sip(21, "SIP/2.0 200 OK", 30_000, call="b", caller="2"),
        rtp(22, 20_002, 30_000),
    ]
    found = wire.seen(packets, PBX, CARRIER).calls
    assert [len(found[caller].to_pbx.speech) for caller in (CALLER, "2")] == [0, 1]


def test_a_leg_that_the_pbx_dials_is_apart_from_its_call() -> None:
    leg = [
        sip(30, "INVITE sip:1@x SIP/2.0", 20_002, call="b"),
        sip(35, "SIP/2.0 200 OK", 30_002, call="b"),
        sip(60, "BYE sip:1@x SIP/2.0", call="b"),
    ]
    leg = [each._replace(source=each.destination, destination=each.source) for each in leg]
    packets = [
        sip(10, "INVITE sip:1@x SIP/2.0", 20_000),
        sip(20, "SIP/2.0 200 OK", 30_000),
        *leg,
        rtp(61, 30_002, 20_002),
        rtp(62, 20_002, 30_002),
    ]
    found = wire.seen(packets, PBX, CARRIER)
    assert found.calls[CALLER].answered == 20
    callee = found.legs[CALLER]
    assert (callee.invited, callee.answered, callee.ended) == (30, 35, 60)
    assert [each.at for each in callee.to_pbx.speech] == [61], "what the callee said"
    assert [each.at for each in callee.from_pbx.speech] == [62], "what the callee heard"


def test_loudness_is_asterisks_mean() -> None:
    packet = wire.Rtp(0, 0, 0, b"\x80" * 160)
    assert packet.level == abs(int(packet.samples[0])) > 128
    stream = wire.Stream([packet, wire.Rtp(1, 0, 160, b"\xff" * 160)])
    assert stream.loud(128) == [packet]
    assert np.array_equal(stream.packets[1].samples, np.zeros(160))


def test_a_datagram_is_cut_out_of_its_ip_packet() -> None:
    ip = b"\x46" + b"\0" * 23
    udp = struct.pack("!HHHH", 7, 9, 8 + 3, 0)
    assert tap.datagram(5, ip + udp + b"abc" + b"padding") == Packet(5, 7, 9, b"abc")
