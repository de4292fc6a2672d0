"""The element that runs: how each begins, what moves it, how it is stopped (F-2).

An element that has ended leaves `doing` empty; the flow goes on from there when the step is
complete (`flow.go_on`).
"""

from __future__ import annotations

from typing import assert_never

from recordbridge.instant import Instant
from recordbridge.machine import (
    background,
    capture,
    dialing,
    documents,
    gather,
    prompts,
    record,
)
from recordbridge.machine.early import lasts_ms
from recordbridge.machine.gather import Gathered
from recordbridge.machine.intents import (
    Abandon,
    BeginSnoop,
    EndSnoop,
    MakeDurable,
    Progress,
    SendKeys,
    WatchTalking,
)
from recordbridge.machine.progress import Dialing, Gathering, Prompting
from recordbridge.machine.state import (
    Doing,
    Fetching,
    HangingUp,
    Playing,
    Sending,
    Taping,
    Waiting,
)
from recordbridge.machine.turn import Turn, replace
from recordbridge.plivo import unlogged
from recordbridge.plivo.elements import (
    Dial,
    Dtmf,
    GetDigits,
    Play,
    PreAnswer,
    Record,
    Speak,
    Wait,
)

SENDING_MS = 10_000
"""How much longer than they last keys may take to be sent."""

Lasting = Record | Play | Speak | Wait | Dtmf | GetDigits | PreAnswer | Dial
"""Elements that do something; Hangup and Redirect are the flow's own."""


def begin(turn: Turn, element: Lasting, *, early: bool) -> None:
    """Begin an element; `early` = in a PreAnswer, where nothing answers the call."""
    match element:
        case Record():
            _record(turn, element)
        case Play() | Speak():
            _audible(turn, early=early)
            _play(turn, prompts.start(turn, (element,)))
        case Wait():
            _wait(turn, element)
        case Dtmf():
            _audible(turn, early=early)
            _send(turn, element)
        case GetDigits():
            _audible(turn, early=early)
            turn.flow(doing=gather.begin(turn, element))
        case PreAnswer():
            flow = turn.call.flow
            turn.flow(rest=element.elements + flow.rest, early=len(element.elements))
        case Dial():
            dialing.begin(turn, element)
        case _:
            assert_never(element)


def is_instant(element: Lasting) -> bool:
    """F-7: it takes no time, so that documents of it and a Redirect alone would go round and round.

    The elements of a PreAnswer are elements of their own.
    """
    match element:
        case Record():
            return background.is_background(element)
        case Dtmf():
            return not element.wait
        case _:
            return isinstance(element, PreAnswer)


def _audible(turn: Turn, *, early: bool) -> None:
    """F-2: what the caller shall hear answers an unanswered call, or is early media."""
    if not early:
        turn.answer()
    elif turn.call.answered_at is None and not turn.call.progressed:
        turn.change(progressed=True)
        turn.emit(Progress(channel_id=turn.call.channel_id))


def _record(turn: Turn, element: Record) -> None:
    if element.start_on_dial_answer:
        background.arm(turn, element)
        return
    if element.record_session:
        recording = background.begin(turn, element, "session")
    else:
        if (until := record.held_until(turn)) > turn.now:
            turn.flow(rest=(element, *turn.call.flow.rest), doing=Waiting(until))
            return
        recording = record.begin(turn, element)
    turn.flow(doing=Taping(recording_id=recording.recording_id))
    if recording.refused:
        capture.refuse(turn, recording)
        after_recording(turn)


def _play(turn: Turn, prompting: Prompting | None) -> None:
    turn.flow(doing=None if prompting is None else Playing(prompting))


def _wait(turn: Turn, element: Wait) -> None:
    until = turn.now + element.length_s * 1000
    if not element.silence:
        turn.flow(doing=Waiting(until=until))
        return
    snoop_id = turn.new_object("snoop")
    turn.emit(BeginSnoop(channel_id=turn.call.channel_id, snoop_id=snoop_id, direction="in"))
    turn.flow(doing=Waiting(until, snoop_id, element.min_silence_ms, turn.now))


