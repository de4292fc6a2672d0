"""FastAGI over real SIP and RTP: recordings of calls that stay in the dialplan (G-1 to G-4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from recordbridge import ids
from tests.service.audio import FRAME, find, hear
from tests.service.calm import Watch
from tests.service.conftest import Change
from tests.service.dialplan import Dialplan
from tests.service.program import free_port
from tests.service.service import Service, true
from tests.service.steps import hang_up, mute, press, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PORT = free_port()


@pytest.fixture(scope="module")
def change() -> Change:
    def changed(settings: dict[str, Any]) -> None:
        settings["agi"] = {"listen": f"127.0.0.1:{PORT}"}

    return changed


@pytest.fixture
def dialplan(service: Service) -> Dialplan:
    return Dialplan(service, PORT)


@pytest.mark.rule("G-1", "G-2", "P-7", "P-10", "Q-1", "A-9")
async def test_a_key_ends_it_and_the_dialplan_has_the_true_values(
    service: Service, dialplan: Dialplan
) -> None:
    line = service.line()
    call = await dialplan.call(
        line, [speak(2), press("5"), speak(1, 2), press("*")], finishOnKey="*#"
    )
    told = await dialplan.told(line)
    kept = await line.delivered()
    action = await line.next("action")
    assert (told.agi_status, told.status) == ("SUCCESS", "DONE")
    assert (told.reason, told.digits) == ("finishOnKey", "*")
    assert told.recording_id == kept.callback["RecordingID"] == action.params["RecordingID"]
    assert told.duration_ms == kept.callback["RecordingDurationMs"]
    assert (await service.sound(told.url)).ms == kept.sound.ms
    assert action.params["Digits"] == "*"
    assert action.params["Event"] == "Record"
    assert action.params["From"] == "15551230001"
    assert action.params["To"] == line.number
    assert 2900 <= kept.sound.ms <= 3600
    true(kept)
    assert not call.is_over, "the dialplan keeps the call"
    await call.hang_up()
    assert not line.requests("hangup"), "its end is the dialplan's"


@pytest.mark.rule("G-1", "P-1", "X-2")
async def test_without_a_beep_it_is_answered_and_not_a_word_is_lost(
    service: Service, dialplan: Dialplan
) -> None:
    line = service.line()
    call = await dialplan.call(line, [speak(3)], maxLength=2)
    told = await dialplan.told(line)
    kept = await line.delivered()
    assert (told.status, told.reason) == ("DONE", "maxLength")
    assert 1980 <= kept.sound.ms <= 2000
    place = find(kept.sound, 2 * FRAME, 800)
    assert -place.wanted_at <= FRAME, "the caller's first word is not in the file"
    assert abs(int(kept.callback["RecordingStartMs"]) - await call.answered()) <= 50
    true(kept)
    await call.hang_up()


@pytest.mark.rule("G-1", "P-2")
async def test_the_beep_is_heard_and_not_recorded(
    service: Service, watch: Watch, dialplan: Dialplan
) -> None:
    line = service.line()
    call = await dialplan.call(line, [speak(60)], playBeep="true", maxLength=2)
    await dialplan.told(line)
    kept = await line.delivered()
    began = int(kept.callback["RecordingStartMs"]) - await call.answered()
    assert 400 <= began <= 700, "a beep of 425 ms comes first"
    assert hear(kept.sound).strange_ms <= watch.inserted_ms()
    await call.hang_up()


@pytest.mark.rule("G-1", "P-5", "P-6")
@pytest.mark.parametrize("quiet", [silence, mute])
async def test_silence_ends_it(service: Service, dialplan: Dialplan, quiet: Any) -> None:
    line = service.line()
    call = await dialplan.call(line, [speak(2), quiet(20)], timeout=2, maxLength=20)
    told = await dialplan.told(line)
    kept = await line.delivered()
    assert (told.status, told.reason) == ("DONE", "silence")
    assert 1900 <= kept.sound.ms <= 2600
    true(kept)
    await call.hang_up()


@pytest.mark.rule("G-1", "P-10")
async def test_a_hangup_ends_it_and_the_file_is_kept(service: Service, dialplan: Dialplan) -> None:
    line = service.line()
    call = await dialplan.call(line, [speak(2), hang_up()], maxLength=20)
    kept = await line.delivered()
    ended = await call.ended()
    action = await line.next("action")
    assert kept.callback["RecordingEndReason"] == "hangup"
    assert action.params["CallStatus"] == "completed"
    assert action.params["HangupCause"] == "NORMAL_CLEARING"
    assert abs(int(kept.callback["RecordingEndMs"]) - ended.at) <= 100
    true(kept)


@pytest.mark.rule("G-1", "S-1", "S-5", "S-6", "S-7")
async def test_a_session_runs_beside_the_dialplan(service: Service, dialplan: Dialplan) -> None:
    line = service.line()
    call = await dialplan.call(
        line, [speak(3), hang_up()], recordSession="true", recordChannelType="mono", maxLength=20
    )
    told = await dialplan.told(line, 3)
    assert (told.status, told.duration_ms, told.reason) == ("STARTED", "-1", "")
    action = await line.next("action")
    assert action.params["RecordingDuration"] == "-1"
    kept = await line.delivered()
    await call.ended()
    assert kept.callback["RecordingID"] == told.recording_id
    assert told.url.partition("?")[0] == kept.callback["RecordUrl"].partition("?")[0]
    assert kept.callback["RecordingEndReason"] == "hangup"
    assert 2900 <= kept.sound.ms <= 3400
    true(kept)


@pytest.mark.rule("G-3")
@pytest.mark.parametrize(
    "arguments",
    ["maxLength=1", "nonsense", "maxLength=5,maxLength=6", "application=nobody", "asterisk=other"],
)
async def test_wrong_arguments_are_told_and_the_dialplan_goes_on(
    service: Service, dialplan: Dialplan, arguments: str
) -> None:
    line = service.line()
    since = len(service.program.log)
    call = await dialplan.call_with(line, [silence(60)], arguments)
    told = await dialplan.told(line, 5)
    assert (told.agi_status, told.status) == ("SUCCESS", "ERROR")
    assert (told.recording_id, told.url) == ("", "")
    said = await service.program.said("agi_arguments_wrong", since=since)
    assert arguments.rpartition(",")[2].partition("=")[0] in said["reason"]
    await call.hang_up()


@pytest.mark.rule("E-7", "G-1")
async def test_it_is_the_same_call_for_rest(service: Service, dialplan: Dialplan) -> None:
    """CallUUID is of the channel, whatever door it came in by."""
    line = service.line()
    call = await dialplan.call(line, [speak(5)], recordSession="true", maxLength=20)
    told = await dialplan.told(line)
    channel = await service.channel(line)
    action = await line.next("action")
    assert action.params["CallUUID"] == ids.call_uuid("pbx", channel)
    (row,) = service.rows("SELECT * FROM recordings WHERE recording_id = ?", told.recording_id)
    assert row["call_uuid"] == action.params["CallUUID"]
    await asyncio.gather(call.hang_up(), line.next("callback"))
