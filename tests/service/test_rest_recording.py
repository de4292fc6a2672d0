"""Recording over REST with the official Python SDK, on real calls (E-1, E-2, E-5, S-8)."""

from __future__ import annotations

import asyncio
import functools
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import plivo.exceptions
import pytest
import pytest_asyncio

from recordbridge import ids
from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import RATE, Sound, find, hear
from tests.service.calm import Watch
from tests.service.carrier import Call
from tests.service.conftest import Change
from tests.service.sdk import Sdk, sdk
from tests.service.service import (
    ACCOUNT,
    TOKEN,
    Delivered,
    Line,
    Service,
    document,
    signatures,
    true,
)
from tests.service.steps import speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

WAIT = '<GetDigits timeout="60"/>'
"""Answers the call, and stays."""


@pytest.fixture(scope="module")
def change() -> Change:
    """Channels in the dialplan are the account's."""

    def changed(settings: dict[str, Any]) -> None:
        settings["asterisk"][0]["account"] = ACCOUNT

    return changed


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client(service: Service) -> AsyncIterator[Sdk]:
    """Every request that came of its doing is signed as the SDK's own validator wants it."""
    async with sdk(service) as client:
        yield client
    assert signatures(service) > 0


async def calling(line: Line, *elements: str, speaking_s: float = 30) -> tuple[Call, str]:
    """A caller who speaks, and the CallUUID that the application was told."""
    line.answers(*(elements or (WAIT,)))
    call = await line.call([speak(speaking_s)])
    answer = await line.next("answer")
    await call.answered()
    return call, answer.params["CallUUID"]


def record(call_uuid: str, values: dict[str, str], client: Any) -> Any:
    return client.calls.record(call_uuid, **values)


def as_record(values: dict[str, str]) -> dict[str, str]:
    """A REST callback in the words of the other ones."""
    return {
        "RecordingStartMs": values["recording_start_ms"],
        "RecordingEndMs": values["recording_end_ms"],
        "RecordingDurationMs": values["recording_duration_ms"],
        "RecordingDuration": values["recording_duration"],
        "RecordingStoppedMs": values["recording_stopped_ms"],
    }


@pytest.mark.rule("E-1", "E-2", "E-7", "Q-1", "Q-3")
async def test_a_recording_from_start_to_stop(service: Service, watch: Watch, client: Sdk) -> None:
    """Started and stopped by the SDK; the callback is true, signed, and leads to the file."""
    line = service.line()
    call, call_uuid = await calling(line)
    channel = await service.channel(line)
    assert call_uuid == ids.call_uuid("pbx", channel)
    started = await client(
        lambda c: c.calls.record(
            call_uuid,
            time_limit=30,
            file_format="wav",
            callback_url=line.url("callback"),
            callback_method="POST",
        )
    )
    assert started.message == "call recording started"
    assert uuid.UUID(started.api_id)
    await service.kept(started.recording_id, "running")
    await asyncio.sleep(2)
    assert await client(lambda c: c.calls.record_stop(call_uuid)) is None
    request = await line.next("callback")
    told = request.params
    assert request.signed_with(TOKEN)
    assert told["recording_id"] == started.recording_id
    assert (told["api_id"], told["call_uuid"]) == (started.api_id, call_uuid)
    assert told["recording_end_reason"] == "stopped"
    assert json.loads(told["response"]).items() <= told.items()
    assert told["CallStatus"] == "in-progress"
    assert told["record_url"].partition("?")[0] == started.url.partition("?")[0]
    kept = await service.sound(started.url)
    assert 1900 <= kept.ms <= 4000
    assert hear(kept).strange_ms <= watch.inserted_ms()
    true(Delivered(as_record(told), kept))
    assert not call.is_over
    await call.hang_up()


@pytest.mark.rule("E-1")
async def test_stereo_mp3_get_and_its_time_limit(service: Service, client: Sdk) -> None:
    """The other values of the parameters; the callback by GET."""
    line = service.line()
    call, call_uuid = await calling(line)
    started = await client(
        lambda c: c.calls.record(
            call_uuid,
            time_limit=2,
            record_channel_type="stereo",
            callback_url=line.url("callback") + "?mine=1",
            callback_method="GET",
            transcription_type="auto",
            transcription_url=line.url("transcription"),
            transcription_method="POST",
            transcription_report_type="full",
        )
    )
    assert started.url.partition("?")[0].endswith(".mp3")
    request = await line.next("callback")
    assert (request.method, request.params["mine"]) == ("GET", "1")
    assert request.signed_with(TOKEN)
    assert request.params["recording_end_reason"] == "maxLength"
    assert request.params["recording_duration"] == "2"
    words = (await line.next("transcription", 60)).params
    assert words["recording_id"] == started.recording_id
    assert words["error"] == "", "the signal has no words in it, but could be listened to"
    (row,) = service.rows(
        "SELECT channels FROM recordings WHERE recording_id = ?", started.recording_id
    )
    assert row["channels"] == 2
    await call.hang_up()


