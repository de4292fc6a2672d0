"""What a dialplan asks for through FastAGI, on the pure machine: G-1, G-2, G-4."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Profile, Recording
from recordbridge.plivo.elements import Record
from tests.unit.machine.drive import ACTION, CALLBACK, SEED, START, Drive, voicemail

PROFILE = Profile(account="MAEXAMPLEACCOUNT0001", application="voicemail")
OTHER = Profile(account="MAEXAMPLEACCOUNT0002", application="other")
SESSION = voicemail(record_session=True, stereo=False)
ARMED = voicemail(start_on_dial_answer=True, stereo=False)


class Dialplan(Drive):
    """A channel in the dialplan, which FastAGI asks us to record."""

    def __init__(self, element: Record, *, answered: bool = True, full: str = "") -> None:
        self.now = START
        self.sent = []
        self.facts = []
        self.dials = {}
        self.commits = 0
        found = f.CallEntered(
            at=self.now, channel_id="c1", caller="15550001", dialled="100", answered=answered
        )
        self._take(machine.overhear("pbx", found, PROFILE, SEED, self.now, full))
        self.ask(element)

    def ask(self, element: Record, agi_id: str = "agi1", profile: Profile = PROFILE) -> None:
        self.feed(f.AgiAsked(agi_id, element, profile))

    def running(self) -> Recording:
        """Asterisk records."""
        for tap in self.recording.taps:
            self.feed(f.SnoopEntered(tap.snoop_id))
        for tap in self.recording.taps:
            self.feed(f.CaptureBegan(life.capture_name(tap), at=self.now))
        return self.recording

    @property
    def results(self) -> list[i.AgiResult]:
        return self.of(i.AgiResult)


def finish(drive: Drive, frames: int = 16_000) -> None:
    drive.close()
    drive.store(frames=frames)


@pytest.mark.rule("G-1", "G-2")
def test_a_plain_one_is_told_when_its_values_are_true() -> None:
    drive = Dialplan(voicemail())
    recording = drive.running()
    drive.wait(2000)
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    assert not drive.results
    finish(drive)
    (told,) = drive.results
    assert (told.status, told.duration_ms, told.reason) == ("DONE", 2000, "finishOnKey")
    assert (told.digits, told.recording_id) == ("#", recording.recording_id)
    assert told.file == f"{recording.recording_id}.mp3"
    assert not told.early
    assert drive.state.present


@pytest.mark.rule("G-1")
def test_its_action_is_durable_and_wants_no_document() -> None:
    drive = Dialplan(voicemail(redirect=True))
    drive.running()
    drive.feed(f.KeyPressed(at=drive.now, key="#"), after_ms=500)
    finish(drive)
    (action,) = drive.requests("action")
    assert (action.wants_document, action.durable) == (False, True)
    assert action.parameters["Event"] == "Record"
    assert drive.requests("callback")


@pytest.mark.rule("G-1", "P-2")
def test_the_connection_answers_and_plays_the_beep() -> None:
    drive = Dialplan(voicemail(play_beep=True), answered=False)
    assert [a.agi_id for a in drive.of(i.AgiAnswer)] == ["agi1"]
    (beep,) = drive.of(i.AgiPlay)
    assert beep.media == "sound:beep"
    assert not drive.of(i.Answer)
    assert not drive.of(i.BeginPlayback)
    drive.feed(f.CallAnswered(at=drive.now))
    drive.feed(f.SnoopEntered(drive.recording.taps[0].snoop_id))
    drive.wait(5000)
    assert not drive.of(i.FindPlayback), "Asterisk has nothing to tell of it"
    assert not drive.of(i.BeginCapture)
    drive.feed(f.PlaybackEnded(beep.playback_id, at=drive.now))
    assert drive.of(i.BeginCapture)


@pytest.mark.rule("G-1", "P-1", "X-2")
@pytest.mark.parametrize("element", [voicemail(), SESSION])
def test_without_a_beep_it_is_answered_when_asterisk_writes(element: Record) -> None:
    drive = Dialplan(element, answered=False)
    assert not drive.of(i.AgiAnswer)
    assert drive.running().phase == "answering"
    assert drive.of(i.AgiAnswer)
    drive.feed(f.CallAnswered(at=drive.now))
    assert drive.recording.phase == "running"


@pytest.mark.rule("G-4")
@pytest.mark.parametrize("element", [voicemail(), SESSION])
def test_a_connection_that_breaks_before_the_answer_does_not_end_it(element: Record) -> None:
    drive = Dialplan(element, answered=False)
    drive.running()
    drive.feed(f.AgiLeft("agi1"))
    assert drive.recording.phase == "running"
    drive.wait(1000)
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    finish(drive)
    assert not drive.results
    assert drive.requests("callback")[0].parameters["RecordingEndReason"] == "hangup"


@pytest.mark.rule("G-4")
def test_a_connection_that_breaks_during_the_beep_begins_it() -> None:
    drive = Dialplan(voicemail(play_beep=True))
    drive.feed(f.SnoopEntered(drive.recording.taps[0].snoop_id))
    drive.feed(f.AgiLeft("stranger"))
    assert not drive.of(i.BeginCapture)
    drive.feed(f.AgiLeft("agi1"))
    assert drive.of(i.BeginCapture)


@pytest.mark.rule("G-4", "N-1")
def test_a_reconnection_during_the_beep_does_not_end_the_beep() -> None:
    drive = Dialplan(voicemail(play_beep=True))
    snoop = drive.recording.taps[0].snoop_id
    drive.feed(f.PbxSeen(at=drive.now, channel=False, exists=True, snoops=(snoop,), answered=True))
    assert drive.recording.beep_id
    assert not drive.of(i.BeginCapture)


@pytest.mark.rule("G-1", "P-10")
def test_a_hangup_ends_it_though_the_dialplan_goes_on() -> None:
    drive = Dialplan(voicemail())
    recording = drive.running()
    drive.wait(2000)
    drive.feed(f.HangupRequested(at=drive.now, cause=16))
    assert drive.of(i.EndCapture)
    finish(drive)
    (told,) = drive.results
    assert (told.status, told.reason) == ("DONE", "hangup"), "the extension h can read it"
    assert not drive.requests("action"), "it waits for the cause"
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    (action,) = drive.requests("action")
    assert action.parameters["CallStatus"] == "completed"
    assert action.parameters["RecordingID"] == recording.recording_id
    assert not drive.requests("hangup")
    assert machine.finished(drive.state)


@pytest.mark.rule("G-1", "F-3")
def test_the_hangup_of_the_far_end_is_what_is_told() -> None:
    """The channel's own end, much later, may have another cause or none."""
    drive = Dialplan(voicemail())
    drive.running()
    drive.feed(f.HangupRequested(at=drive.now, cause=17))
    finish(drive)
    drive.feed(f.CallDestroyed(at=drive.now, cause=0))
    (action,) = drive.requests("action")
    assert action.parameters["HangupCause"] == "USER_BUSY"
    assert action.parameters["HangupSource"] == "Caller"


