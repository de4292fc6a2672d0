"""Messages of Asterisk's, as they were captured, and ones that it should not have sent."""

from __future__ import annotations

import json

import pytest

from recordbridge.ari import events

CHANNEL = {
    "id": "pbx-1795340093.13",
    "name": "PJSIP/carrier-00000007",
    "state": "Ring",
    "protocol_id": "6c6b51a4",
    "caller": {"name": "Ann", "number": "15551230001"},
    "connected": {"name": "", "number": ""},
    "accountcode": "",
    "dialplan": {
        "context": "from-carrier",
        "exten": "100",
        "priority": 3,
        "app_name": "Stasis",
        "app_data": "recordbridge",
    },
    "creationtime": "2026-11-22T09:34:53.218+0000",
    "language": "en",
}


def test_a_captured_event_is_read() -> None:
    message = {
        "type": "StasisStart",
        "timestamp": "2026-11-22T09:34:53.218+0000",
        "args": ["application=sales"],
        "channel": CHANNEL,
        "asterisk_id": "02:00:00:00:00:01",
        "application": "recordbridge",
    }
    event = events.decode(json.dumps(message))
    assert isinstance(event, events.StasisStart)
    assert (event.channel.id, event.channel.caller.number) == ("pbx-1795340093.13", "15551230001")
    assert (event.channel.dialplan.exten, event.args) == ("100", ["application=sales"])


@pytest.mark.parametrize("kind", ["ChannelVarset", "SomethingOfAsterisk30"])
def test_a_type_we_do_not_know_is_no_error(kind: str) -> None:
    event = events.decode(json.dumps({"type": kind, "value": [1, {"a": None}]}))
    assert event == events.Unknown(kind)


def test_a_known_type_of_another_shape_says_what_is_wrong() -> None:
    event = events.decode('{"type":"StasisEnd","channel":7}')
    assert isinstance(event, events.Unknown)
    assert "channel" in event.detail


@pytest.mark.parametrize("message", ["", "{", "[]", "7", '{"type":', '{"type":7}'])
def test_what_is_no_event_at_all_is_a_value_error(message: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        events.decode(message)


def test_the_allow_list_names_answers_and_what_we_read() -> None:
    """Without RESTResponse no command on the socket is ever answered (trap 17)."""
    assert {"RESTResponse", "ApplicationReplaced", "StasisStart", "StasisEnd"} <= set(events.USED)
    assert len(events.USED) == 18
