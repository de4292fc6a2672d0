"""A Dial that something else ends, while the caller is there: its action decides nothing (H-3)."""

from __future__ import annotations

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.plivo.elements import Callee, Dial, Hangup, Wait
from tests.unit.machine.drive import ACTION, Drive

DIAL = Dial(callees=(Callee(address="1"),), action=ACTION)


@pytest.mark.rule("H-3", "F-4")
@pytest.mark.parametrize(("answered", "status"), [(False, "cancel"), (True, "completed")])
@pytest.mark.parametrize("who", ["api", "schedule"])
def test_the_action_of_a_dial_that_a_hangup_of_ours_ends_is_durable(
    who: str, answered: bool, status: str
) -> None:
    """Nobody waits for its reply, so nothing but the schedule would send it again."""
    drive = Drive(Hangup(schedule_s=30), DIAL, Wait(length_s=600))
    if answered:
        drive.feed(f.LegAnswered(leg_id=drive.last(i.BeginLeg).leg_id, at=drive.now))
    if who == "api":
        drive.feed(f.HangupAsked(source="API Request"))
    else:
        drive.wait(30_000)
    (action,) = drive.requests("action")
    assert action.durable
    assert not action.wants_document
    assert action.parameters["DialStatus"] == status
    assert action.parameters["Event"] == "Redirect"
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    assert len(drive.requests("action")) == 1


@pytest.mark.rule("N-1", "F-2")
def test_an_answer_of_which_nothing_was_heard_is_asked_for_again() -> None:
    """The caller of a Dial is answered when a callee is; a restart in that moment forgets none."""
    drive = Drive(DIAL)
    leg = drive.last(i.BeginLeg).leg_id
    drive.feed(f.LegAnswered(leg_id=leg, at=drive.now))
    assert len(drive.of(i.Answer)) == 1
    drive.feed(f.PbxLost(restarted=True))
    drive.feed(f.PbxSeen(at=drive.now, channel=True, exists=True, legs=(leg,)))
    assert len(drive.of(i.Answer)) == 2
