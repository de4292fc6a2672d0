"""A party that leaves in the moment of being bridged: what the Dial reports then (F-4)."""

from __future__ import annotations

import pytest

from recordbridge.machine import dial
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.plivo.elements import Record
from tests.unit.machine.drive import Drive
from tests.unit.machine.test_dial import AFTER, answer, end, said
from tests.unit.machine.test_dial import dial as dialled

pytestmark = pytest.mark.rule("F-4")


def refused(drive: Drive) -> None:
    """Asterisk could not bridge the two."""
    bridge = drive.last(i.JoinBridge).bridge_id
    drive.feed(f.CommandRefused(bridge, "JoinBridge", "Channel not in Stasis application"))


def test_a_callee_who_left_was_connected() -> None:
    drive = Drive(dialled(), AFTER)
    leg = answer(drive)
    refused(drive)
    assert not drive.requests("action"), "why is not known yet"
    end(drive, leg)
    assert said(drive)["DialStatus"] == "completed"


def test_a_caller_who_left_has_cancelled() -> None:
    drive = Drive(dialled(), AFTER)
    answer(drive)
    refused(drive)
    drive.hang_up()
    assert said(drive)["DialStatus"] == "cancel"


def test_a_caller_who_leaves_while_the_recording_begins_has_cancelled() -> None:
    drive = Drive(Record(start_on_dial_answer=True), dialled(), AFTER)
    answer(drive)
    assert not drive.of(i.JoinBridge)
    drive.hang_up()
    assert said(drive)["DialStatus"] == "cancel"


def test_a_caller_who_leaves_the_conversation_has_completed_it() -> None:
    drive = Drive(dialled(), AFTER)
    answer(drive)
    drive.hang_up()
    assert said(drive)["DialStatus"] == "completed"


def test_nobody_waits_for_a_connection_that_cannot_be_made() -> None:
    drive = Drive(dialled(), AFTER)
    answer(drive)
    refused(drive)
    drive.wait(dial.PARTED_MS)
    assert said(drive)["DialStatus"] == "failed"
    assert drive.of(i.EndLeg)
    assert drive.of(i.EndBridge)