@pytest.mark.rule("E-1", "E-2", "E-3", "E-5", "H-2")
async def test_the_whole_life_of_a_recording(service: Service, client: Sdk) -> None:
    """Start, pause, resume, stop, list, get, delete, by the unmodified SDK on one real call."""
    line = service.line()
    call, call_uuid = await calling(line)

    def switch(what: str, c: Any) -> Any:
        return c.request("POST", ("Call", call_uuid, "Record", what), {}, is_voice_request=True)

    begun = await client(
        lambda c: c.calls.record(call_uuid, file_format="wav", callback_url=line.url("callback"))
    )
    await service.kept(begun.recording_id, "running")
    await asyncio.sleep(1)
    for what in ("Pause", "Resume"):
        told = await client(functools.partial(switch, what))
        assert told.recording_ids == [begun.recording_id]
        await asyncio.sleep(0.5)
    await client(lambda c: c.calls.record_stop(call_uuid))
    request = await line.next("callback")
    assert request.v3_accepts(TOKEN)
    assert request.params["recording_id"] == begun.recording_id
    listed = await client(lambda c: c.recordings.list(call_uuid=call_uuid))
    assert [each.recording_id for each in listed.objects] == [begun.recording_id]
    got = await client(lambda c: c.recordings.get(begun.recording_id))
    assert got.recording_duration_ms == request.params["recording_duration_ms"] + ".00000"
    assert len(got.pauses) == 1
    assert (await service.get(got.recording_url))[0] == 200
    await client(lambda c: c.recordings.delete(begun.recording_id))
    with pytest.raises(plivo.exceptions.ResourceNotFoundError):
        await client(lambda c: c.recordings.get(begun.recording_id))
    assert (await service.get(got.recording_url))[0] == 410
    await call.hang_up()
    await call.ended()


@pytest.mark.rule("E-1", "E-6", "P-10")
async def test_a_channel_in_the_dialplan(service: Service, client: Sdk) -> None:
    """An echo that no application of ours knows of: found by channel id and by CallUUID."""
    line = service.number("9196")
    call = await line.call([speak(20)])
    await call.answered()
    channel = await service.channel(line)
    values = {
        "file_format": "wav",
        "callback_url": line.url("callback"),
        "record_channel_type": "stereo",
    }
    by_id = await client(lambda c: c.calls.record(channel, **values))
    by_uuid = await client(lambda c: c.calls.record(ids.call_uuid("pbx", channel), **values))
    assert by_id.recording_id != by_uuid.recording_id
    for each in (by_id, by_uuid):
        await service.kept(each.recording_id, "running")
    await asyncio.sleep(2)
    await call.hang_up()
    told = [(await line.next("callback")).params for _ in range(2)]
    assert {each["recording_id"] for each in told} == {by_id.recording_id, by_uuid.recording_id}
    for each in told:
        assert each["recording_end_reason"] == "hangup"
        assert each["CallStatus"] == "completed"
        assert each["call_uuid"] == ids.call_uuid("pbx", channel)
        status, _, data = await service.get(each["record_url"])
        assert status == 200
        caller, far = stereo.read(data)
        assert hear(caller).voice_ms > 1500
        assert hear(far).voice_ms > 1500, "the echo"
    found = await client(lambda c: c.calls.get(ids.call_uuid("pbx", channel)))
    assert (found.to_number, found.call_state) == ("9196", "ANSWER")


@pytest.mark.rule("S-8", "E-2")
async def test_several_at_once_and_one_of_them_stopped_by_its_url(
    service: Service, client: Sdk
) -> None:
    line = service.line()
    call, call_uuid = await calling(line, line.record(recordSession="true", maxLength=60), WAIT)
    begun = []
    for n in range(3):
        values = {"callback_url": line.url(f"rest{n}"), "file_format": "wav"}
        begun.append(await client(functools.partial(record, call_uuid, values)))
    for each in begun:
        await service.kept(each.recording_id, "running")
    await asyncio.sleep(1)
    await client(
        lambda c: c.request(
            "DELETE", ("Call", call_uuid, "Record"), {"URL": begun[1].url}, is_voice_request=True
        )
    )
    assert (await line.next("rest1")).params["recording_id"] == begun[1].recording_id
    assert not line.requests("rest0") + line.requests("rest2")
    await client(lambda c: c.calls.record_stop(call_uuid))
    for n in (0, 2):
        assert (await line.next(f"rest{n}")).params["recording_end_reason"] == "stopped"
    assert not line.requests("callback"), "the session goes on"
    await call.hang_up()
    assert (await line.next("callback")).params["RecordingEndReason"] == "hangup"


def silent_from_to(sound: Sound) -> tuple[float, float]:
    """The longest span of exact zeros, in milliseconds."""
    loud = np.flatnonzero(np.concatenate(([1], sound.samples, [1])))
    gaps = np.diff(loud)
    at = int(gaps.argmax())
    return float(loud[at]) * 1000 / RATE, float(loud[at + 1] - 1) * 1000 / RATE


