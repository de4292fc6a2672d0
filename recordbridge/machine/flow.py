"""The flow: one element after the other, one document after the other (F-5 to F-7, P-9).

A document that ends hangs up the call (4010). One that cannot be used takes the fallback once,
for the answer document, and otherwise hangs up with the cause that says what failed; a call is
never left without something that will end its present element.
"""

from __future__ import annotations

from typing import Literal, assert_never

from recordbridge.machine import record, reports
from recordbridge.machine.intents import (
    Abandon,
    Answer,
    BeginPlayback,
    EndPlayback,
    HangUp,
    LoadFlow,
    MakeDurable,
    Request,
)
from recordbridge.machine.state import (
    Fetching,
    Flow,
    HangingUp,
    Playing,
    Recording,
    Taping,
    Waiting,
)
from recordbridge.machine.turn import Turn
from recordbridge.plivo.elements import (
    Dial,
    Document,
    Dtmf,
    Element,
    GetDigits,
    Hangup,
    Play,
    PreAnswer,
    Record,
    Redirect,
    Speak,
    Wait,
)
from recordbridge.plivo.parameters import Event
from recordbridge.plivo.retry import Target

MOST_REDIRECTS = 50
"""F-7: documents in a row that only lead to the next one."""
HANGUP_MS = 5_000
"""After this long without the channel's end, the hangup is asked for again."""

CODES = {
    ("answer", False): 7011,
    ("answer", True): 8011,
    ("fallback", False): 7011,
    ("fallback", True): 8011,
    ("action", False): 7012,
    ("action", True): 8012,
    ("redirect", False): 7014,
    ("redirect", True): 8014,
}
"""F-6: HangupCauseCode by the request's purpose and whether a reply came at all."""
END_OF_DOCUMENT = 4010
NORMAL = 4000
SCHEDULED = 6000
REJECTED = 3020
BUSY = 3010
REASON_CODES = {"normal": NORMAL, "rejected": REJECTED, "busy": BUSY}


def first_document(turn: Turn) -> None:
    """Ask for the answer document, or take the local flow."""
    answer = turn.call.profile.answer
    if answer is not None:
        _fetch(turn, "answer", answer)
        return
    request_id = turn.new_request()
    turn.flow(doing=Fetching(request_id=request_id, purpose="answer"))
    turn.emit(LoadFlow(request_id=request_id))


def _fetch(turn: Turn, kind: Literal["answer", "fallback", "redirect"], target: Target) -> None:
    event: Event = "Redirect" if kind == "redirect" else "StartApp"
    request_id = turn.new_request()
    turn.emit(
        Request(
            request_id=request_id,
            kind=kind,
            target=target,
            parameters=reports.standard(turn.call, event, turn.now),
            wants_document=True,
            durable=False,
        )
    )
    turn.flow(doing=Fetching(request_id=request_id, purpose=kind))


def document_arrived(turn: Turn, request_id: str, document: Document) -> None:
    """The document replaces the rest of the one before."""
    doing = turn.call.flow.doing
    if not isinstance(doing, Fetching) or doing.request_id != request_id:
        return
    turn.note("document_arrived", purpose=doing.purpose, elements=len(document.elements))
    turn.flow(rest=document.elements, doing=None)
    run_next(turn)


def document_failed(turn: Turn, request_id: str, reason: str, *, reached: bool) -> None:
    """F-6."""
    flow = turn.call.flow
    doing = flow.doing
    if not isinstance(doing, Fetching) or doing.request_id != request_id:
        return
    turn.warn("document_failed", purpose=doing.purpose, reason=reason)
    turn.change(problem=reason)
    turn.flow(doing=None)
    fallback = turn.call.profile.fallback
    if doing.purpose == "answer" and fallback is not None and not flow.fallback_used:
        turn.flow(fallback_used=True)
        _fetch(turn, "fallback", fallback)
        return
    hang_up(turn, "", CODES[doing.purpose, reached])


def run_next(turn: Turn) -> None:
    """Run elements until one takes time; the end of the document hangs up (F-5)."""
    while turn.call.flow.doing is None:
        flow = turn.call.flow
        if not flow.rest:
            hang_up(turn, "Answer XML", END_OF_DOCUMENT)
            return
        element, first = flow.rest[0], flow.fresh
        turn.flow(rest=flow.rest[1:], fresh=False)
        _begin(turn, element, first=first)


def _begin(turn: Turn, element: Element, *, first: bool) -> None:
    match element:
        case Record():
            turn.flow(redirects=0)
            recording = record.begin(turn, element)
            turn.flow(doing=Taping(recording_id=recording.recording_id))
        case Play():
            turn.flow(redirects=0)
            _answer(turn)
            _play(turn, element, 1)
        case Wait():
            turn.flow(redirects=0, doing=Waiting(until=turn.now + element.length_s * 1000))
        case Hangup():
            _hangup(turn, element, first=first)
        case Redirect():
            _redirect(turn, element)
        case Speak() | Dtmf() | GetDigits() | PreAnswer() | Dial():
            raise AssertionError(element)  # the parser lets none through in this release
        case _:
            assert_never(element)


