"""A disk that fills up while a recording is made or kept: failed, with what was saved (N-4)."""

from __future__ import annotations

from typing import Any

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.facts import AudioMeasured, FileDelayed, FileReady
from recordbridge.plivo.elements import Wait
from tests.unit.machine.drive import Drive, voicemail
from tests.unit.machine.test_background import close, run, session

pytestmark = pytest.mark.rule("N-4", "Q-2")


def closed(**fields: Any) -> Drive:
    """A recording of 3 s that a key ended, its file closed."""
    drive = Drive(voicemail(redirect=False, **fields), Wait(length_s=60))
    drive.record(ms=3000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    return drive


def measured(drive: Drive, *, torn: bool = False, frames: int = 8_000) -> None:
    which = drive.recording.recording_id
    drive.feed(AudioMeasured(recording_id=which, frames=frames, rate=8000, torn=torn))


def delayed(drive: Drive) -> None:
    drive.feed(FileDelayed(recording_id=drive.recording.recording_id, place="storage"))


def ready(drive: Drive) -> None:
    drive.feed(FileReady(recording_id=drive.recording.recording_id, size=9, digest="d"))


def said(drive: Drive, kind: str) -> list[tuple[str, str, str, bool]]:
    """Reason, error, length and whether there is a file, of each request of that kind."""
    values = [request.parameters for request in drive.requests(kind)]
    return [
        (
            each["RecordingEndReason"],
            each.get("RecordingError", ""),
            each["RecordingDurationMs"],
            "RecordUrl" in each,
        )
        for each in values
    ]


def test_what_asterisk_could_not_write_whole_is_failed_with_what_was_saved() -> None:
    drive = closed()
    measured(drive, torn=True)
    ready(drive)
    told = ("failed", "disk full: spool:pbx", "1000", True)
    assert (said(drive, "action"), said(drive, "callback")) == ([told], [told])


def test_that_asterisk_ended_by_a_full_disk_is_no_silence() -> None:
    drive = Drive(voicemail(redirect=False, timeout_s=2), Wait(length_s=60))
    drive.record(ms=4000)
    drive.close()
    drive.wait(200)
    assert drive.recording.reason == "silence", "as far as can be known without the file"
    measured(drive, torn=True)
    ready(drive)
    assert said(drive, "callback") == [("failed", "disk full: spool:pbx", "1000", True)]


def test_room_within_ten_seconds_makes_nothing_of_it() -> None:
    drive = closed()
    delayed(drive)
    drive.wait(5_000)
    measured(drive)
    delayed(drive)
    drive.wait(5_000)
    ready(drive)
    assert said(drive, "callback") == [("finishOnKey", "", "1000", True)]


def test_no_room_for_the_audio_is_failed_and_the_file_follows() -> None:
    drive = closed()
    delayed(drive)
    drive.wait(10_001)
    nothing = ("failed", "disk full: storage", "0", False)
    assert (said(drive, "action"), said(drive, "callback")) == ([nothing], [nothing])
    drive.feed(f.CallDestroyed(at=drive.now))
    assert not drive.of(i.Release), "the file is still tried"
    measured(drive)
    ready(drive)
    assert said(drive, "action") == [nothing]
    assert said(drive, "callback") == [nothing, ("failed", "disk full: storage", "1000", True)]
    first, second = drive.requests("callback")
    assert second.after == first.request_id
    assert second.request_id != first.request_id
    assert drive.of(i.Discard)
    assert drive.of(i.Release)


def test_no_room_for_the_finished_file_lets_action_go_first() -> None:
    """Its values are true by then; the callback tells that there is no file, and then that."""
    drive = closed()
    measured(drive)
    delayed(drive)
    drive.wait(2_001)
    assert said(drive, "action") == [("finishOnKey", "", "1000", True)]
    assert not said(drive, "callback")
    drive.wait(8_001)
    nothing = ("failed", "disk full: storage", "0", False)
    assert said(drive, "callback") == [nothing]
    ready(drive)
    assert said(drive, "callback") == [nothing, ("failed", "disk full: storage", "1000", True)]
    assert len(drive.requests("action")) == 1


@pytest.mark.rule("S-6")
def test_in_the_background_too() -> None:
    drive = Drive(session(redirect=False), Wait(length_s=60), answered=True)
    run(drive)
    drive.hang_up()
    close(drive, drive.recording)
    measured(drive)
    delayed(drive)
    drive.wait(5_000)
    assert not said(drive, "callback")
    drive.wait(5_001)
    assert said(drive, "callback") == [("failed", "disk full: storage", "0", False)]
    ready(drive)
    assert len(drive.requests("callback")) == 2
    assert drive.of(i.Release)


def test_a_rescue_without_a_callback_says_nothing() -> None:
    drive = closed(callback=None)
    delayed(drive)
    drive.wait(10_001)
    measured(drive)
    ready(drive)
    assert not drive.requests("callback")
    assert drive.recording.size == 9
