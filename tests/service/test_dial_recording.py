"""startOnDialAnswer and both flags over real SIP and RTP (S-2, S-3, S-9, S-7)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import RATE, find, hear
from tests.service.callees import Callees
from tests.service.calm import Watch
from tests.service.service import Line, Service, document, true
from tests.service.sounds import play
from tests.service.steps import press, silence, speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LOST_MS = 60
"""S-9: how much of the far side's first word may be missing."""
BUSY = 17


def armed(line: Line, **attributes: object) -> str:
    values: dict[str, object] = {"startOnDialAnswer": "true", "maxLength": 20}
    return line.record(**(values | attributes))


@pytest.mark.rule("S-2", "S-7", "S-9", "A-11", "A-12", "D-11")
async def test_it_records_both_from_the_answer_to_the_end_of_the_dial(
    service: Service, watch: Watch
) -> None:
    """A prompt before and one after are not in it; the callee speaks from the very answer on."""
    line = service.line()
    line.answers(
        armed(line),
        play(line, "before", 0.5, 50),
        dial(line, "15551230009", timeLimit=3),
        play(line, "after", 0.5, 55),
    )
    call = await line.call([speak(10)])
    assert (await line.next("answer")).params["CallStatus"] == "ringing"
    kept = await stereo.delivered(line)
    dialled = await line.next("dialled")
    await call.ended()
    assert kept.callback["RecordingEndReason"] == "dialEnded"
    assert abs(int(kept.callback["RecordingEndMs"]) - dialled.at) <= 300
    assert 2900 <= kept.far.ms <= 3300
    place = find(kept.far, LOST_MS * RATE // 1000, 800)
    assert place.likeness > 0.6, "not the callee"
    assert -place.wanted_at <= LOST_MS * RATE // 1000, "the callee's first word is not in the file"
    heard = hear(kept.far)
    assert heard.strange_ms <= watch.inserted_ms()
    assert all(of < 10 * RATE for _, of in stereo.places(kept.far)), "a prompt is in it"
    assert hear(kept.caller).voice_ms >= kept.caller.ms - 100
    true(kept.side)


@pytest.mark.rule("S-2", "S-9")
async def test_an_unanswered_caller_loses_nothing_either(service: Service) -> None:
    """The caller is answered with the callee: it speaks from its answer on."""
    lines = [service.line() for _ in range(3)]
    for line in lines:
        line.answers(armed(line, maxLength=2), dial(line, "15551230009", timeLimit=3))
    calls = [await line.call("markers") for line in lines]
    found = await asyncio.gather(*(stereo.delivered(line) for line in lines))
    for kept in found:
        for side in (kept.caller, kept.far):
            place = find(side, LOST_MS * RATE // 1000, 800)
            assert place.likeness > 0.6
            assert -place.wanted_at <= LOST_MS * RATE // 1000
        assert kept.callback["RecordingEndReason"] == "maxLength"
        true(kept.side)
    for call in calls:
        await call.hang_up()
        await call.ended()


@pytest.mark.rule("S-7")
async def test_both_sides_are_aligned(service: Service) -> None:
    """What each began to play at a known instant stands in the file at that instant."""
    line = service.line()
    line.answers(armed(line), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(0.7), speak(3)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(3)
        await callee.hang_up()
        kept = await stereo.delivered(line)
        await call.ended()
    said_ms = callee.spoke_at[0] - call.spoke_at[0]
    lags = stereo.lags_ms(kept, every=RATE // 2)
    assert len(lags) >= 2
    assert all(abs(lag - said_ms) <= 60 for lag in lags), (lags, said_ms)
    assert max(lags) - min(lags) <= 40, lags


@pytest.mark.rule("S-2", "F-4")
async def test_it_begins_when_the_callee_has_confirmed(service: Service) -> None:
    """What the callee said before is not in the file; the initial request comes after the key."""
    line = service.line()
    line.answers(armed(line), dial(line, number(line), confirmKey="5"))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(10)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        assert not call.is_answered
        assert not line.requests("action")
        await callee.press("5")
        action = await line.next("action")
        await callee.speak(1.5, 60)
        await callee.hang_up()
        kept = await stereo.delivered(line)
        await call.ended()
    assert abs(int(kept.callback["RecordingStartMs"]) - action.at) <= 500
    seconds = {of // RATE for _, of in stereo.places(kept.far, RATE // 4)}
    assert seconds <= {59, 60, 61}, "what was said before the key is in it"
    assert 60 in seconds
    assert kept.callback["RecordingEndReason"] == "dialEnded"


@pytest.mark.rule("S-2")
async def test_a_dial_in_a_later_document_is_the_next_one(service: Service) -> None:
    line = service.line()
    line.answers(armed(line), f"<Redirect>{line.url('later')}</Redirect>")
    inside = document("<Wait length='1'/>", dial(line, number(line)))
    line.script("later", Reply(body=inside))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(3)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(1, 40)
        await callee.hang_up()
        kept = await stereo.delivered(line)
        await call.ended()
    assert hear(kept.far).voice_ms >= 800
    assert kept.callback["RecordingEndReason"] == "dialEnded"


@pytest.mark.rule("S-2")
@pytest.mark.parametrize("both", ["false", "true"], ids=["dial", "both flags"])
async def test_a_dial_that_nobody_answers_uses_it_up(service: Service, both: str) -> None:
    """The Dial after it is answered, and not recorded; nothing is requested."""
    line = service.line()
    line.answers(
        armed(line, recordSession=both), dial(line, number(line)), dial(line, number(line, 1))
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(2)])
        await (await callees.next(number(line))).reject(BUSY)
        callee = await callees.next(number(line, 1))
        await callee.answer()
        await callee.speak(0.7, 40)
        await callee.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "busy"
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        uuid = (await line.next("hangup")).params["CallUUID"]
        await call.ended()
    assert not line.requests("action")
    assert not line.requests("callback")
    assert not service.rows("SELECT * FROM recordings WHERE call_uuid = ?", uuid)


@pytest.mark.rule("S-3")
async def test_both_flags_record_from_the_answer_until_the_hangup(service: Service) -> None:
    """Nothing before the answer; the prompt after the Dial is in it."""
    line = service.line()
    line.answers(
        armed(line, recordSession="true"),
        play(line, "before", 0.5, 50),
        dial(line, number(line)),
        play(line, "after", 1, 60),
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        callee = await callees.next(number(line))
        await call.answered()
        assert not line.requests("action")
        await callee.answer()
        await callee.speak(1, 40)
        await callee.hang_up()
        kept = await stereo.delivered(line)
        await call.ended()
    assert kept.callback["RecordingEndReason"] == "hangup"
    seconds = {round(of / RATE) for _, of in stereo.places(kept.far, RATE // 4)}
    assert {40, 41} & seconds
    assert {60, 61} & seconds
    assert not {50, 51} & seconds
    true(kept.side)


@pytest.mark.rule("S-2", "S-8", "S-5")
async def test_a_session_and_a_dial_recording_at_once(service: Service) -> None:
    """Two armed and one session: each has its own file; those of the Dial end with it."""
    line = service.line()
    line.answers(
        line.record(recordSession="true", maxLength=20, callbackUrl=line.url("session")),
        armed(line),
        armed(line, recordChannelType="mono", callbackUrl=line.url("mixed")),
        dial(line, number(line)),
        "<Wait length='1'/>",
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        callee = await callees.next(number(line))
        await asyncio.sleep(0.5)
        await callee.answer()
        await callee.speak(1, 40)
        await callee.hang_up()
        kept = await stereo.delivered(line)
        mixed = (await line.next("mixed")).params
        session = await stereo.delivered(line, "session")
        await call.ended()
    assert kept.callback["RecordingEndReason"] == mixed["RecordingEndReason"] == "dialEnded"
    assert session.callback["RecordingEndReason"] == "hangup"
    assert session.caller.ms >= kept.caller.ms + 1000
    assert len({session.callback["RecordingID"], mixed["RecordingID"]}) == 2
    assert len(line.requests("action")) == 3
    assert abs((await service.sound(mixed["RecordUrl"])).ms - kept.caller.ms) <= 100


@pytest.mark.rule("S-4", "S-2")
async def test_keys_and_silence_mean_nothing_to_it(service: Service) -> None:
    line = service.line()
    line.answers(armed(line, timeout=1, finishOnKey="1", playBeep="true"), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(0.3), press("1"), silence(30)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.silence(2.5)
        assert (await callee.keys(1)) == "1", "keys go through"
        await callee.hang_up()
        kept = await stereo.delivered(line)
        await call.ended()
    assert kept.callback["RecordingEndReason"] == "dialEnded"
    assert kept.caller.ms >= 2400
