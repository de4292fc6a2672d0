"""A recording after its capture: what the pipeline says counts once it was asked (M-1, P-8)."""

from __future__ import annotations

import msgspec
import pytest

from recordbridge.machine import facts as f
from tests.unit.machine.drive import START, Drive, voicemail


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


@pytest.mark.rule("Q-2")
def test_a_recording_stopped_no_earlier_than_its_last_sample_was_recorded() -> None:
    """Asterisk writes on for a moment after what ended it, and all of it is kept."""
    drive = Drive(voicemail())
    drive.record(ms=1000)
    drive.feed(f.HangupRequested(at=drive.now))
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    drive.close()
    drive.store(frames=8_000 + 40 * 8)
    told = drive.requests("callback")[-1].parameters
    assert int(told["RecordingDurationMs"]) == 1040
    assert told["RecordingStoppedMs"] == told["RecordingEndMs"]


BOOTED = START - 60_000


@pytest.mark.rule("N-2")
@pytest.mark.parametrize(
    ("since", "reason"), [(BOOTED, "hangup"), (BOOTED - 20_000, "failed"), (START + 1, "failed")]
)
def test_asterisk_was_ended_if_it_is_not_the_one_that_the_call_has_entered(
    since: int, reason: str
) -> None:
    """Whatever any clock says: Asterisk tells the same instant as long as it runs."""
    drive = Drive(voicemail())
    drive.state = msgspec.structs.replace(drive.state, up_since=BOOTED)
    drive.record(ms=1000)
    drive.feed(f.PbxLost(restarted=True))
    drive.feed(f.PbxSeen(at=drive.now, channel=False, up_since=since))
    assert drive.recording.reason == reason


@pytest.mark.rule("N-1")
@pytest.mark.parametrize(("since", "reason"), [(START - 1, "hangup"), (START + 1, "failed")])
def test_of_a_call_that_an_earlier_release_has_kept_its_entry_tells(
    since: int, reason: str
) -> None:
    drive = Drive(voicemail())
    drive.record(ms=1000)
    drive.feed(f.PbxLost(restarted=True))
    drive.feed(f.PbxSeen(at=drive.now, channel=False, up_since=since))
    assert drive.recording.reason == reason
