"""Stereo recordings of which there is nothing, or one side only, on a real Asterisk (P-11, Q-2)."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import miniaudio
import pytest

from recordbridge import ids
from tests.service import stereo
from tests.service.audio import hear
from tests.service.service import Service, true
from tests.service.steps import mute, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

ONE_ENCODER_FRAME = 1152


def channels(data: bytes, file_format: str) -> tuple[int, int]:
    """How many channels and samples a file has."""
    if file_format == "mp3":
        return miniaudio.mp3_get_info(data).nchannels, miniaudio.mp3_read_s16(data).num_frames
    with wave.open(io.BytesIO(data)) as file:
        return file.getnchannels(), file.getnframes()


@pytest.mark.rule("P-11", "A-4", "A-12", "Q-3")
@pytest.mark.parametrize("file_format", ["wav", "mp3"])
async def test_nothing_recorded_in_stereo_has_two_channels(
    service: Service, file_format: str
) -> None:
    """The caller hangs up while the beep plays: a file of no samples, for two sides."""
    line = service.line()
    line.answers(line.record(playBeep="true", recordChannelType="stereo", fileFormat=file_format))
    call = await line.call([mute(60)])
    await call.answered()
    await call.hang_up()
    callback = (await line.next("callback")).params
    assert (callback["RecordingEndReason"], callback["RecordingDurationMs"]) == ("hangup", "0")
    status, _, data = await service.get(callback["RecordUrl"])
    assert status == 200
    sides, samples = channels(data, file_format)
    assert sides == 2
    assert samples <= (ONE_ENCODER_FRAME if file_format == "mp3" else 0)
    await call.ended()


@pytest.mark.rule("Q-2", "Q-3")
@pytest.mark.parametrize("missing", [1, 2], ids=["caller", "far side"])
async def test_one_side_that_asterisk_will_not_record(service: Service, missing: int) -> None:
    """A file of that name is in its way: the other side is saved, and all of it is said."""
    line = service.line()
    line.answers(
        "<GetDigits timeout='2'/>", line.record(recordSession="true"), "<Wait length='2'/>"
    )
    call = await line.call([speak(20)])
    await call.answered()
    number = ids.call_uuid("pbx", await service.channel(line))
    name = ids.object_id(number, "rec", missing)
    (Path(service.rig["RIG_RECORDINGS"]) / f"{name}.wav").write_bytes(b"in the way")
    action = (await line.next("action")).params
    kept = await stereo.delivered(line)
    assert action["RecordingEndReason"] == kept.callback["RecordingEndReason"] == "failed"
    assert action["RecordingDurationMs"] == kept.callback["RecordingDurationMs"] != "-1"
    assert "before it had begun" in kept.callback["RecordingError"]
    assert kept.callback["CallStatus"] == "in-progress", "the call goes on"
    silent, spoken = (kept.caller, kept.far) if missing == 1 else (kept.far, kept.caller)
    assert 200 <= spoken.ms <= 2000
    assert silent.ms == spoken.ms
    assert hear(silent).voice_ms == 0
    if missing == 2:
        assert hear(spoken).voice_ms >= 150
    true(kept.side)
    await call.ended()


@pytest.mark.rule("P-4", "P-5", "A-12")
async def test_the_far_side_s_silence_ends_nothing(service: Service) -> None:
    """In stereo too the silence is the caller's: nothing is played to one who talks for long."""
    line = service.line()
    line.answers(line.record(recordChannelType="stereo", timeout=1, maxLength=9))
    call = await line.call([speak(12)])
    kept = await stereo.delivered(line)
    assert kept.callback["RecordingEndReason"] == "maxLength"
    assert kept.caller.ms == kept.far.ms == 9000
    assert hear(kept.caller).voice_ms >= 8800
    await call.ended()
