"""The guard against the IANA special-purpose registries, address forms and allow entries."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge.outbound.guard import Address, Network, forbidden

pytestmark = pytest.mark.rule("H-5")


def words(text: str) -> list[str]:
    return text.split()


# https://www.iana.org/assignments/iana-ipv4-special-registry: globally reachable = False or N/A
NOT_GLOBAL_V4 = words(
    """
    0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
    192.0.0.0/24 192.0.0.0/29 192.0.0.8/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.88.99.0/24
    192.88.99.2/32 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
    255.255.255.255/32 224.0.0.0/4
    """
)

# https://www.iana.org/assignments/iana-ipv6-special-registry, with what is deprecated or reserved
NOT_GLOBAL_V6 = words(
    """
    ::1/128 ::/128 ::/8 64:ff9b:1::/48 100::/64 100:0:0:1::/64 200::/7 400::/6 800::/5 1000::/4
    2001::/32 2001::/23 2001:2::/48 2001:10::/28 2001:db8::/32 2002::/16 3fff::/20 4000::/3
    5f00::/16 6000::/3 8000::/3 a000::/3 c000::/3 e000::/4 f000::/5 f800::/6 fc00::/7 fe00::/9
    fe80::/10 fec0::/10 ff00::/8
    """
)

PUBLIC = words(
    """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.31.196.1
    192.52.193.1 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.48.1 198.17.255.255
    198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 2000::1
    2001:200::1 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9::1 2003::1 2606:4700:4700::1111
    2620:4f:8000::1 3ffe:ffff::1 3fff:1000::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
    """
)

METADATA = words(
    """
    169.254.169.254 169.254.170.2 169.254.0.1 100.100.100.200 168.63.129.16 192.0.0.192
    fd00:ec2::254 fd20:ce::254 fd00:42::42 fe80::1 fe80::1%eth0 febf::1 ::ffff:169.254.169.254
    64:ff9b::169.254.169.254 ::ffff:100.100.100.200
    """
)


def nets(*texts: str) -> list[Network]:
    return [ipaddress.ip_network(text) for text in texts]


@pytest.mark.parametrize("network", [*NOT_GLOBAL_V4, *NOT_GLOBAL_V6])
def test_no_registry_network_that_is_not_global_may_be_reached(network: str) -> None:
    net = ipaddress.ip_network(network)
    for address in (net[0], net[net.num_addresses // 2], net[-1]):
        if address in ipaddress.ip_network("64:ff9b::/96"):
            continue
        reason = forbidden(str(address), ())
        assert reason is not None
        assert "webhooks.allow_networks" in reason


@pytest.mark.parametrize("network", NOT_GLOBAL_V4)
@pytest.mark.parametrize("form", ["::ffff:{}", "64:ff9b::{}", "64:ff9b:1::{}", "::{}"])
def test_ipv6_forms_of_a_refused_ipv4_address_are_refused(network: str, form: str) -> None:
    address = ipaddress.ip_network(network)[-1]
    assert forbidden(form.format(address), ()) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert forbidden(address, ()) is None


@pytest.mark.parametrize("address", METADATA)
def test_metadata_addresses_need_their_own_entry(address: str) -> None:
    wide = nets("0.0.0.0/0", "::/0", "169.0.0.0/8", "100.64.0.0/10", "fd00::/8", "fe00::/8")
    assert "entry of its own" in (forbidden(address, wide) or "")
    assert forbidden(address, nets("169.254.1.1/32", "fe80::2/128")) is not None


@pytest.mark.parametrize(
    ("address", "entry"),
    [
        ("169.254.169.254", "169.254.169.254/32"),
        ("169.254.169.254", "169.254.0.0/16"),
        ("::ffff:169.254.169.254", "169.254.169.254/32"),
        ("fe80::1%eth0", "fe80::/64"),
        ("fd00:ec2::254", "fd00:ec2::254/128"),
        ("100.100.100.200", "100.100.100.200/32"),
        ("168.63.129.16", "168.63.129.16/32"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "0.0.0.0/0"),
        ("10.1.2.3", "::ffff:10.0.0.0/104"),
        ("::ffff:10.1.2.3", "10.1.0.0/16"),
        ("64:ff9b::10.1.2.3", "10.1.0.0/16"),
        ("::1", "::1/128"),
        ("fd12::1", "fd00::/8"),
        ("2002:808:808::1", "2002::/16"),
    ],
)
def test_an_entry_opens_its_network(address: str, entry: str) -> None:
    assert forbidden(address, ()) is not None
    assert forbidden(address, nets(entry)) is None


@pytest.mark.parametrize(
    ("address", "entry"),
    [
        ("10.1.2.3", "10.2.0.0/16"),
        ("::ffff:127.0.0.1", "::/0"),
        ("2002:a9fe:a9fe::1", "2002::/16"),
        ("2002:a9fe:a9fe::1", "169.254.0.0/16"),
        ("::169.254.169.254", "::/8"),
        ("2002:a00:1::1", "10.0.0.0/8"),
        ("64:ff9b:1::169.254.169.254", "64:ff9b:1::/48"),
        ("2001:0:a9fe:a9fe::1", "2001::/23"),
    ],
)
def test_an_entry_does_not_open_what_hides_behind_another_notation(
    address: str, entry: str
) -> None:
    assert forbidden(address, nets(entry)) is not None


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "1.2.3.4/8", "[::1]"])
def test_what_is_not_a_numeric_address_is_refused(text: str) -> None:
    assert forbidden(text, nets("0.0.0.0/0", "::/0")) is not None


@given(st.ip_addresses(v=4))
def test_mapped_and_translated_addresses_are_judged_as_the_ipv4_address(
    address: ipaddress.IPv4Address,
) -> None:
    plain = forbidden(str(address), ()) is None
    assert (forbidden(f"::ffff:{address}", ()) is None) is plain
    assert (forbidden(f"64:ff9b::{address}", ()) is None) is plain


@given(st.ip_addresses())
def test_python_knows_no_private_address_that_the_guard_lets_through(address: Address) -> None:
    translated = address in ipaddress.ip_network("64:ff9b::/96")
    if forbidden(str(address), ()) is None and not translated:
        mapped = getattr(address, "ipv4_mapped", None) or address
        assert mapped.is_global
        assert not mapped.is_multicast