@pytest.mark.rule("E-5", "P-6", "S-7")
@pytest.mark.parametrize("channels", ["mono", "stereo"])
async def test_a_pause_is_silence_and_the_rest_is_at_its_place(
    service: Service, client: Sdk, channels: str
) -> None:
    line = service.line()
    call, call_uuid = await calling(line)
    started = await client(
        lambda c: c.calls.record(
            call_uuid,
            file_format="wav",
            callback_url=line.url("callback"),
            record_channel_type=channels,
        )
    )
    await service.kept(started.recording_id, "running")

    def switch(what: str) -> Any:
        path = ("Call", call_uuid, "Record", what)
        return client.client.request("POST", path, {}, is_voice_request=True)

    await asyncio.sleep(1.5)
    paused = await asyncio.to_thread(switch, "Pause")
    assert paused.recording_ids == [started.recording_id]
    await asyncio.sleep(2)
    await asyncio.to_thread(switch, "Resume")
    await service.kept(started.recording_id, "running")
    await asyncio.sleep(1.5)
    await client(lambda c: c.calls.record_stop(call_uuid))
    told = (await line.next("callback")).params
    status, _, data = await service.get(told["record_url"])
    assert status == 200
    sound = stereo.read(data)[0] if channels == "stereo" else await service.sound(started.url)
    begin, end = silent_from_to(sound)
    assert 1400 <= begin <= 2600
    assert 1900 <= end - begin <= 2400
    first, second = find(sound, RATE // 2), find(sound, int(end * RATE / 1000) + RATE // 4)
    assert min(first.likeness, second.likeness) > 0.9
    apart = (second.of - first.of) - (second.at - first.at)
    assert abs(apart) * 1000 / RATE <= 60, "what follows the pause is not at its place"
    assert abs(int(told["recording_duration_ms"]) - sound.ms) <= 1
    listed = await client(lambda c: c.recordings.get(started.recording_id))
    assert len(listed.pauses) == 1
    assert 1900 <= listed.pauses[0].end_ms - listed.pauses[0].start_ms <= 2400
    await call.hang_up()


@pytest.mark.rule("E-1", "E-2", "E-5", "E-6")
async def test_what_is_not_there_is_404_and_what_is_wrong_400(
    service: Service, client: Sdk
) -> None:
    line = service.line()
    call, call_uuid = await calling(line)
    missing = plivo.exceptions.ResourceNotFoundError
    for do in (
        lambda c: c.calls.record(str(uuid.uuid4())),
        lambda c: c.calls.record("no-such-channel"),
        lambda c: c.calls.record_stop(str(uuid.uuid4())),
        lambda c: c.calls.hangup(str(uuid.uuid4())),
        lambda c: c.recordings.get(str(uuid.uuid4())),
        lambda c: c.recordings.delete(str(uuid.uuid4())),
        lambda c: c.request(
            "POST", ("Call", call_uuid, "Record", "Pause"), {}, is_voice_request=True
        ),
    ):
        with pytest.raises(missing):
            await client(do)
    with pytest.raises(plivo.exceptions.ValidationError, match="time_limit must be a whole number"):
        await client(lambda c: c.calls.record(call_uuid, time_limit=0))
    with pytest.raises(plivo.exceptions.ValidationError, match="file_format must be mp3 or wav"):
        await client(lambda c: c.calls.record(call_uuid, file_format="ogg"))
    await client(lambda c: c.calls.record_stop(call_uuid))
    await call.hang_up()


@pytest.mark.rule("E-5", "F-6")
async def test_a_call_is_moved_to_another_document_and_hung_up(
    service: Service, client: Sdk
) -> None:
    line = service.line()
    call, call_uuid = await calling(line)
    line.script("elsewhere", Reply(body=document(line.record(maxLength=2), WAIT)))
    moved = await client(
        lambda c: c.calls.transfer(call_uuid, legs="aleg", aleg_url=line.url("elsewhere"))
    )
    assert moved.message == "call transferred"
    asked = await line.next("elsewhere")
    assert asked.signed_with(TOKEN)
    assert (await line.next("callback")).params["RecordingEndReason"] == "maxLength"
    live = await client(lambda c: c.live_calls.list_ids())
    assert call_uuid in live.calls
    one = await client(lambda c: c.live_calls.get(call_uuid))
    assert (one.call_status, one.to) == ("in-progress", line.number)
    await client(lambda c: c.calls.hangup(call_uuid))
    ended = (await line.next("hangup")).params
    assert ended["HangupSource"] == "API Request"
    await call.ended()
    over = await client(lambda c: c.calls.get(call_uuid))
    assert (over.hangup_source, over.hangup_cause_code) == ("API Request", 4000)
    assert over.bill_duration >= 1


@pytest.mark.rule("E-5", "F-6")
async def test_a_transfer_to_nowhere_hangs_up(service: Service, client: Sdk) -> None:
    line = service.line()
    call, call_uuid = await calling(line)
    line.script("elsewhere", Reply(status=404))
    await client(lambda c: c.calls.transfer(call_uuid, legs="aleg", aleg_url=line.url("elsewhere")))
    assert (await line.next("hangup")).params["HangupCauseCode"] == "7013"
    await call.ended()
