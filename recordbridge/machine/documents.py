"""Asking for documents (F-1, F-6) and the flow's other requests to the application."""

from __future__ import annotations

from typing import Literal

from recordbridge.machine import reports
from recordbridge.machine.intents import LoadFlow, Request
from recordbridge.machine.state import Fetching
from recordbridge.machine.turn import Turn
from recordbridge.plivo.parameters import Event
from recordbridge.plivo.retry import Target


def first(turn: Turn) -> None:
    """Ask for the answer document, or take the local flow."""
    answer = turn.call.profile.answer
    if answer is not None:
        fetch(turn, "answer", answer)
        return
    request_id = turn.new_request()
    turn.flow(doing=Fetching(request_id=request_id, purpose="answer"))
    turn.emit(LoadFlow(request_id=request_id))


def fetch(
    turn: Turn, kind: Literal["answer", "fallback", "redirect", "transfer"], target: Target
) -> None:
    """Ask for the next document; the flow waits for it."""
    event: Event = "Redirect" if kind in ("redirect", "transfer") else "StartApp"
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


def action(
    turn: Turn,
    target: Target | None,
    parameters: dict[str, str],
    *,
    redirect: bool,
    ignored: bool = False,
) -> bool:
    """The `action` of an element that has ended; tells whether the flow waits for the reply.

    With `redirect` the reply is the next document, while anybody is there to hear it and no
    other document has come first (S-5); else it is ignored, and the request durable (H-3).
    `ignored`: nobody waits for it whatever it is.
    """
    if target is None:
        return False
    awaited = redirect and not ignored and turn.call.present and turn.call.flow.pending is None
    request_id = turn.new_request()
    event: Event = "Redirect" if redirect else "Record"
    turn.emit(
        Request(
            request_id=request_id,
            kind="action",
            target=target,
            parameters=reports.standard(turn.call, event, turn.now) | parameters,
            wants_document=awaited,
            durable=not awaited,
        )
    )
    if awaited:
        turn.flow(doing=Fetching(request_id=request_id, purpose="action"))
    return awaited


def prompts(turn: Turn, kind: Literal["confirm", "music"], target: Target) -> str:
    """Ask for a document of prompts (confirmSound, dialMusic); the request's id."""
    request_id = turn.new_request()
    turn.emit(
        Request(
            request_id=request_id,
            kind=kind,
            target=target,
            parameters=reports.standard(turn.call, "StartApp", turn.now),
            wants_document=True,
            durable=False,
        )
    )
    return request_id
