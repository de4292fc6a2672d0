"""The channel: it enters, is answered, leaves, is destroyed; and the report of its end (F-3)."""

from __future__ import annotations

from recordbridge.instant import Instant
from recordbridge.machine import capture, documents, flow, life, parting, reports
from recordbridge.machine import facts as f
from recordbridge.machine.intents import Follow, Request
from recordbridge.machine.state import Dialplan, Ending, EndReason, Flow, Profile
from recordbridge.machine.turn import Turn

LEFT_MS = 1_000
"""After Stasis ended, this long may pass until the channel's end shows that it was a hangup."""


def entered(turn: Turn, fact: f.CallEntered) -> None:
    """The channel came back into Stasis: its flow starts anew (the same call, further ids).

    Or it comes for the first time, and was recorded before that: then its application is told.
    """
    if turn.call.left_at is None and turn.call.ended_at is None and not turn.call.outside:
        return
    disown(turn, fact.profile)
    turn.change(
        outside=False,
        one_stream=fact.one_stream,
        profile=fact.profile or turn.call.profile,
        left_at=None,
        ended_at=None,
        hangup_at=None,
        notified=False,
        ending=Ending(),
        away=False,
        answering=False,
        progressed=False,
        armed=(),
        answered_at=turn.call.answered_at or (fact.at if fact.answered else None),
        flow=Flow(),
        dialplan=Dialplan(),
    )
    documents.first(turn)


def disown(turn: Turn, profile: Profile | None) -> None:
    """What was recorded so far stays with its account, if the application is another's."""
    account = turn.call.profile.account
    if profile is None or profile.account == account:
        return
    for recording in turn.call.recordings:
        if not recording.account:
            turn.put(recording, account=account)


def follow(turn: Turn) -> None:
    """Hear of a channel outside of Stasis."""
    turn.durable = True
    turn.emit(Follow(channel_id=turn.call.channel_id))


def overheard(turn: Turn, fact: f.Overheard) -> None:
    """The channel that had left us is to be recorded where it is now."""
    call = turn.call
    if call.outside and not call.over:
        return
    if not call.over:
        if call.left_at is None:
            return
        _lost(turn, call.left_at)
    turn.change(
        outside=True,
        away=False,
        left_at=None,
        ended_at=None,
        hangup_at=None,
        notified=False,
        ending=Ending(),
        answered_at=turn.call.answered_at or (fact.at if fact.answered else None),
        flow=Flow(fresh=False),
        dialplan=Dialplan(),
    )
    follow(turn)


def answered(turn: Turn, fact: f.CallAnswered) -> None:
    if turn.call.answered_at is not None or turn.call.over:
        return
    turn.change(answered_at=fact.at)
    for recording in turn.call.recordings:
        capture.call_answered(turn, recording, fact.at)


def hangup_requested(turn: Turn, fact: f.HangupRequested) -> None:
    if not turn.call.present:
        return
    if turn.call.outside:
        _hung_up_outside(turn, fact)
        return
    turn.durable = True
    turn.change(hangup_at=fact.at)
    turn.blame("Caller", cause=fact.cause)
    gone(turn, "hangup", fact.at)
    flow.await_end(turn)


def _hung_up_outside(turn: Turn, fact: f.HangupRequested) -> None:
    """The dialplan may go on without the far end, and the channel's end tells when it is over;
    but what FastAGI began is about that far end.
    """
    own = [each for each in turn.call.recordings if each.agi_id]
    if own:
        turn.blame("Caller", cause=fact.cause)
    for recording in own:
        parting.call_gone(turn, recording, "hangup", fact.at, lives=True)


def left(turn: Turn, fact: f.CallLeft) -> None:
    """Stasis is over; whether by a hangup, the next second tells. What lives on is not hung up."""
    if turn.call.left_at is None and not turn.call.over and not turn.call.outside:
        turn.change(left_at=fact.at, scheduled_hangup=None)


def destroyed(turn: Turn, fact: f.CallDestroyed) -> None:
    if turn.call.over:
        return
    turn.blame("Caller")
    ending = turn.call.ending
    turn.change(ending=Ending(ending.source, ending.code, fact.cause or ending.cause))
    gone(turn, "hangup", fact.at)
    end(turn, fact.at)


def gone(turn: Turn, reason: EndReason, at: Instant) -> None:
    flow.call_gone(turn)
    for recording in turn.call.recordings:
        parting.call_gone(turn, recording, reason, at)


def end(turn: Turn, at: Instant) -> None:
    turn.durable = True
    flow.call_gone(turn)
    turn.change(ended_at=at)
    for recording in turn.call.recordings:
        if recording.phase == "collecting":
            life.advance(turn, recording)


def left_for_good(turn: Turn) -> None:
    """Stasis ended a while ago and no hangup explains it: somebody took the channel (Q-2)."""
    call = turn.call
    if call.left_at is not None and call.ended_at is None and turn.now >= call.left_at + LEFT_MS:
        _lost(turn, call.left_at)


def _lost(turn: Turn, at: Instant) -> None:
    gone(turn, "stopped" if turn.call.hangup_at is None else "hangup", at)
    end(turn, turn.now)


def report_end(turn: Turn) -> None:
    call = turn.call
    turn.change(notified=True)
    turn.durable = True
    turn.note(
        "call_ended",
        caller=call.caller,
        dialled=call.dialled,
        application=call.profile.application,
        cause=reports.hangup_cause(call),
        ms=(call.ended_at or turn.now) - call.entered_at,
    )
    if call.profile.hangup is None or call.outside:
        return
    turn.emit(
        Request(
            request_id=turn.new_request(),
            kind="hangup",
            target=call.profile.hangup,
            parameters=reports.standard(turn.call, "Hangup", turn.now),
        )
    )
