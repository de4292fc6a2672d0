"""The flow: one element after the other, one document after the other (F-5 to F-7, S-5).

A document that ends hangs up the call (4010). One that cannot be used takes the fallback once,
for the answer document, and otherwise hangs up with the cause that says what failed; a call is
never left without something that will end its present element.
"""

from __future__ import annotations

from recordbridge.machine import capture, documents, doing
from recordbridge.machine.intents import EndSnoop, HangUp
from recordbridge.machine.progress import Dialing
from recordbridge.machine.state import Fetching, Flow, HangingUp, Taping
from recordbridge.machine.turn import Turn
from recordbridge.plivo.elements import Document, Element, Hangup, Redirect

MOST_REDIRECTS = 50
"""F-7: documents in a row that only lead to the next one."""
SOON_MS = 1_000
"""F-7: a document for a background recording that comes so soon after the last one belongs to the
same row; the row ends when no more are taken, and what the last one brought goes on."""
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
    ("transfer", False): 7013,
    ("transfer", True): 8013,
}
"""F-6: HangupCauseCode by the request's purpose and whether a reply came at all."""
END_OF_DOCUMENT = 4010
NORMAL = 4000
SCHEDULED = 6000
REASON_CODES = {"normal": NORMAL, "rejected": 3020, "busy": 3010}


def document_arrived(turn: Turn, request_id: str, document: Document) -> None:
    """The document replaces the rest of the one before."""
    now = turn.call.flow.doing
    if isinstance(now, Fetching) and now.request_id == request_id:
        turn.detail("document_arrived", purpose=now.purpose, elements=len(document.elements))
        turn.flow(rest=document.elements, doing=None, early=0)
    elif _is_initial(turn, request_id) and turn.call.present:
        if document.elements:
            _take_over(turn, document)
        else:  # an application has nothing to say: it is no order to hang up
            turn.detail("document_ignored", purpose="initial", reason="it has no element")


def _is_initial(turn: Turn, request_id: str) -> bool:
    """S-5: the request is the initial one of a background recording."""
    return any(r.background and r.action_id == request_id for r in turn.call.recordings)


def _take_over(turn: Turn, document: Document) -> None:
    """S-5: stop what runs, a Dial excepted: the document waits for its end and wins then."""
    if _is_row_too_long(turn):
        turn.warn("document_ignored", purpose="initial", reason="too many came in a row")
        return
    turn.detail("document_arrived", purpose="initial", elements=len(document.elements))
    now = turn.call.flow.doing
    if isinstance(now, Dialing):
        turn.flow(pending=document)
        return
    if isinstance(now, HangingUp):
        return
    if isinstance(now, Taping) and (recording := turn.recording(now.recording_id)) is not None:
        if not recording.background:
            turn.flow(doing=None)
            capture.stop(turn, recording)
    else:
        doing.stop(turn)
    turn.flow(rest=document.elements, doing=None, early=0)


def _is_row_too_long(turn: Turn) -> bool:
    """One that begins the next recording would go round as fast as HTTP allows."""
    flow = turn.call.flow
    count = flow.takeovers + 1 if turn.now - flow.taken_at < SOON_MS else 1
    if count > MOST_REDIRECTS:
        return True
    turn.flow(takeovers=count, taken_at=turn.now)
    return False


def document_failed(turn: Turn, request_id: str, reason: str, *, reached: bool) -> None:
    """F-6; the reply to an initial request is only noted (S-5)."""
    flow = turn.call.flow
    now = flow.doing
    if not isinstance(now, Fetching) or now.request_id != request_id:
        if _is_initial(turn, request_id):
            turn.warn("document_ignored", purpose="initial", reason=reason)
        return
    turn.warn("document_failed", purpose=now.purpose, reason=reason)
    turn.change(problem=reason)
    turn.flow(doing=None)
    fallback = turn.call.profile.fallback
    if now.purpose == "answer" and fallback is not None and not flow.fallback_used:
        turn.flow(fallback_used=True)
        documents.fetch(turn, "fallback", fallback)
        return
    hang_up(turn, "", CODES[now.purpose, reached])


