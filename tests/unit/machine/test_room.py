"""No room on a disk: new recordings are refused like any failure, and the flow goes on (N-4)."""

from __future__ import annotations

from typing import Any

import pytest

from recordbridge.engine import rows
from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.plivo.elements import Dial, Document, Element, Record, Wait
from tests.unit.machine.asking import REST
from tests.unit.machine.drive import Drive, voicemail
from tests.unit.machine.test_background import DIAL, connect, session

pytestmark = pytest.mark.rule("N-4", "Q-2")

ON_ASTERISK = (i.BeginSnoop, i.BeginCapture, i.BeginPlayback, i.EndSnoop, i.EndCapture, i.Collect)


def full(*elements: Element, place: str = "storage", **fields: Any) -> Drive:
    """A call whose document arrives when there is no room."""
    drive = Drive(document=False, **fields)
    drive.feed(f.RoomSeen(full=place))
    drive.document(*elements)
    return drive


def failed_for_want_of_room(drive: Drive, place: str = "storage") -> None:
    """It has its id, row, action and callback, and Asterisk was told nothing."""
    for kind in ("action", "callback"):
        (request,) = drive.requests(kind)
        said = request.parameters
        assert said["RecordingEndReason"] == "failed"
        assert said["RecordingError"] == f"disk full: {place}"
        assert said["RecordingID"] == drive.recording.recording_id
        assert (said["RecordingDuration"], said["RecordingDurationMs"]) == ("0", "0")
        assert said["RecordingStartMs"] == said["RecordingEndMs"] == str(drive.now)
        assert "RecordUrl" not in said
    row = rows.recording_row(drive.state, drive.recording)
    assert (row.status, row.end_reason, row.error) == ("failed", "failed", f"disk full: {place}")
    assert not [each for each in drive.sent if isinstance(each, ON_ASTERISK)]
    noted = [each.event for each in drive.of(i.Note)]
    assert noted.count("recording_refused") == 1


@pytest.mark.rule("P-1")
@pytest.mark.parametrize("place", ["storage", "database", "spool:pbx"])
@pytest.mark.parametrize("beep", [True, False])
def test_a_plain_record_fails_without_a_beep_and_the_flow_goes_on(place: str, beep: bool) -> None:
    drive = full(voicemail(redirect=False, play_beep=beep), Wait(length_s=9), place=place)
    failed_for_want_of_room(drive, place)
    assert drive.of(i.Answer)
    assert type(drive.state.flow.doing).__name__ == "Waiting"


@pytest.mark.rule("P-9")
def test_without_an_action_too() -> None:
    drive = full(voicemail(action=None, callback=None), Wait(length_s=9))
    assert type(drive.state.flow.doing).__name__ == "Waiting"
    assert drive.recording.reason == "failed"


@pytest.mark.rule("P-9")
def test_the_reply_to_its_action_is_the_next_document() -> None:
    drive = full(voicemail(redirect=True), Wait(length_s=9))
    failed_for_want_of_room(drive)
    (action,) = drive.requests("action")
    assert action.wants_document
    next_one = Document(elements=(Wait(length_s=5),))
    drive.feed(f.DocumentArrived(request_id=action.request_id, document=next_one))
    doing = drive.state.flow.doing
    assert type(doing).__name__ == "Waiting"
    assert not drive.of(i.HangUp)


@pytest.mark.rule("S-1", "S-5")
@pytest.mark.parametrize("redirect", [True, False])
def test_a_session_fails_with_its_one_action(redirect: bool) -> None:
    drive = full(session(redirect=redirect), Wait(length_s=9))
    failed_for_want_of_room(drive)
    assert type(drive.state.flow.doing).__name__ == "Waiting"
    (action,) = drive.requests("action")
    assert (action.wants_document, action.durable) == (redirect, True)
    unusable = f.DocumentFailed(request_id=action.request_id, reached=False, reason="away")
    drive.feed(unusable)
    assert not drive.of(i.HangUp), "the reply of an initial request is ignored"
    drive.hang_up()
    assert len(drive.requests("action")) == 1
    assert machine.finished(drive.state)


