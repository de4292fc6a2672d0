"""What somebody asks of a call from outside, through REST: record, stop, pause, transfer, hang up.

Each is answered by a `Reply`, when what it changed is committed (E-1, E-2, E-5). A channel outside
of our application is recorded and left alone otherwise: it can be hung up, but has no documents.
"""

from __future__ import annotations

from recordbridge.machine import background, capture, documents, doing, flow, pausing
from recordbridge.machine import facts as f
from recordbridge.machine.intents import Recognise, Refusal, Reply
from recordbridge.machine.state import HangingUp, Recording, Taping
from recordbridge.machine.turn import Turn


def record(turn: Turn, fact: f.RecordAsked) -> None:
    """E-1: a background recording of its own; it neither answers the call nor moves the flow."""
    if not turn.call.present:
        _refuse(turn, fact.asked_id, "gone")
        return
    recording = background.begin(turn, fact.element, "rest")
    recording = turn.put(recording, api_id=fact.asked_id)
    if recording.refused:
        capture.refuse(turn, recording)
        _refuse(turn, fact.asked_id, "full")
        return
    if fact.key:
        turn.emit(
            Recognise(
                key=fact.key,
                digest=fact.digest,
                recording_id=recording.recording_id,
                api_id=fact.asked_id,
            )
        )
    _reply(turn, fact.asked_id, recording.recording_id)


def stop(turn: Turn, fact: f.StopAsked) -> None:
    """E-2: end that recording, or all that REST began; one that has ended already is fine."""
    wanted = [
        each
        for each in turn.call.recordings
        if (each.recording_id == fact.recording_id if fact.recording_id else each.mode == "rest")
    ]
    if fact.recording_id and not wanted:
        _refuse(turn, fact.asked_id, "idle")
        return
    for recording in wanted:
        capture.stop(turn, recording)
    if fact.asked_id:
        _reply(turn, fact.asked_id, *(each.recording_id for each in wanted))


def pause(turn: Turn, fact: f.PauseAsked) -> None:
    """E-5: pause or resume one recording or all that run, of whatever door."""
    wanted = [
        each
        for each in turn.call.recordings
        if fact.recording_id in ("", each.recording_id) and pausing.possible(each)
    ]
    if not wanted or not turn.call.present:
        _refuse(turn, fact.asked_id, "idle")
        return
    for recording in wanted:
        (pausing.resume if fact.resume else pausing.pause)(turn, recording)
    _reply(turn, fact.asked_id, *(each.recording_id for each in wanted))


def hang_up(turn: Turn, fact: f.HangupAsked) -> None:
    """The call ends; one that is over already stays so."""
    if turn.call.present:
        flow.hang_up(turn, fact.source, flow.NORMAL)
    if fact.asked_id:
        _reply(turn, fact.asked_id)


def transfer(turn: Turn, fact: f.TransferAsked) -> None:
    """E-5: whatever runs is stopped, a Dial too, and another document is asked for."""
    now = turn.call.flow.doing
    if not turn.call.present or isinstance(now, HangingUp):
        _refuse(turn, fact.asked_id, "gone")
        return
    if turn.call.outside:
        _refuse(turn, fact.asked_id, "conflict")
        return
    if isinstance(now, Taping):
        _stop_plain(turn, turn.recording(now.recording_id))
    else:
        doing.stop(turn)
    turn.flow(rest=(), doing=None, early=0, pending=None, redirects=0, fresh=False)
    documents.fetch(turn, "transfer", fact.target)
    _reply(turn, fact.asked_id)


def _stop_plain(turn: Turn, recording: Recording | None) -> None:
    turn.flow(doing=None)
    if recording is not None and not recording.background:
        capture.stop(turn, recording)


def _reply(turn: Turn, asked_id: str, *recording_ids: str) -> None:
    turn.emit(Reply(asked_id=asked_id, recording_ids=recording_ids))


def _refuse(turn: Turn, asked_id: str, refusal: Refusal) -> None:
    if asked_id:
        turn.emit(Reply(asked_id=asked_id, refusal=refusal))
