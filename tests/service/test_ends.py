"""How plain recordings end, and what of the end is in the file (P-4 to P-7, P-10, P-11)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service.audio import FRAME, RATE, find, hear
from tests.service.service import Service, true
from tests.service.steps import Step, hang_up, mute, press, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TORN = 0.6
"""A window into which a busy Asterisk inserted a frame is at least that like the known signal;
any other sound is less than 0.2 like it."""
TAIL_MS = 200
"""P-6: how much of the silence that ended a recording may be kept."""


@pytest.mark.rule("P-4", "P-7", "A-9", "D-9", "D-21")
async def test_a_key_ends_it_and_cannot_be_heard(service: Service) -> None:
    """Talk stops when the key goes down; neither a tone nor anything after it is in the file."""
    line = service.line()
    line.answers(line.record())
    call = await line.call([speak(1), press("#", down_ms=300), speak(3)])
    action = (await line.next("action")).params
    delivered = await line.delivered()
    heard = hear(delivered.sound)
    assert heard.voice_ms >= 900
    assert heard.strange_ms <= 40, "something other than the caller's voice"
    assert delivered.sound.silent_tail_ms() <= 100
    assert (action["Digits"], action["RecordingEndReason"]) == ("#", "finishOnKey")
    assert "Digits" not in delivered.callback
    true(delivered)
    await call.ended()


@pytest.mark.rule("P-7", "A-9")
@pytest.mark.parametrize(
    ("keys", "pressed", "digits"),
    [("12#", "52", "2"), ("*", "#9*", "*"), ("0123456789", "#7", "7")],
)
async def test_only_keys_of_the_set_end_it(
    service: Service, keys: str, pressed: str, digits: str
) -> None:
    line = service.line()
    line.answers(line.record(finishOnKey=keys))
    call = await line.call([speak(0.5), press(pressed[:-1]), speak(0.5), press(pressed[-1])])
    action = (await line.next("action")).params
    assert (action["Digits"], action["RecordingEndReason"]) == (digits, "finishOnKey")
    assert (await line.delivered()).sound.ms > 1000
    await call.ended()


@pytest.mark.rule("P-7", "A-9")
@pytest.mark.parametrize("keys", ["none", ""])
async def test_without_keys_none_ends_it(service: Service, keys: str) -> None:
    line = service.line()
    line.answers(line.record(finishOnKey=keys))
    call = await line.call([speak(0.3), press("#1*"), speak(0.3), hang_up()])
    action = (await line.next("action")).params
    assert action["RecordingEndReason"] == "hangup"
    assert "Digits" not in action
    await call.ended()


@pytest.mark.rule("P-4", "P-5", "P-6", "D-6")
@pytest.mark.parametrize("quiet", [silence(30), mute(0)], ids=["silence", "no RTP"])
async def test_silence_ends_it_and_is_trimmed(service: Service, quiet: Step) -> None:
    """A second of talk, then `timeout` of silence, with and without RTP."""
    line = service.line()
    line.answers(line.record(timeout=2))
    call = await line.call([speak(1), quiet])
    delivered = await line.delivered()
    assert hear(delivered.sound).voice_ms >= 900
    tail = delivered.sound.silent_tail_ms()
    assert tail <= TAIL_MS + 20
    assert delivered.callback["RecordingEndReason"] == "silence"
    stopped = int(delivered.callback["RecordingStoppedMs"]) - call.spoke_at[0]
    assert 3000 - 100 <= stopped <= 3000 + 400
    true(delivered)
    await call.ended()


@pytest.mark.rule("P-5")
@pytest.mark.parametrize("pause", [silence(1.4), mute(1.4)], ids=["silence", "no RTP"])
async def test_talking_restarts_the_silence(service: Service, pause: Step) -> None:
    """Two pauses shorter than `timeout` stay in the file; time without RTP is time."""
    line = service.line()
    line.answers(line.record(timeout=2))
    call = await line.call([speak(0.6), pause, speak(0.6, 10), pause, speak(0.6, 20)])
    delivered = await line.delivered()
    assert delivered.callback["RecordingEndReason"] == "silence"
    for number, at in enumerate(call.spoke_at):
        since = (at - int(delivered.callback["RecordingStartMs"])) * RATE // 1000
        place = find(delivered.sound, since + RATE // 10, RATE // 4)
        assert place.likeness > TORN
        assert abs(place.of - (number * 10 * RATE + RATE // 10)) <= 10 * FRAME  # a busy machine
    assert delivered.sound.silent_tail_ms() <= TAIL_MS + 20
    await call.ended()


@pytest.mark.rule("P-5", "P-11")
@pytest.mark.parametrize("quiet", [silence(30), mute(0)], ids=["silence", "no RTP"])
async def test_silence_counts_from_the_start(service: Service, quiet: Step) -> None:
    """A caller who never says a word: at most 200 ms remain."""
    line = service.line()
    line.answers(line.record(timeout=2))
    call = await line.call([quiet])
    delivered = await line.delivered()
    assert delivered.callback["RecordingEndReason"] == "silence"
    assert delivered.sound.ms <= TAIL_MS
    stopped = int(delivered.callback["RecordingStoppedMs"]) - await call.answered()
    assert 2000 - 100 <= stopped <= 2000 + 400
    true(delivered)
    await call.ended()


@pytest.mark.rule("P-6")
async def test_no_other_end_trims(service: Service) -> None:
    """Half a second of talk and one of silence, then a key, a hangup, and `maxLength`."""
    ends = {"finishOnKey": press("#"), "hangup": hang_up(), "maxLength": silence(30)}
    lines = {reason: service.line() for reason in ends}
    for line in lines.values():
        line.answers(line.record(maxLength=2))
    calls = [
        await lines[reason].call([speak(0.5), silence(1), end]) for reason, end in ends.items()
    ]
    for reason, line in lines.items():
        delivered = await line.delivered()
        assert delivered.callback["RecordingEndReason"] == reason
        assert delivered.sound.silent_tail_ms() >= 900
        true(delivered)
    await asyncio.gather(*(call.ended() for call in calls))


@pytest.mark.rule("P-4", "P-10")
async def test_a_hangup_ends_it_and_the_file_is_kept(service: Service) -> None:
    """`action` tells it; its reply, a document here, is ignored."""
    line = service.line()
    line.answers(line.record(redirect="true"))
    next_document = f"<Response><Redirect>{line.url('never')}</Redirect></Response>"
    line.script("action", Reply(body=next_document))
    call = await line.call([speak(1), hang_up()])
    action = (await line.next("action")).params
    delivered = await line.delivered()
    assert action["RecordingEndReason"] == "hangup"
    assert action["CallStatus"] == "completed"
    assert action["HangupCause"] == "NORMAL_CLEARING"
    assert action["HangupSource"] == "Caller"
    assert hear(delivered.sound).voice_ms >= 900
    true(delivered)
    await line.next("hangup")
    await call.ended()
    assert not line.requests("never")


@pytest.mark.rule("P-11")
@pytest.mark.parametrize("file_format", ["wav", "mp3"])
async def test_a_hangup_during_the_beep_leaves_an_empty_recording(
    service: Service, file_format: str
) -> None:
    line = service.line()
    line.answers(line.record(playBeep="true", fileFormat=file_format))
    call = await line.call([mute(0.2), hang_up()])
    action = (await line.next("action")).params
    delivered = await line.delivered()
    assert action["RecordingDurationMs"] == action["RecordingDuration"] == "0"
    assert action["RecordingStartMs"] == action["RecordingEndMs"]
    assert abs(int(action["RecordingStartMs"]) - (await call.ended()).at) < 1000
    assert action["RecordingEndReason"] == "hangup"
    assert action["RecordingID"] == delivered.callback["RecordingID"]
    most = 0 if file_format == "wav" else 2 * 1152
    assert len(delivered.sound.samples) <= most
