"""A wire tap: every UDP packet of a rig on the loopback, with the time the kernel received it.

The kernel filters by destination port and stamps the packets, so neither this program's speed
nor other rigs on the machine touch what is measured. Needs CAP_NET_RAW.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from typing import NamedTuple, Self

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35
"""As on every architecture that Debian has Asterisk for; Python 3.11 does not name it."""
_SO_RCVBUFFORCE = 33
_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_UDP = 17
_BUFFER = 32 << 20
_POLL_S = 0.2


class TapError(Exception):
    """The tap cannot be opened; the sentence says why."""


class Packet(NamedTuple):
    """A datagram from port to port, and when it came (epoch, nanoseconds)."""

    at: int
    source: int
    destination: int
    data: bytes


class Tap:
    """Listens while it is entered as a context; `packets` are there afterwards, in order."""

    def __init__(self, first: int, last: int, *more: int) -> None:
        """Of the destination ports `first` to `last`, and `more`."""
        self.packets: list[Packet] = []
        self.dropped = 0
        self._filter = _port_filter(first, last, more)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="tap")

    def __enter__(self) -> Self:
        try:
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP)
            )
        except PermissionError as error:
            raise TapError(
                "The wire tap needs CAP_NET_RAW to see RTP on the loopback: run as root."
            ) from error
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        # The kernel copies the filter while the call runs: its memory need live no longer.
        code = ctypes.create_string_buffer(self._filter)
        program = struct.pack("HL", len(self._filter) // 8, ctypes.addressof(code))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        self._enlarge()
        self._socket.bind(("lo", _ETH_P_IP))
        self._socket.settimeout(_POLL_S)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        counted = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self.dropped = struct.unpack("II", counted)[1]
        self._socket.close()

    def _enlarge(self) -> None:
        """Beyond the system's limit needs one capability more; without it the tap may drop."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                data, ancillary, _, _ = self._socket.recvmsg(65536, 64)
            except TimeoutError:
                continue
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                    seconds, nanoseconds = struct.unpack("qq", value)
                    self.packets.append(datagram(seconds * 10**9 + nanoseconds, data))


def datagram(at: int, data: bytes) -> Packet:
    """An IPv4 packet that holds a whole UDP datagram."""
    header = (data[0] & 0x0F) * 4
    source, destination, length = struct.unpack_from("!HHH", data, header)
    return Packet(at, source, destination, data[header + 8 : header + length])


def _port_filter(first: int, last: int, more: tuple[int, ...]) -> bytes:
    """Classic BPF: unfragmented UDP to one of the ports."""
    tail = len(more) + 3  # the comparisons with `more`, two with the range, then: drop, keep
    drop, keep = tail - 1, tail
    code = [
        (0x30, 0, 0, 9),  # the protocol
        (0x15, 0, drop + 4, _UDP),
        (0x28, 0, 0, 6),  # the fragment's offset
        (0x45, drop + 2, 0, 0x1FFF),
        (0xB1, 0, 0, 0),  # the length of the IP header
        (0x48, 0, 0, 2),  # the destination port
    ]
    for index, port in enumerate(more):
        code.append((0x15, keep - index - 1, 0, port))
    code += [
        (0x35, 0, 1, first),
        (0x25, 0, 1, last),
        (0x06, 0, 0, 0),
        (0x06, 0, 0, 0x40000),
    ]
    return b"".join(struct.pack("HBBI", *each) for each in code)