@pytest.mark.rule("G-1", "S-5")
def test_a_session_is_told_once_when_it_runs() -> None:
    drive = Dialplan(SESSION)
    assert not drive.results
    recording = drive.running()
    (told,) = drive.results
    assert (told.status, told.duration_ms) == ("STARTED", -1)
    assert told.recording_id == recording.recording_id
    (action,) = drive.requests("action")
    assert (action.wants_document, action.parameters["RecordingDuration"]) == (False, "-1")
    drive.feed(f.AgiLeft("agi1"))
    drive.wait(1000)
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    finish(drive)
    assert len(drive.results) == 1


@pytest.mark.rule("G-2", "N-4")
@pytest.mark.parametrize("element", [voicemail(play_beep=True), SESSION])
def test_without_room_it_has_failed(element: Record) -> None:
    drive = Dialplan(element, full="storage")
    (told,) = drive.results
    assert (told.status, told.reason, told.file) == ("FAILED", "failed", "")
    assert told.error == "disk full: storage"
    assert told.recording_id == drive.recording.recording_id
    assert not drive.of(i.AgiPlay)


@pytest.mark.rule("G-2", "Q-2")
def test_what_asterisk_refuses_has_failed() -> None:
    drive = Dialplan(SESSION)
    snoop = drive.recording.taps[0].snoop_id
    drive.feed(f.CommandRefused(snoop, "BeginSnoop", "no"))
    (told,) = drive.results
    assert told.status == "FAILED"
    assert "no" in told.error


@pytest.mark.rule("G-2")
def test_a_call_that_is_over_cannot_be_recorded() -> None:
    drive = Dialplan(voicemail())
    drive.running()
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    drive.ask(voicemail(), "agi2")
    assert drive.results[-1].status == "FAILED"
    assert drive.results[-1].agi_id == "agi2"
    assert len(drive.state.recordings) == 1


@pytest.mark.rule("G-1", "E-6")
def test_two_applications_on_one_call_have_their_own_recordings() -> None:
    drive = Dialplan(SESSION)
    drive.running()
    drive.ask(voicemail(), "agi2", OTHER)
    drive.running()
    first, second = drive.state.recordings
    assert (first.account, drive.state.profile) == (PROFILE.account, OTHER)
    assert (first.phase, second.phase) == ("running", "running")


