"""GetDigits with `log="false"`: its digits are marked in what is kept (F-2)."""

from __future__ import annotations

import pytest

from recordbridge.machine import facts as f
from recordbridge.plivo import unlogged
from recordbridge.plivo.elements import GetDigits
from tests.unit.machine.drive import ACTION, Drive


@pytest.mark.rule("F-2")
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("redirect", [True, False])
def test_digits_are_marked_unless_they_may_be_logged(log: bool, redirect: bool) -> None:
    drive = Drive(GetDigits(action=ACTION, log=log, redirect=redirect, num_digits=2), answered=True)
    for key in "42":
        drive.feed(f.KeyPressed(at=drive.now, key=key))
    said = drive.requests("action")[0].parameters
    assert unlogged.sent(said)["Digits"] == "42"
    assert unlogged.is_marked(said) is not log
    assert ("42" in repr(drive.state)) is False
