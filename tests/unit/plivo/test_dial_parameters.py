"""What the requests of a Dial carry."""

from typing import get_args

import pytest

from recordbridge.plivo.hangup_causes import hangup_cause
from recordbridge.plivo.parameters import (
    DIAL_EVENTS,
    DialAction,
    dial_action,
    dial_event,
)


@pytest.mark.rule("F-4")
def test_the_action_of_an_answered_dial_in_wire_order() -> None:
    values = dial_action(
        status="completed",
        rang=True,
        hangup_cause="NORMAL_CLEARING",
        a_leg_uuid="a-1",
        b_leg_uuid="b-1",
    )
    assert list(values.items()) == [
        ("DialStatus", "completed"),
        ("DialRingStatus", "true"),
        ("DialHangupCause", "NORMAL_CLEARING"),
        ("DialALegUUID", "a-1"),
        ("DialBLegUUID", "b-1"),
    ]


@pytest.mark.rule("F-4", "H-2")
def test_the_action_of_a_dial_that_nobody_answered_names_no_b_leg() -> None:
    assert dial_action(
        status="failed", rang=False, hangup_cause="NETWORK_OUT_OF_ORDER", a_leg_uuid="a-1"
    ) == {
        "DialStatus": "failed",
        "DialRingStatus": "false",
        "DialHangupCause": "NETWORK_OUT_OF_ORDER",
        "DialALegUUID": "a-1",
    }


@pytest.mark.rule("F-3")
def test_every_action_of_a_callback_has_an_event() -> None:
    assert set(DIAL_EVENTS) == set(get_args(DialAction))
    assert set(DIAL_EVENTS.values()) == {"DialAnswer", "DialHangup", "DialDigitsMatch"}


@pytest.mark.parametrize("action", ["answer", "connected"])
def test_the_callback_of_an_answer(action: DialAction) -> None:
    assert dial_event(
        action=action, a_leg_uuid="a", b_leg_uuid="b", b_leg_from="100", b_leg_to="200"
    ) == {
        "DialAction": action,
        "DialBLegStatus": action,
        "DialALegUUID": "a",
        "DialBLegUUID": "b",
        "DialBLegFrom": "100",
        "DialBLegTo": "200",
    }


def test_the_callback_of_a_hangup_tells_why_and_after_how_long() -> None:
    values = dial_event(
        action="hangup",
        a_leg_uuid="a",
        b_leg_uuid="b",
        b_leg_from="100",
        b_leg_to="200",
        duration_s=11,
        bill_duration_s=0,
        cause=hangup_cause("Callee", 16),
    )
    assert list(values.items()) == [
        ("DialAction", "hangup"),
        ("DialBLegStatus", "hangup"),
        ("DialALegUUID", "a"),
        ("DialBLegUUID", "b"),
        ("DialBLegFrom", "100"),
        ("DialBLegTo", "200"),
        ("DialBLegDuration", "11"),
        ("DialBLegBillDuration", "0"),
        ("DialBLegHangupCause", "NORMAL_CLEARING"),
        ("DialBLegHangupCauseName", "Normal Hangup"),
        ("DialBLegHangupCauseCode", "4000"),
        ("DialBLegHangupSource", "Callee"),
    ]


@pytest.mark.parametrize("pressed_by", ["ALeg", "BLeg"])
def test_the_callback_of_a_match_tells_which_and_by_whom(pressed_by: str) -> None:
    values = dial_event(
        action="digits",
        a_leg_uuid="a",
        b_leg_uuid="b",
        digits="22",
        pressed_by="ALeg" if pressed_by == "ALeg" else "BLeg",
    )
    assert values == {
        "DialAction": "digits",
        "DialBLegStatus": "answer",
        "DialALegUUID": "a",
        "DialBLegUUID": "b",
        "DialDigitsMatch": "22",
        "DialDigitsPressedBy": pressed_by,
    }