def _answer(turn: Turn) -> None:
    """F-2: elements that the caller shall hear answer an unanswered call first."""
    if turn.call.answered_at is None:
        turn.emit(Answer(channel_id=turn.call.channel_id))


def _play(turn: Turn, element: Play, number: int) -> None:
    playback_id = turn.new_object("play")
    turn.flow(doing=Playing(playback_id=playback_id, element=element, turn=number))
    turn.emit(
        BeginPlayback(
            channel_id=turn.call.channel_id, playback_id=playback_id, media=element.source
        )
    )


def playback_ended(turn: Turn, playback_id: str, *, failed: bool) -> None:
    """Play again as often as `loop` says; what cannot be played is passed over."""
    doing = turn.call.flow.doing
    if not isinstance(doing, Playing) or doing.playback_id != playback_id:
        return
    if failed:
        turn.warn("play_failed", source=doing.element.source)
    if not failed and (doing.element.loop == 0 or doing.turn < doing.element.loop):
        _play(turn, doing.element, doing.turn + 1)
        return
    turn.flow(doing=None)
    run_next(turn)


def _hangup(turn: Turn, element: Hangup, *, first: bool) -> None:
    """F-2: by default a Hangup that comes first rejects an unanswered call.

    A scheduled one lets the elements after it run; with none after it, it hangs up at once.
    """
    if element.schedule_s and turn.call.flow.rest:
        turn.change(scheduled_hangup=turn.now + element.schedule_s * 1000)
        return
    unanswered = turn.call.answered_at is None
    reason = element.reason or ("rejected" if first else "normal")
    hang_up(
        turn,
        "Answer XML",
        REASON_CODES[reason if unanswered else "normal"],
        reason if unanswered else "normal",
    )


def _redirect(turn: Turn, element: Redirect) -> None:
    count = turn.call.flow.redirects + 1
    if count > MOST_REDIRECTS:
        turn.warn("too_many_redirects", most=MOST_REDIRECTS)
        hang_up(turn, "", CODES["redirect", True])
        return
    turn.flow(redirects=count)
    _fetch(turn, "redirect", element.target)


def hang_up(turn: Turn, source: str, code: int, reason: str = "normal") -> None:
    """End the call; whatever still plays or is fetched goes with it."""
    turn.blame(source, code)
    _drop(turn)
    turn.flow(rest=(), doing=HangingUp(until=turn.now + HANGUP_MS))
    turn.change(scheduled_hangup=None)
    turn.emit(HangUp(channel_id=turn.call.channel_id, reason=reason))


def _drop(turn: Turn) -> None:
    doing = turn.call.flow.doing
    if isinstance(doing, Playing):
        turn.emit(
            EndPlayback(channel_id=turn.call.channel_id, playback_id=doing.playback_id),
        )
    elif isinstance(doing, Fetching):
        turn.emit(Abandon(request_id=doing.request_id))


def call_gone(turn: Turn) -> None:
    """Nobody is there to hear it: an awaited `action` becomes durable (H-3), the rest goes."""
    doing = turn.call.flow.doing
    if isinstance(doing, Fetching):
        if doing.purpose == "action":
            turn.emit(MakeDurable(request_id=doing.request_id))
        else:
            turn.emit(Abandon(request_id=doing.request_id))
    if doing is not None or turn.call.flow.rest:
        turn.set_flow(Flow(fresh=False, fallback_used=turn.call.flow.fallback_used))
    turn.change(scheduled_hangup=None)


def await_end(turn: Turn) -> None:
    """The far end hung up: the channel's end follows, or is asked for."""
    turn.flow(doing=HangingUp(until=turn.now + HANGUP_MS))


def after_recording(turn: Turn, recording: Recording) -> None:
    """P-9: go on after a plain Record whose capture is over, unless its action's reply decides."""
    doing = turn.call.flow.doing
    if not isinstance(doing, Taping) or doing.recording_id != recording.recording_id:
        return
    decides = recording.element.action is not None and recording.element.redirect
    if recording.phase in ("collecting", "done") and not decides:
        turn.flow(doing=None)
        run_next(turn)


def due(turn: Turn) -> None:
    """Deadlines of the flow: a Wait's end, a scheduled hangup, a hangup that did not happen."""
    call = turn.call
    if call.scheduled_hangup is not None and turn.now >= call.scheduled_hangup:
        hang_up(turn, "Answer XML", SCHEDULED)
        return
    match call.flow.doing:
        case Waiting(until=until) if turn.now >= until:
            turn.flow(doing=None)
            run_next(turn)
        case HangingUp(until=until) if turn.now >= until:
            turn.warn("hangup_repeated")
            turn.flow(doing=HangingUp(until=turn.now + HANGUP_MS))
            turn.emit(HangUp(channel_id=call.channel_id))
        case _:
            pass