def _send(turn: Turn, element: Dtmf) -> None:
    keys_id = turn.new_object("keys")
    turn.durable = True
    turn.emit(
        SendKeys(
            channel_id=turn.call.channel_id,
            keys_id=keys_id,
            target=turn.call.channel_id,
            digits=element.digits,
        )
    )
    if element.wait:
        until = turn.now + lasts_ms(element.digits) + SENDING_MS
        turn.flow(doing=Sending(keys_id=keys_id, until=until))


# -- what moves it


def after_recording(turn: Turn) -> None:
    """P-9: the flow goes on when a plain Record has ended, unless its action's reply decides;
    beside a background one as soon as that runs (S-1).
    """
    doing = turn.call.flow.doing
    if not isinstance(doing, Taping):
        return
    recording = turn.recording(doing.recording_id)
    assert recording is not None
    if recording.background:
        over = background.started(turn, recording.recording_id)
    else:
        decides = recording.element.action is not None and recording.element.redirect
        over = recording.phase in ("collecting", "done") and not decides
    if over:
        turn.flow(doing=None)


def _heard(turn: Turn, object_id: str) -> tuple[Prompting, str] | None:
    """The prompts that wait for that media or playback, and whose they are (`dialing`)."""
    doing = turn.call.flow.doing
    if isinstance(doing, Dialing):
        found = dialing.prompting_of(doing, object_id)
        return None if found is None else (found[1], found[0])
    prompting = doing.prompting if isinstance(doing, Playing | Gathering) else None
    if prompting is not None and object_id in (prompting.media_id, prompting.playback_id):
        return prompting, ""
    return None


def went_on(turn: Turn, whose: str, prompting: Prompting | None) -> None:
    """Prompts of the flow, or (`whose`) of a leg, went on or (None) have ended."""
    doing = turn.call.flow.doing
    if isinstance(doing, Dialing):
        dialing.heard(turn, whose, prompting)
    elif isinstance(doing, Gathering):
        _gathered(turn, gather.heard(turn, doing, prompting))
    else:
        _play(turn, prompting)


def playback_began(turn: Turn, playback_id: str) -> None:
    """What is played is being heard: after a gap it is not begun again (N-1)."""
    found = _heard(turn, playback_id)
    if found is not None and found[0].playback_id and not found[0].began:
        went_on(turn, found[1], prompts.began(found[0]))


def playback_ended(turn: Turn, playback_id: str, *, failed: bool) -> None:
    """What was played is over."""
    if (found := _heard(turn, playback_id)) is not None and found[0].playback_id:
        went_on(turn, found[1], prompts.playback_ended(turn, found[0], failed=failed))


def media_ready(turn: Turn, media_id: str, media: str) -> None:
    """What was prepared can be played."""
    if (found := _heard(turn, media_id)) is not None:
        went_on(turn, found[1], prompts.media_ready(turn, found[0], media))


def media_failed(turn: Turn, media_id: str, reason: str) -> None:
    """It cannot."""
    if (found := _heard(turn, media_id)) is not None:
        went_on(turn, found[1], prompts.media_failed(turn, found[0], reason))


def key(turn: Turn, pressed: str) -> None:
    """The caller pressed a key."""
    doing = turn.call.flow.doing
    if isinstance(doing, Gathering):
        _gathered(turn, gather.key(turn, doing, pressed))
    elif isinstance(doing, Dialing):
        dialing.caller_key(turn, pressed)


def _gathered(turn: Turn, progress: gather.Progress) -> None:
    if not isinstance(progress, Gathered):
        turn.flow(doing=progress)
        return
    doing = turn.call.flow.doing
    assert isinstance(doing, Gathering)
    element = doing.element
    turn.flow(doing=None)
    if progress.keys:
        parameters = {"Digits": progress.keys}
        if not element.log:
            parameters = unlogged.marked(parameters)
        documents.action(turn, element.action, parameters, redirect=element.redirect)


def keys_sent(turn: Turn, keys_id: str) -> None:
    """A DTMF element that the flow waited for is over."""
    doing = turn.call.flow.doing
    if isinstance(doing, Sending) and doing.keys_id == keys_id:
        turn.flow(doing=None)


