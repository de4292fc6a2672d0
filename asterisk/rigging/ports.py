"""Which ports a rig uses: from RIG_* variables, the defaults, or free ones that it picks."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace

from .errors import RigError

RTP_PER_INSTANCE = 800  # 400 streams: 200 calls with two legs each at once
RTP_PER_RIG = 2 * RTP_PER_INSTANCE
_RTP_FIRST = 10000
_RTP_LAST = 32768 - RTP_PER_RIG  # Linux hands out ports from 32768 on by itself
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """The ports of one rig; RTP takes RTP_PER_RIG ports from rtp_base on."""

    pbx_ari: int = 8088
    pbx_sip: int = 5060
    carrier_sip: int = 5070
    carrier_ari: int = 8089
    carrier_ami: int = 5038
    rtp_base: int = 20000

    def variables(self) -> dict[str, int]:
        """Return the ports by the names of their variables."""
        return {f"RIG_{name.upper()}": port for name, port in asdict(self).items()}


_UDP = ("pbx_sip", "carrier_sip")
_TCP = ("pbx_ari", "carrier_ari", "carrier_ami")


def from_environment() -> Ports:
    """Return the defaults as changed by RIG_* variables."""
    return replace(Ports(), **_given())


def _given() -> dict[str, int]:
    given = {}
    for variable, default in Ports().variables().items():
        value = os.environ.get(variable, "") or str(default)
        if not value.isdigit() or not 0 < int(value) < 65536:
            raise RigError(f"{variable}={value}: a port is a number from 1 to 65535.")
        if os.environ.get(variable):
            given[variable.removeprefix("RIG_").lower()] = int(value)
    return given


def free(port: int, kind: socket.SocketKind) -> bool:
    """Say whether a loopback port can be bound."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def pick(names: Iterable[str], taken_rtp: Collection[int]) -> Ports:
    """Return free ports for these names, and an RTP range away from other rigs'.

    Ports that RIG_* variables give are kept if they are free.
    """
    given = _given()
    picked = {**asdict(Ports()), **given}
    for name in names:
        wanted = given.get(name)
        kept = wanted is not None and free(wanted, _kind(name))
        picked[name] = wanted if wanted is not None and kept else _free_port(_kind(name))
    base = given.get("rtp_base")
    picked["rtp_base"] = base if base and _apart(base, taken_rtp) else _free_rtp(taken_rtp)
    return Ports(**picked)


def _kind(name: str) -> socket.SocketKind:
    return socket.SOCK_DGRAM if name in _UDP else socket.SOCK_STREAM


def _apart(base: int, taken: Collection[int]) -> bool:
    return all(abs(base - other) >= RTP_PER_RIG for other in taken)


def _free_port(kind: socket.SocketKind) -> int:
    """Let the kernel choose a port, so that two rigs that choose at once differ."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _free_rtp(taken: Collection[int]) -> int:
    for base in range(_RTP_FIRST, _RTP_LAST, RTP_PER_RIG):
        if _apart(base, taken) and free(base, socket.SOCK_DGRAM):
            return base
    raise RigError("No free range of RTP ports is left: end another rig, or set RIG_RTP_BASE.")


def check_free(ports: Ports, names: Iterable[str]) -> None:
    """Refuse ports that something else has."""
    for name in names:
        port = getattr(ports, name)
        if not free(port, _kind(name)):
            word = "UDP" if name in _UDP else "TCP"
            raise RigError(
                f"{word} port {port} is in use: set RIG_{name.upper()}, or use --pick-ports."
            )
