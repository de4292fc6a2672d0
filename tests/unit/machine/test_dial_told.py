"""Whom and what a Dial's requests name (F-4)."""

from __future__ import annotations

import pytest

from recordbridge.machine import intents as i
from tests.unit.machine.drive import CALLBACK, Drive
from tests.unit.machine.test_dial import AFTER, answer, dial, end, legs, said

pytestmark = pytest.mark.rule("F-4")


@pytest.mark.parametrize(("caller_id", "told"), [(None, "15550001"), ("15557770000",) * 2])
def test_the_callback_tells_the_number_that_the_callee_saw(
    caller_id: str | None, told: str
) -> None:
    drive = Drive(dial(callback=CALLBACK, caller_id=caller_id), AFTER)
    answer(drive)
    assert drive.last(i.BeginLeg).caller_id == told
    (event,) = drive.requests("dial")
    assert event.parameters["DialBLegFrom"] == told


@pytest.mark.parametrize("busy", [False, True], ids=["one rings", "another was busy"])
def test_a_caller_who_gives_up_is_the_cause(busy: bool) -> None:
    """Whatever callees that went before have said."""
    drive = Drive(dial("1", "2"), AFTER)
    if busy:
        end(drive, legs(drive)[0], 17)
    drive.hang_up()
    assert said(drive)["DialStatus"] == "cancel"
    assert said(drive)["DialHangupCause"] == "ORIGINATOR_CANCEL"
