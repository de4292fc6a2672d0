"""Recording a live call: start, stop, pause, resume (E-1, E-2, E-5)."""

from __future__ import annotations

from aiohttp import web

from recordbridge.engine.actor import Actor
from recordbridge.engine.live import Elsewhere
from recordbridge.machine.facts import PauseAsked, StopAsked
from recordbridge.machine.intents import Reply as Told
from recordbridge.plivo import checks as elements
from recordbridge.plivo.elements import Record
from recordbridge.plivo.retry import Target
from recordbridge.web.api import checks, shapes, starts
from recordbridge.web.api.asking import Asking, Operation, agreed, no_call, nothing, reply
from recordbridge.web.api.checks import METHOD, NUMBER, TEXT, URL
from recordbridge.web.api.fields import Field
from recordbridge.web.signing import recording_id_of

CALL = "/v1/Account/{auth_id}/Call/{call_uuid}/"
RECORD = CALL + "Record/"
IDLE = "there is no such recording of the call, or it does not run"


async def start(asking: Asking) -> web.StreamResponse:
    element = _element(asking)
    call = asking.part("call_uuid")
    wish = starts.wish(asking.http, asking.api_id, asking.account, call, element)
    begun = await asking.api.starts.begin(wish)
    if begun is None:
        raise no_call()
    agreed(Told(asked_id=begun.api_id, refusal=begun.refusal), IDLE)
    url = asking.api.urls.record_url(
        asking.account, begun.recording_id, element.file_format, asking.now
    )
    started = shapes.Started(
        api_id=begun.api_id,
        message="call recording started",
        recording_id=begun.recording_id,
        url=url,
    )
    return await asking.api.starts.deliver(wish, reply(started, 202))


def _element(asking: Asking) -> Record:
    values = asking.values
    return Record(
        record_session=True,
        file_format=values.get("file_format", "mp3"),
        max_length_s=values.get("time_limit", 60),
        stereo=values.get("record_channel_type", False),
        transcribe=values.get("transcription_type", False),
        transcription=_target(asking, "transcription"),
        transcription_report=values.get("transcription_report_type", "compact"),
        callback=_target(asking, "callback"),
    )


def _target(asking: Asking, name: str) -> Target | None:
    target: Target | None = asking.values.get(f"{name}_url")
    if target is None:
        return None
    return Target(target.url, asking.values.get(f"{name}_method", "POST"), target.retry)


async def stop(asking: Asking) -> web.StreamResponse:
    call = asking.part("call_uuid")
    wanted = asking.values.get("URL")
    recording_id = "" if wanted is None else recording_id_of(wanted) or "-"
    actor = await asking.api.live.find(asking.account, call)
    if actor is None:
        row = await asking.api.lists.call(call)
        if row is None or row.account != asking.account:
            raise no_call()
        return nothing()  # the call is over, and so are its recordings
    told = await asking.api.live.ask(actor, StopAsked(recording_id, asking.api_id))
    agreed(told, "URL is of no recording of this call")
    return nothing()


async def pause(asking: Asking) -> web.StreamResponse:
    return await _switch(asking, resume=False)


async def resume(asking: Asking) -> web.StreamResponse:
    return await _switch(asking, resume=True)


async def _switch(asking: Asking, *, resume: bool) -> web.StreamResponse:
    actor = await live_call(asking)
    wanted = asking.values.get("recording_id", "")
    told = await asking.api.live.ask(actor, PauseAsked(asking.api_id, wanted, resume))
    switched = shapes.Switched(
        api_id=asking.api_id,
        message=f"call recording {'resumed' if resume else 'paused'}",
        recording_ids=list(agreed(told, IDLE).recording_ids),
    )
    return reply(switched, 202)


async def live_call(asking: Asking) -> Actor | Elsewhere:
    """The call of the path. Raises 404."""
    actor = await asking.api.live.find(asking.account, asking.part("call_uuid"))
    if actor is None:
        raise no_call()
    return actor


_METHOD = checks.one_of("GET", "POST")
_FIELDS = (
    Field(
        "time_limit",
        checks.plain(elements.whole(1, "seconds")),
        NUMBER,
        "Its longest length in seconds; 60 by default, more than 86400 is taken as that",
    ),
    Field("file_format", checks.one_of("mp3", "wav"), {"enum": ["mp3", "wav"]}, "mp3 by default"),
    Field(
        "record_channel_type",
        checks.plain(elements.stereo),
        {"enum": ["mono", "stereo"]},
        "mono (by default): both sides mixed; stereo: the caller left, the far side right",
    ),
    Field("callback_url", checks.target, URL, "Requested when the file can be fetched"),
    Field("callback_method", _METHOD, METHOD, "POST by default"),
    Field(
        "transcription_type",
        checks.plain(elements.transcription),
        {"enum": ["auto", "hybrid", "manual"]},
        "All are taken as auto",
    ),
    Field("transcription_url", checks.target, URL, "Gets the transcription, or why there is none"),
    Field("transcription_method", _METHOD, METHOD, "POST by default"),
    Field(
        "transcription_report_type",
        checks.one_of("compact", "full"),
        {"enum": ["compact", "full"]},
        "compact by default",
    ),
)
_STOPPED = (Field("URL", checks.any_url, URL, "Of the one recording that shall end"),)
_ONE = (Field("recording_id", checks.text, TEXT, "Only that recording; without it all that run"),)

OPERATIONS = (
    Operation(
        "POST",
        RECORD,
        "startRecording",
        "Begins to record a live call, in an application or in the dialplan. A request with the"
        " same Idempotency-Key within 24 hours begins nothing and gets the same reply.",
        start,
        status=202,
        replies=(shapes.Started,),
        body=_FIELDS,
        errors=(409, 422),
        headers=(starts.HEADER,),
    ),
    Operation(
        "DELETE",
        RECORD,
        "stopRecording",
        "Ends all recordings of the call that the API began, or the one whose URL is given.",
        stop,
        status=204,
        query=_STOPPED,
        body=_STOPPED,
    ),
    Operation(
        "POST",
        RECORD + "Pause/",
        "pauseRecording",
        "Records silence until it is resumed; nothing of the pause is kept.",
        pause,
        status=202,
        replies=(shapes.Switched,),
        body=_ONE,
    ),
    Operation(
        "POST",
        RECORD + "Resume/",
        "resumeRecording",
        "Goes on with what was paused.",
        resume,
        status=202,
        replies=(shapes.Switched,),
        body=_ONE,
    ),
)
