"""What a Dial's callbackUrl says about the end of a callee: who hung up, and why (F-4)."""

from __future__ import annotations

import pytest

from recordbridge.machine import facts as f
from tests.unit.machine.drive import Drive
from tests.unit.machine.test_dial import AFTER, EVENTS, answer, dial, end


def told(drive: Drive) -> list[tuple[str, str]]:
    """HangupSource and HangupCause of the legs that ended."""
    return [
        (r.parameters["DialBLegHangupSource"], r.parameters["DialBLegHangupCause"])
        for r in drive.requests("dial")
        if r.parameters["DialAction"] == "hangup"
    ]


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("cause", [16, 0, 127])
def test_a_callee_that_hangs_up_is_the_source(cause: int) -> None:
    drive = Drive(dial(callback=EVENTS), AFTER)
    end(drive, answer(drive), cause)
    assert told(drive) == [("Callee", "NORMAL_CLEARING")]


@pytest.mark.rule("F-4")
def test_a_caller_that_hangs_up_is_the_source() -> None:
    drive = Drive(dial(callback=EVENTS), AFTER)
    answer(drive)
    drive.feed(f.CallAnswered(at=drive.now))
    drive.hang_up()
    assert told(drive) == [("Caller", "NORMAL_CLEARING")]


@pytest.mark.rule("F-4")
def test_a_time_limit_is_our_own_doing() -> None:
    drive = Drive(dial(callback=EVENTS, time_limit_s=5), AFTER)
    answer(drive)
    drive.feed(f.CallAnswered(at=drive.now))
    drive.wait(6_000)
    assert told(drive) == [("Plivo", "NORMAL_CLEARING")]


@pytest.mark.rule("F-4")
def test_a_network_that_fails_is_not_the_callee() -> None:
    drive = Drive(dial(callback=EVENTS), AFTER)
    end(drive, answer(drive), 38)
    assert told(drive) == [("Plivo", "NETWORK_OUT_OF_ORDER")]


@pytest.mark.rule("F-4")
def test_a_callee_who_does_not_confirm_has_failed_the_challenge() -> None:
    drive = Drive(dial(callback=EVENTS, confirm_key="5", confirm_timeout_s=10), AFTER)
    leg = answer(drive)
    drive.wait(10_000)
    end(drive, leg, 19)
    (hangup,) = (r for r in drive.requests("dial") if r.parameters["DialAction"] == "hangup")
    assert hangup.parameters["DialBLegHangupCauseCode"] == "9110"
    assert hangup.parameters["DialBLegHangupCauseName"] == "Confirm Key Challenge Failed"