@pytest.mark.rule("S-2", "S-9")
@pytest.mark.parametrize("both", [True, False])
def test_a_dial_connects_all_the_same(both: bool) -> None:
    armed: Record = session(start_on_dial_answer=True, record_session=both, redirect=False)
    drive = full(armed, DIAL)
    connect(drive)
    assert drive.of(i.JoinBridge)
    failed_for_want_of_room(drive)


def test_dials_without_a_recording_know_nothing_of_it() -> None:
    drive = full(Dial(callees=DIAL.callees))
    connect(drive)
    assert drive.of(i.JoinBridge)
    assert not drive.state.recordings


def test_a_recording_that_runs_is_left_alone_and_room_lets_new_ones_begin() -> None:
    drive = Drive(voicemail(redirect=False), voicemail(redirect=False), answered=True)
    drive.record(ms=2_000)
    drive.feed(f.RoomSeen(full="spool:pbx"))
    drive.feed(f.RoomSeen(full=""))
    drive.feed(f.KeyPressed(at=drive.now, key="#"))
    drive.close()
    drive.store(recording=drive.state.recordings[0])
    assert [each.phase for each in drive.state.recordings] == ["done", "preparing"]
    assert drive.requests("callback")[0].parameters["RecordingEndReason"] == "finishOnKey"


def test_a_call_that_enters_knows_it_from_the_start() -> None:
    drive = Drive()
    entered = f.CallEntered(at=drive.now, channel_id="c1")
    step = machine.enter("pbx", entered, drive.state.profile, "0" * 32, drive.now, "database")
    assert step.state.full == "database"


@pytest.mark.rule("E-1")
def test_one_that_rest_asks_for_is_refused_and_reported() -> None:
    drive = full(Wait(length_s=9))
    drive.feed(f.RecordAsked(asked_id="api1", element=REST, key="k", digest="d"))
    (reply,) = drive.of(i.Reply)
    assert (reply.refusal, reply.recording_ids) == ("full", ())
    assert not drive.of(i.Recognise), "a repeat of the request is no repeat of the refusal"
    assert drive.recording.reason == "failed"
    assert len(drive.requests("callback")) == 1
    assert not drive.of(i.Answer)
    assert not [each for each in drive.sent if isinstance(each, ON_ASTERISK)]


def again(drive: Drive) -> bool:
    """The action of the last Record brings the same one; whether that was refused at once."""
    action = drive.requests("action")[-1]
    document = Document(elements=(voicemail(redirect=True),))
    before = len(drive.state.recordings)
    drive.feed(f.DocumentArrived(request_id=action.request_id, document=document))
    return len(drive.state.recordings) > before


@pytest.mark.rule("P-9", "F-7")
def test_an_action_that_records_again_does_not_go_round_as_fast_as_http() -> None:
    """One second, then twice as long each time up to ten: an hour makes 363 of them."""
    drive = full(voicemail(redirect=True))
    pauses = []
    for _ in range(8):
        since = drive.now
        assert not again(drive)
        recordings = len(drive.state.recordings)
        while len(drive.state.recordings) == recordings:
            assert drive.due is not None
            drive.wait(drive.due - drive.now)
        pauses.append(drive.now - since)
    assert pauses == [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000]
    assert not drive.of(i.HangUp)


@pytest.mark.rule("P-9")
def test_with_room_again_the_next_record_waits_for_nothing() -> None:
    drive = full(voicemail(redirect=True))
    drive.feed(f.RoomSeen(full=""))
    assert again(drive)
    assert drive.recording.phase == "preparing"
    assert drive.state.flow.refusals == 0


@pytest.mark.rule("P-10")
def test_a_hangup_ends_the_wait_for_room() -> None:
    drive = full(voicemail(redirect=True))
    assert not again(drive)
    drive.hang_up()
    assert len(drive.state.recordings) == 1
    assert machine.finished(drive.state)


def test_what_takes_time_in_between_counts_for_the_wait() -> None:
    drive = full(voicemail(redirect=False), Wait(length_s=3), voicemail(redirect=False))
    drive.wait(3_000)
    assert len(drive.state.recordings) == 2