# -- the dialplan's own Dial


def dialled(drive: Dialplan, *peers: str) -> None:
    for peer in peers:
        drive.feed(f.PeerDialled(peer))


@pytest.mark.rule("G-1", "S-2")
def test_it_begins_with_the_answer_of_the_dial_and_ends_with_it() -> None:
    drive = Dialplan(ARMED, answered=False)
    (told,) = drive.results
    assert told.status == "STARTED"
    assert not drive.state.recordings
    dialled(drive, "p1", "p2")
    drive.feed(f.PeerAnswered("p2", at=drive.now), after_ms=3000)
    assert drive.recording.recording_id == told.recording_id
    assert drive.last(i.Follow) == i.Follow(channel_id="c1", target="p2")
    drive.feed(f.CallAnswered(at=drive.now))
    drive.running()
    assert drive.recording.phase == "running"
    assert len(drive.requests("action")) == 1
    drive.wait(2000)
    drive.feed(f.PeerGone("p1"))
    assert drive.recording.phase == "running"
    drive.feed(f.PeerGone("p2"))
    assert drive.recording.reason == "dialEnded"
    finish(drive)
    assert drive.requests("callback")[0].parameters["RecordingEndReason"] == "dialEnded"
    assert len(drive.results) == 1


@pytest.mark.rule("S-2")
def test_it_does_not_wait_for_an_answer_that_only_the_dial_gives() -> None:
    drive = Dialplan(ARMED, answered=False)
    dialled(drive, "p1")
    drive.feed(f.PeerAnswered("p1", at=drive.now))
    assert drive.running().phase == "running"
    assert not drive.of(i.AgiAnswer)


@pytest.mark.rule("S-3")
def test_with_both_flags_it_goes_on_after_the_dial() -> None:
    drive = Dialplan(msgspec.structs.replace(ARMED, record_session=True))
    dialled(drive, "p1")
    drive.feed(f.PeerAnswered("p1", at=drive.now))
    drive.running()
    drive.feed(f.PeerGone("p1"), after_ms=1000)
    assert (drive.recording.mode, drive.recording.phase) == ("session", "running")


@pytest.mark.rule("S-2")
def test_a_dial_that_nobody_answers_uses_it_up() -> None:
    drive = Dialplan(ARMED)
    dialled(drive, "p1", "p2")
    drive.feed(f.PeerFailed("p1"))
    assert drive.state.dialplan.armed
    drive.feed(f.PeerFailed("p2"))
    dialled(drive, "p3")
    drive.feed(f.PeerAnswered("p3", at=drive.now))
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    assert not drive.state.recordings
    assert not drive.requests("action")
    assert machine.finished(drive.state)


@pytest.mark.rule("S-2", "N-3")
def test_after_a_gap_the_other_party_is_followed_again() -> None:
    drive = Dialplan(ARMED)
    dialled(drive, "p1")
    drive.feed(f.PeerAnswered("p1", at=drive.now))
    recording = drive.running()
    seen = f.PbxSeen(
        at=drive.now,
        channel=False,
        exists=True,
        answered=True,
        live=(life.capture_name(recording.taps[0]),),
        snoops=(recording.taps[0].snoop_id,),
    )
    drive.feed(seen)
    assert drive.of(i.Follow)[-2:] == [i.Follow("c1"), i.Follow("c1", target="p1")]
    drive.feed(f.CommandRefused("p1", "Follow", "no such channel", gone=True))
    assert drive.recording.reason == "dialEnded"


@pytest.mark.rule("G-1")
def test_a_call_that_has_just_left_our_application_is_recorded_in_the_dialplan() -> None:
    drive = Drive(voicemail(action=ACTION, callback=CALLBACK), answered=True)
    drive.record()
    drive.feed(f.CallLeft(at=drive.now), after_ms=1000)
    drive.feed(f.Overheard(at=drive.now, answered=True), after_ms=10)
    assert drive.recording.reason == "stopped"
    drive.feed(f.AgiAsked("agi1", SESSION, PROFILE))
    assert [r.mode for r in drive.state.recordings] == ["plain", "session"]
    drive.wait(5000)
    assert drive.state.present


@pytest.mark.rule("G-1")
def test_the_state_survives_its_encoding() -> None:
    drive = Dialplan(ARMED)
    dialled(drive, "p1")
    encoded = msgspec.msgpack.encode(drive.state)
    state: Any = msgspec.msgpack.decode(encoded, type=type(drive.state))
    assert state == drive.state
