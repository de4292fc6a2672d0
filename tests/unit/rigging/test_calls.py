"""Orders for calls, and what the carrier says about them."""

import json

import pytest

from asterisk.rigging import ami, calls
from asterisk.rigging.errors import RigError


def _call() -> calls.Call:
    order = calls.Order("100", "dtmf", variables=(("RIG_KEY", "12#"),))
    return calls.Call("rig-1", order, placed=1.0)


def test_an_order_becomes_an_originate() -> None:
    headers = calls.originate(_call())
    assert ("Channel", "PJSIP/100@pbx") in headers
    assert ("Exten", "dtmf") in headers
    assert ("Variable", "RIG_KEY=12#") in headers


def test_a_call_is_followed_to_its_end() -> None:
    call = _call()
    assert not call.hear({"Event": "Newstate", "ChannelState": "6", "Channel": "PJSIP/pbx-1"})
    assert call.hear({"Event": "Hangup", "Cause": "16", "Cause-txt": "Normal Clearing"})
    told = json.loads(call.record())
    assert told["answered"] is True
    assert (told["cause"], told["cause_text"]) == (16, "Normal Clearing")
    assert call.line().startswith("100  dtmf  answered  ")


def test_a_call_without_a_channel_has_ended() -> None:
    call = _call()
    assert call.hear({"Event": "OriginateResponse", "Response": "Failure"})
    assert call.line() == "100  dtmf  not answered  0.00 s  no channel could be made"


def test_a_failed_call_waits_for_its_hangup_cause() -> None:
    call = _call()
    assert not call.hear({"Event": "Newstate", "ChannelState": "5", "Channel": "PJSIP/pbx-1"})
    assert not call.hear({"Event": "OriginateResponse", "Response": "Failure"})
    assert call.hear({"Event": "Hangup", "Cause": "17", "Cause-txt": "User busy"})
    assert "User busy (17)" in call.line()


def test_messages_are_read() -> None:
    assert ami.parse("Event: Hangup\r\nUniqueid: a\r\nCause-txt: Normal: yes") == {
        "Event": "Hangup",
        "Uniqueid": "a",
        "Cause-txt": "Normal: yes",
    }


def test_a_value_cannot_smuggle_in_another_header() -> None:
    with pytest.raises(RigError, match="one line"):
        ami.compose("Originate", [("Variable", "a=b\r\nAction: Logoff")])
