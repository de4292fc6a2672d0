"""The guard of outgoing requests: which addresses may be connected to (H-5).

The law: an address is judged when the socket to it is about to be made, after every name,
notation and redirect has been resolved, so nothing can change between the check and the use.
Everything that the IANA special-purpose registries do not call globally reachable is refused
unless the operator lists its network in `webhooks.allow_networks`; link-local and metadata
addresses are opened only by an entry that itself lies within their range, so that a wide entry
(`0.0.0.0/0`) does not open them by accident.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from recordbridge.errors import GuardError

IPv4 = ipaddress.IPv4Network
IPv6 = ipaddress.IPv6Network
Network = IPv4 | IPv6
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SETTING = "webhooks.allow_networks"

OWN_ENTRY: tuple[tuple[Network, str], ...] = (
    (IPv4("169.254.0.0/16"), "link-local, where clouds keep their metadata"),
    (IPv4("100.100.100.200/32"), "a cloud's metadata service"),
    (IPv4("168.63.129.16/32"), "a cloud's metadata service"),
    (IPv4("192.0.0.192/32"), "a cloud's metadata service"),
    (IPv6("fe80::/10"), "link-local"),
    (IPv6("fd00:ec2::254/128"), "a cloud's metadata service"),
    (IPv6("fd20:ce::254/128"), "a cloud's metadata service"),
    (IPv6("fd00:42::42/128"), "a cloud's metadata service"),
)
"""Opened only by an entry inside the range."""

SPECIAL_V4: tuple[tuple[IPv4, str], ...] = (
    (IPv4("0.0.0.0/8"), "this host"),
    (IPv4("10.0.0.0/8"), "private"),
    (IPv4("100.64.0.0/10"), "shared by carriers"),
    (IPv4("127.0.0.0/8"), "loopback"),
    (IPv4("172.16.0.0/12"), "private"),
    (IPv4("192.0.0.0/24"), "reserved for protocols"),
    (IPv4("192.0.2.0/24"), "for documentation"),
    (IPv4("192.88.99.0/24"), "a 6to4 relay"),
    (IPv4("192.168.0.0/16"), "private"),
    (IPv4("198.18.0.0/15"), "for benchmarks"),
    (IPv4("198.51.100.0/24"), "for documentation"),
    (IPv4("203.0.113.0/24"), "for documentation"),
    (IPv4("224.0.0.0/4"), "multicast"),
    (IPv4("240.0.0.0/4"), "reserved"),
)

SPECIAL_V6: tuple[tuple[IPv6, str], ...] = (
    (IPv6("::1/128"), "loopback"),
    (IPv6("64:ff9b:1::/48"), "a local translation to IPv4"),
    (IPv6("::/8"), "reserved"),
    (IPv6("2001::/32"), "a Teredo tunnel"),
    (IPv6("2001::/23"), "reserved for protocols"),
    (IPv6("2001:db8::/32"), "for documentation"),
    (IPv6("2002::/16"), "a 6to4 tunnel"),
    (IPv6("3fff::/20"), "for documentation"),
    (IPv6("5f00::/16"), "for segment routing"),
    (IPv6("fc00::/7"), "private"),
    (IPv6("fec0::/10"), "site-local"),
    (IPv6("ff00::/8"), "multicast"),
)

GLOBAL_V6 = IPv6("2000::/3")
"""All that IANA has given out as global unicast; the rest of IPv6 is refused unnamed."""

MAPPED = IPv6("::ffff:0:0/96")
TRANSLATED = IPv6("64:ff9b::/96")
COMPATIBLE = IPv6("::/96")
SIX_TO_FOUR = IPv6("2002::/16")
LOCAL_TRANSLATED = IPv6("64:ff9b:1::/48")


class ForbiddenAddressError(GuardError, OSError):
    """H-5 as an OSError, so that a connector goes on to the name's next address."""


def forbidden(address: str, allow: Iterable[Network]) -> str | None:
    """Why this address may not be connected to, as a sentence, or None when it may.

    `address` is a numeric IPv4 or IPv6 address as in a sockaddr, with or without a zone;
    anything else is refused. Mapped and translated addresses are judged as the IPv4 address
    that is reached through them, also against `allow`.
    """
    try:
        given = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address!r} is not a numeric address, so {SETTING} cannot allow it"
    entries = [_plain(network) for network in allow]
    reached = _reached(given)
    for one in (reached, *_tunnelled(reached)):
        own = next(((net, what) for net, what in OWN_ENTRY if one in net), None)
        if own is not None and not any(one in e and _inside(e, own[0]) for e in entries):
            return (
                f"{_name(address, one)} is {own[1]} ({own[0]}): "
                f"it needs an entry of its own, within that range, in {SETTING}"
            )
    special = _special(reached)
    if special is None or any(reached in entry for entry in entries):
        return None
    return f"{_name(address, reached)} is {special}: not listed in {SETTING}"


def _name(address: str, reached: Address) -> str:
    return address if str(reached) == address else f"{address} (reaching {reached})"


def _plain(network: Network) -> Network:
    """An entry written as mapped or translated IPv6 means the IPv4 network behind it."""
    if isinstance(network, IPv6) and network.prefixlen >= 96:
        behind = _embedded(network.network_address, (MAPPED, TRANSLATED))
        if behind is not None:
            return IPv4((behind, network.prefixlen - 96))
    return network


def _reached(given: Address) -> Address:
    """The address that packets to `given` arrive at, as far as the notation tells."""
    if isinstance(given, ipaddress.IPv6Address):
        return _embedded(given, (MAPPED, TRANSLATED)) or given
    return given


def _embedded(
    address: ipaddress.IPv6Address, prefixes: tuple[IPv6, ...]
) -> ipaddress.IPv4Address | None:
    if any(address in prefix for prefix in prefixes):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _tunnelled(address: Address) -> list[ipaddress.IPv4Address]:
    """IPv4 addresses that a tunnelling IPv6 address carries in its bits."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    carried = [_embedded(address, (COMPATIBLE, LOCAL_TRANSLATED))]
    if address in SIX_TO_FOUR:
        carried.append(ipaddress.IPv4Address(int(address) >> 80 & 0xFFFF_FFFF))
    if address.teredo is not None:
        carried.extend(address.teredo)
    return [one for one in carried if one is not None]


def _special(address: Address) -> str | None:
    """Why an address is not a public one, or None when it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return next((f"{what} ({net})" for net, what in SPECIAL_V4 if address in net), None)
    for network, what in SPECIAL_V6:
        if address in network:
            return f"{what} ({network})"
    return None if address in GLOBAL_V6 else "not a global address"


def _inside(entry: Network, network: Network) -> bool:
    if isinstance(entry, IPv4) and isinstance(network, IPv4):
        return entry.subnet_of(network)
    if isinstance(entry, IPv6) and isinstance(network, IPv6):
        return entry.subnet_of(network)
    return False
