"""A recording after its capture: what the pipeline says counts once it was asked (M-1, P-8)."""

from __future__ import annotations

import pytest

from recordbridge.machine import facts as f
from tests.unit.machine.drive import Drive, voicemail


@pytest.mark.rule("Q-3")
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", [f.FileFailed, f.FileReady])
def test_what_is_said_of_a_file_before_it_was_asked_for_does_nothing(
    kind: type[f.Fact], late: bool
) -> None:
    drive = Drive(voicemail())
    if late:
        drive.record(ms=1000)
    which = drive.recording.recording_id
    early: f.Fact = f.FileReady(which, 1, "d")
    if kind is f.FileFailed:
        early = f.FileFailed(which, "lost")
    before = drive.state
    assert drive.feed(early) == []
    assert drive.state == before
