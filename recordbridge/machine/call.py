"""A call: `enter` makes one, `step` moves it by one fact. The heart of the product.

    step(state, fact, now) -> Step(state, intents, deadline, durable)

`fact=None` means that time has passed: everything due at `now` happens. The caller gives `None`
again at `deadline`. A fact that is not legal in the present state changes nothing. Intents are
in the order in which they shall be done. `durable` says that the step must be committed; a step
that is not may be forgotten by a crash, for Asterisk can be asked again; an `unhurried` one only
so that less has to be asked.
"""

from __future__ import annotations

import msgspec

from recordbridge import ids
from recordbridge.instant import Instant
from recordbridge.machine import (
    dialing,
    dispatch,
    documents,
    doing,
    flow,
    leftovers,
    life,
    pausing,
    presence,
    record,
    renewal,
)
from recordbridge.machine import facts as f
from recordbridge.machine.intents import Intent, Release
from recordbridge.machine.progress import Dialing
from recordbridge.machine.state import Call, Profile
from recordbridge.machine.turn import Turn


class Step(msgspec.Struct, frozen=True):
    """What one fact came to."""

    state: Call
    intents: tuple[Intent, ...]
    deadline: Instant | None
    durable: bool
    unhurried: bool


def enter(
    asterisk: str,
    entered: f.CallEntered,
    profile: Profile,
    seed: str,
    now: Instant,
    full: str = "",
) -> Step:
    """A channel entered Stasis for the first time: ask for its document (F-1).

    `full`: see `facts.RoomSeen`.
    """
    call = Call(
        call_uuid=ids.call_uuid(asterisk, entered.channel_id),
        asterisk=asterisk,
        channel_id=entered.channel_id,
        seed=seed,
        profile=profile,
        caller=entered.args.get("from", entered.caller),
        dialled=entered.args.get("to", entered.dialled),
        headers=entered.headers,
        entered_at=entered.at,
        up_since=entered.up_since,
        answered_at=entered.at if entered.answered else None,
        full=full,
        one_stream=entered.one_stream,
    )
    turn = Turn(call, now)
    documents.first(turn)
    turn.detail("call_entered", caller=call.caller, dialled=call.dialled)
    return _finish(turn)


def overhear(
    asterisk: str,
    found: f.CallEntered,
    profile: Profile,
    seed: str,
    now: Instant,
    full: str = "",
) -> Step:
    """A channel that is not in Stasis is to be recorded: a call without a flow (E-1)."""
    call = Call(
        call_uuid=ids.call_uuid(asterisk, found.channel_id),
        asterisk=asterisk,
        channel_id=found.channel_id,
        seed=seed,
        profile=profile,
        caller=found.caller,
        dialled=found.dialled,
        headers={},
        entered_at=found.at,
        up_since=found.up_since,
        answered_at=now if found.answered else None,
        full=full,
        outside=True,
        one_stream=found.one_stream,
    )
    turn = Turn(call, now)
    presence.follow(turn)
    turn.detail("call_overheard", caller=call.caller, dialled=call.dialled)
    return _finish(turn)


def step(state: Call, fact: f.Fact | None, now: Instant) -> Step:
    """Move the call by one fact, or by the time that has passed."""
    turn = Turn(state, now)
    if fact is None:
        _due(turn)
    else:
        dispatch.FACTS[type(fact)](turn, fact)
    _settle(turn)
    return _finish(turn)


def _finish(turn: Turn) -> Step:
    return Step(
        state=turn.call,
        intents=tuple(turn.intents),
        deadline=deadline(turn.call),
        durable=turn.durable,
        unhurried=turn.unhurried,
    )


def deadline(call: Call) -> Instant | None:
    """When `step(call, None, ...)` has something to do next."""
    moments = [
        each.deadline
        for each in call.recordings
        if each.deadline is not None and (not call.away or each.phase == "collecting")
    ]
    if call.away:
        return min(moments, default=None)
    if (element := doing.deadline(call.flow.doing)) is not None:
        moments.append(element)
    if call.scheduled_hangup is not None:
        moments.append(call.scheduled_hangup)
    if call.leftovers_due is not None:
        moments.append(call.leftovers_due)
    if call.renewal is not None:
        moments.append(call.renewal)
    if call.left_at is not None and call.ended_at is None:
        moments.append(call.left_at + presence.LEFT_MS)
    return min(moments, default=None)


def playbacks(call: Call) -> list[str]:
    """The playbacks that should run now, for a look at what does (N-3)."""
    beeps = [r.beep_id for r in call.recordings if r.beep_id]
    return beeps + [each for each in doing.playbacks(call.flow.doing) if each]


def records(call: Call | None, name: str) -> bool:
    """Whether that file of Asterisk's belongs to a recording of the call."""
    recordings = () if call is None else call.recordings
    return any(life.capture_name(t) == name for r in recordings for t in (*r.taps, *r.coming))


def legs(call: Call) -> list[str]:
    """The legs that should exist now."""
    dial = call.flow.doing
    if not isinstance(dial, Dialing):
        return []
    return [leg.leg_id for leg in dial.legs if leg.phase != "ended"]


def finished(call: Call) -> bool:
    """The call is over, its recordings are stored or lost, all requests are written, and nothing
    of it is left on Asterisk.
    """
    if call.ended_at is None or call.leftovers:
        return False
    return all(map(life.settled, call.recordings))


def _settle(turn: Turn) -> None:
    """What follows from the step as a whole."""
    for recording in turn.call.recordings:
        if recording.hushed:
            pausing.go_on(turn, recording)
    if turn.call.present and not turn.call.outside:
        doing.after_recording(turn)
        if isinstance(turn.call.flow.doing, Dialing):
            dialing.go_on(turn)
        flow.go_on(turn)
    if turn.call.one_stream:
        renewal.settle(turn)
    if turn.call.ended_at is None:
        return
    if not turn.call.notified:
        presence.report_end(turn)
    if finished(turn.call):
        turn.emit(Release())


def _due(turn: Turn) -> None:
    away = turn.call.away
    if not away:
        presence.left_for_good(turn)
        leftovers.due(turn)
        renewal.due(turn)
    for known in turn.call.recordings:
        recording = turn.recording(known.recording_id)
        if recording is None or recording.deadline is None or turn.now < recording.deadline:
            continue
        if recording.phase == "collecting":
            life.due(turn, recording)
        elif not away:
            record.due(turn, recording)
    if not away:
        flow.due(turn)
