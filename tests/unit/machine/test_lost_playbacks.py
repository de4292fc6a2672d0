"""F-6: a playback whose end nobody tells does not hold up the call."""

from __future__ import annotations

import msgspec
import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import prompts
from recordbridge.machine.progress import Gathering
from recordbridge.machine.record import BEEP_MS
from recordbridge.plivo.elements import Element, GetDigits, Play, Wait
from tests.unit.machine.drive import Drive, voicemail

pytestmark = pytest.mark.rule("F-6")

FIRST, SECOND = Play(source="sound:one"), Play(source="sound:two")


def found(drive: Drive, *, gone: bool) -> None:
    """What Asterisk answers to the latest question."""
    sought = drive.last(i.FindPlayback).playback_id
    drive.feed(f.CommandRefused(sought, "FindPlayback", "Playback not found", gone))


def warned(drive: Drive) -> list[str]:
    return [note.event for note in drive.of(i.Note) if note.level == "warning"]


def test_asterisk_is_asked_as_long_as_it_plays() -> None:
    drive = Drive(FIRST, SECOND)
    drive.wait(prompts.LOOK_MS - 1)
    assert not drive.of(i.FindPlayback)
    drive.wait(3 * prompts.LOOK_MS)
    assert len(drive.of(i.FindPlayback)) == 3
    assert {each.playback_id for each in drive.of(i.FindPlayback)} == {
        drive.last(i.BeginPlayback).playback_id
    }
    assert not warned(drive)


def test_a_lost_one_is_passed_over_with_a_warning() -> None:
    drive = Drive(FIRST, SECOND)
    drive.wait(prompts.LOOK_MS)
    found(drive, gone=True)
    assert drive.last(i.BeginPlayback).media == "sound:two"
    assert warned(drive)[0] == "playback_lost"


def test_no_answer_is_no_loss() -> None:
    drive = Drive(FIRST, SECOND)
    drive.wait(prompts.LOOK_MS)
    found(drive, gone=False)
    assert len(drive.of(i.BeginPlayback)) == 1
    assert not warned(drive)
    drive.wait(prompts.LOOK_MS)
    assert len(drive.of(i.FindPlayback)) == 2


def test_one_that_ended_while_asterisk_was_asked_is_none_either() -> None:
    drive = Drive(FIRST, SECOND)
    drive.wait(prompts.LOOK_MS)
    first = drive.last(i.BeginPlayback).playback_id
    drive.feed(f.PlaybackEnded(playback_id=first, at=drive.now))
    found(drive, gone=True)
    assert len(drive.of(i.BeginPlayback)) == 2
    assert not warned(drive)


@pytest.mark.parametrize(
    "element",
    [GetDigits(prompts=(FIRST,)), GetDigits(prompts=(Wait(length_s=1), FIRST))],
    ids=["first", "after a wait"],
)
def test_digits_are_gathered_after_a_lost_prompt(element: Element) -> None:
    drive = Drive(element)
    drive.wait(1_000 + prompts.LOOK_MS)
    found(drive, gone=True)
    gathering = drive.state.flow.doing
    assert isinstance(gathering, Gathering)
    assert gathering.prompting is None
    assert drive.due is not None


def test_a_lost_beep_begins_the_recording() -> None:
    drive = Drive(voicemail(play_beep=True))
    drive.feed(f.CallAnswered(at=drive.now))
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    drive.wait(prompts.LOOK_MS)
    assert not drive.of(i.BeginCapture)
    found(drive, gone=True)
    assert drive.of(i.BeginCapture)
    assert warned(drive) == ["playback_lost", "beep_failed"]


def test_a_beep_that_does_not_end_is_ended() -> None:
    drive = Drive(voicemail(play_beep=True), profile=None)
    drive.feed(f.CallAnswered(at=drive.now))
    drive.feed(f.SnoopEntered(snoop_id=drive.recording.taps[0].snoop_id))
    drive.wait(BEEP_MS)
    assert drive.of(i.EndPlayback)
    assert drive.of(i.BeginCapture)


def test_an_endless_prompt_that_is_always_lost_ends() -> None:
    """A loop for ever does not ask for ever."""
    drive = Drive(msgspec.structs.replace(FIRST, loop=0), SECOND)
    drive.wait(prompts.LOOK_MS)
    found(drive, gone=True)
    assert drive.last(i.BeginPlayback).media == "sound:two"