def go_on(turn: Turn) -> None:
    """Run elements until one takes time; the end of the document hangs up (F-5).

    While the connection to Asterisk is away, none begins (N-3).
    """
    while turn.call.present and not turn.call.away and turn.call.flow.doing is None:
        flow = turn.call.flow
        if flow.pending is not None:
            turn.flow(rest=flow.pending.elements, pending=None, early=0)
        elif not flow.rest:
            hang_up(turn, "Answer XML", END_OF_DOCUMENT)
        else:
            element, first = flow.rest[0], flow.fresh
            turn.flow(rest=flow.rest[1:], fresh=False, early=max(0, flow.early - 1))
            _begin(turn, element, first=first, early=flow.early > 0)


def _begin(turn: Turn, element: Element, *, first: bool, early: bool) -> None:
    match element:
        case Hangup():
            _hangup(turn, element, first=first)
        case Redirect():
            _redirect(turn, element)
        case _:
            if not doing.is_instant(element):
                turn.flow(redirects=0)
            doing.begin(turn, element, early=early)
            doing.after_recording(turn)


def _hangup(turn: Turn, element: Hangup, *, first: bool) -> None:
    """F-2: by default a Hangup that comes first rejects an unanswered call.

    A scheduled one lets the elements after it run; with none after it, it hangs up at once.
    """
    if element.schedule_s and turn.call.flow.rest:
        turn.change(scheduled_hangup=turn.now + element.schedule_s * 1000)
        return
    reason = element.reason or ("rejected" if first else "normal")
    if turn.call.answered_at is not None or turn.call.answering:
        reason = "normal"
    hang_up(turn, "Answer XML", REASON_CODES[reason], reason)


def _redirect(turn: Turn, element: Redirect) -> None:
    count = turn.call.flow.redirects + 1
    if count > MOST_REDIRECTS:
        turn.warn("too_many_redirects", most=MOST_REDIRECTS)
        hang_up(turn, "", CODES["redirect", True])
        return
    turn.flow(redirects=count)
    documents.fetch(turn, "redirect", element.target)


def hang_up(turn: Turn, source: str, code: int, reason: str = "normal") -> None:
    """End the call; whatever still plays, dials or is fetched goes with it."""
    turn.blame(source, code)
    turn.flow(rest=(), early=0, pending=None)
    doing.stop(turn)
    turn.flow(doing=HangingUp(until=turn.now + HANGUP_MS))
    turn.change(scheduled_hangup=None, armed=())
    if not turn.call.former:  # its snoops end with the channel
        turn.withdraw(EndSnoop)
    turn.emit(HangUp(channel_id=turn.call.channel_id, reason=reason))


def call_gone(turn: Turn) -> None:
    """Nobody is there to hear it: an awaited `action` becomes durable (H-3), the rest goes."""
    flow = turn.call.flow
    if flow.doing is not None or flow.rest:
        doing.stop(turn)
        turn.set_flow(Flow(fresh=False, fallback_used=flow.fallback_used))
    turn.change(scheduled_hangup=None, armed=())


def await_end(turn: Turn) -> None:
    """The far end hung up: the channel's end follows, or is asked for."""
    turn.flow(doing=HangingUp(until=turn.now + HANGUP_MS))


def due(turn: Turn) -> None:
    """Deadlines: a scheduled hangup, a hangup that did not happen, the element's own."""
    call = turn.call
    if call.scheduled_hangup is not None and turn.now >= call.scheduled_hangup:
        hang_up(turn, "Answer XML", SCHEDULED)
    elif isinstance(call.flow.doing, HangingUp):
        if turn.now >= call.flow.doing.until:
            turn.warn("hangup_repeated")
            turn.flow(doing=HangingUp(until=turn.now + HANGUP_MS))
            turn.emit(HangUp(channel_id=call.channel_id))
    else:
        doing.due(turn)