def snoop_entered(turn: Turn, snoop_id: str) -> None:
    """A Wait for silence can listen."""
    doing = turn.call.flow.doing
    if isinstance(doing, Waiting) and doing.snoop_id == snoop_id:
        turn.emit(
            WatchTalking(
                channel_id=turn.call.channel_id,
                snoop_id=snoop_id,
                threshold=turn.call.profile.silence_threshold,
                silence_ms=capture.TALK_MS,
            )
        )


def cannot_listen(turn: Turn, snoop_id: str) -> None:
    """A Wait for silence that hears nothing lasts as long as it may."""
    doing = turn.call.flow.doing
    if isinstance(doing, Waiting) and doing.snoop_id == snoop_id:
        turn.flow(doing=replace(doing, quiet_ms=0))


def talking(turn: Turn, snoop_id: str, at: Instant, *, speaking: bool) -> None:
    """A Wait for silence hears speech begin or end."""
    doing = turn.call.flow.doing
    if isinstance(doing, Waiting) and doing.snoop_id == snoop_id:
        turn.flow(doing=replace(doing, quiet_since=None if speaking else at))


def due(turn: Turn) -> None:
    """What the time that has passed does to the element."""
    match turn.call.flow.doing:
        case Waiting() as waiting if turn.now >= _until(waiting):
            stop(turn)
            turn.flow(doing=None)
        case Sending(until=until) if turn.now >= until:
            turn.flow(doing=None)
        case Playing(prompting=prompting):
            if (now := prompts.due(turn, prompting)) is not prompting:
                _play(turn, now)
        case Gathering() as gathering:
            _gather_due(turn, gathering)
        case Dialing():
            dialing.due(turn)
        case _:
            pass


def _gather_due(turn: Turn, gathering: Gathering) -> None:
    if gathering.prompting is not None:
        prompting = prompts.due(turn, gathering.prompting)
        if prompting is not gathering.prompting:
            _gathered(turn, gather.heard(turn, gathering, prompting))
        return
    progress = gather.due(turn, gathering)
    if progress is not gathering:
        _gathered(turn, progress)


def _until(waiting: Waiting) -> Instant:
    if waiting.quiet_since is None or not waiting.quiet_ms:
        return waiting.until
    return min(waiting.until, waiting.quiet_since + waiting.quiet_ms)


def deadline(doing: Doing | None) -> Instant | None:
    """When `due` has something to do."""
    match doing:
        case None | Taping():
            return None
        case Waiting():
            return _until(doing)
        case Sending(until=until) | HangingUp(until=until):
            return until
        case Playing(prompting=prompting):
            return prompting.until
        case Gathering():
            return doing.until if doing.prompting is None else doing.prompting.until
        case Dialing():
            return dialing.deadline(doing)
        case _:
            return None


def playbacks(doing: Doing | None) -> list[str]:
    """What of the element should be heard now."""
    match doing:
        case Playing(prompting=prompting):
            return [prompting.playback_id]
        case Gathering(prompting=Prompting(playback_id=playback_id)):
            return [playback_id]
        case Dialing(music=music, legs=legs):
            heard = [music, *(leg.prompting for leg in legs)]
            return [each.playback_id for each in heard if each is not None]
        case _:
            return []


# -- the end of it


def stop(turn: Turn) -> None:
    """Stop the element that runs: its sound, its snoop, its Dial, its document request.

    A plain Record is stopped by whoever takes the flow away; a hangup ends it by itself.
    """
    doing = turn.call.flow.doing
    match doing:
        case Playing():
            prompts.stop(turn, doing.prompting)
        case Gathering():
            gather.stop(turn, doing)
        case Waiting() if doing.snoop_id:
            turn.emit(EndSnoop(channel_id=turn.call.channel_id, snoop_id=doing.snoop_id))
        case Dialing():
            dialing.call_gone(turn, doing)
        case Fetching(purpose="action"):
            turn.emit(MakeDurable(request_id=doing.request_id))
        case Fetching():
            turn.emit(Abandon(request_id=doing.request_id))
        case _:
            pass
