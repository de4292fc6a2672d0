"""Ports: from the environment, or picked."""

import socket

import pytest

from asterisk.rigging import ports
from asterisk.rigging.errors import RigError

CARRIER = ("carrier_ari", "carrier_ami", "carrier_sip")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ports.Ports().variables():
        monkeypatch.delenv(name, raising=False)


def test_variables_change_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIG_PBX_ARI", "18088")
    assert ports.from_environment() == ports.Ports(pbx_ari=18088)


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1"])
def test_a_bad_port_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("RIG_PBX_SIP", value)
    with pytest.raises(RigError, match=f"RIG_PBX_SIP={value}"):
        ports.from_environment()


def test_picked_rtp_ranges_do_not_meet() -> None:
    first = ports.pick(CARRIER, set()).rtp_base
    second = ports.pick(CARRIER, {first}).rtp_base
    assert abs(first - second) >= ports.RTP_PER_RIG


def test_a_wanted_port_is_kept_only_if_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as busy:
        taken = busy.getsockname()[1]
        monkeypatch.setenv("RIG_CARRIER_ARI", str(taken))
        assert ports.pick(CARRIER, set()).carrier_ari != taken
        with pytest.raises(RigError, match=f"TCP port {taken} is in use: set RIG_CARRIER_ARI"):
            ports.check_free(ports.from_environment(), ["carrier_ari"])


def test_ports_that_are_not_asked_for_stay() -> None:
    assert ports.pick(CARRIER, set()).pbx_sip == ports.Ports().pbx_sip
