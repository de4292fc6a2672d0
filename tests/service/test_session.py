"""recordSession over real SIP and RTP: what is in the file, for how long (S-1, S-4, S-8)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import FRAME, RATE, Sound, find, hear
from tests.service.callees import Callees
from tests.service.calm import Watch
from tests.service.service import Service, document, true
from tests.service.sounds import play
from tests.service.steps import hang_up, mute, press, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SESSION = {"recordSession": "true", "maxLength": 20}
PROMPT_S = 30.0
"""Where in the known signal the prompts stand; callers speak its beginning."""


def signal_of(sound: Sound, at: int = RATE) -> float:
    """What second of the known signal stands at that place."""
    place = find(sound, at)
    assert place.likeness > 0.95, place
    return place.of / RATE


def spoken(sound: Sound) -> list[float]:
    """The seconds of the known signal that can be heard in it, in their order."""
    return [of / RATE for _, of in stereo.places(sound, RATE // 4)]


@pytest.mark.rule("S-1", "S-7", "A-10", "A-12", "P-1", "D-10")
async def test_both_sides_are_recorded_from_the_answer_on(service: Service, watch: Watch) -> None:
    """The caller talks all the time, a prompt is played: it runs beside, and is on the right."""
    line = service.line()
    line.answers(line.record(**SESSION), play(line, "prompt", 2), "<Wait length='60'/>")
    call = await line.call([speak(4), hang_up()])
    kept = await stereo.delivered(line)
    await call.ended()
    place = find(kept.caller, 2 * FRAME, 800)
    assert place.likeness > 0.99
    assert -place.wanted_at <= FRAME, "the caller's first word is not in the file"
    assert hear(kept.caller).strange_ms <= watch.inserted_ms()
    heard = hear(kept.far)
    assert 1900 <= heard.voice_ms <= 2020
    assert heard.strange_ms <= watch.inserted_ms()
    assert {round(each) for each in spoken(kept.far)} <= {30, 31, 32}
    assert 4000 - 200 <= kept.caller.ms <= 4000 + 400
    assert kept.callback["RecordingEndReason"] == "hangup"
    assert abs(int(kept.callback["RecordingStartMs"]) - await call.answered()) <= 50
    true(kept.side)


@pytest.mark.rule("S-1", "S-7", "A-12")
async def test_mono_holds_both_sides_mixed(service: Service, watch: Watch) -> None:
    """A prompt, then the caller, both in one channel."""
    line = service.line()
    line.answers(
        line.record(**SESSION, recordChannelType="mono"),
        play(line, "prompt", 1.5),
        "<Wait length='60'/>",
    )
    call = await line.call([silence(2), speak(1.5, 5), hang_up()])
    kept = await line.delivered()
    await call.ended()
    heard = hear(kept.sound)
    assert 2 * 1400 <= heard.voice_ms <= 2 * 1520
    assert heard.strange_ms <= watch.inserted_ms()
    whose = ["prompt" if each > PROMPT_S / 2 else "caller" for each in spoken(kept.sound)]
    assert set(whose) == {"prompt", "caller"}
    assert whose == sorted(whose, reverse=True), "the prompt comes first"
    true(kept)


@pytest.mark.rule("S-1", "S-8", "A-12", "P-3")
async def test_it_goes_on_through_plain_recordings_and_documents(
    service: Service, watch: Watch
) -> None:
    """A plain Record in the same document and one in the next have files of their own."""
    line = service.line()
    plain = {"maxLength": 2, "action": None}
    line.answers(
        line.record(**SESSION),
        line.record(**plain, callbackUrl=line.url("first")),
        f"<Redirect>{line.url('next')}</Redirect>",
    )
    second = line.record(**plain, callbackUrl=line.url("second"))
    line.script("next", Reply(body=document(play(line, "prompt", 1), second)))
    call = await line.call([speak(20)])
    session = await stereo.delivered(line)
    await call.ended()
    ids = {session.callback["RecordingID"]}
    for name in ("first", "second"):
        callback = (await line.next(name)).params
        sound = await service.sound(callback["RecordUrl"])
        assert 1980 <= sound.ms <= 2000
        assert hear(sound).strange_ms <= watch.inserted_ms()
        ids.add(callback["RecordingID"])
        later_ms = int(callback["RecordingStartMs"]) - int(session.callback["RecordingStartMs"])
        there = later_ms * RATE // 1000
        apart = signal_of(sound) - signal_of(session.caller, there + RATE)
        assert abs(apart) <= 0.06, "the same instant is at different places"
    assert len(ids) == 3
    assert 900 <= hear(session.far).voice_ms <= 1020
    assert 5000 <= session.caller.ms <= 8000
    assert session.callback["RecordingEndReason"] == "hangup"


@pytest.mark.rule("S-1", "P-6")
async def test_max_length_ends_it_and_the_call_goes_on(service: Service) -> None:
    line = service.line()
    line.answers(line.record(recordSession="true", maxLength=2), "<Wait length='4'/>")
    call = await line.call("markers")
    kept = await stereo.delivered(line)
    assert not call.is_over
    assert kept.callback["CallStatus"] == "in-progress"
    assert 1980 <= kept.caller.ms <= 2000
    assert kept.callback["RecordingEndReason"] == "maxLength"
    true(kept.side)
    ended = await call.ended()
    assert ended.at - await call.answered() >= 4000


@pytest.mark.rule("S-4", "D-30")
async def test_silence_keys_and_the_beep_mean_nothing_to_it(service: Service) -> None:
    line = service.line()
    line.answers(
        line.record(**SESSION, timeout=1, finishOnKey="#1", playBeep="true"),
        "<Wait length='60'/>",
    )
    call = await line.call([mute(0.2), silence(2.2), press("#1"), mute(0.5), hang_up()])
    await call.answered()
    ear = await call.listen()
    kept = await stereo.delivered(line)
    await call.ended()
    assert kept.callback["RecordingEndReason"] == "hangup"
    assert kept.caller.ms >= 2900
    heard = await ear.heard()
    assert heard.ms >= 2000
    assert (heard.levels() < 100).all(), "the caller heard something"


@pytest.mark.rule("S-1", "S-8")
async def test_a_recording_of_each_kind_runs_at_once(service: Service) -> None:
    """Two sessions, one mono and one stereo, with files and requests of their own."""
    line = service.line()
    line.answers(
        line.record(**SESSION, action=None),
        line.record(
            **SESSION, recordChannelType="mono", action=None, callbackUrl=line.url("mixed")
        ),
        "<Wait length='60'/>",
    )
    call = await line.call([speak(2), hang_up()])
    kept = await stereo.delivered(line)
    mixed = (await line.next("mixed")).params
    await call.ended()
    assert mixed["RecordingID"] != kept.callback["RecordingID"]
    sound = await service.sound(mixed["RecordUrl"])
    assert hear(sound).voice_ms >= 1900
    assert hear(kept.caller).voice_ms >= 1900


@pytest.mark.rule("S-1", "S-7", "S-9", "A-7", "A-12", "D-4")
async def test_a_long_conversation_stays_aligned_and_ends_after_the_default_minute(
    service: Service,
) -> None:
    """70 s of talk on both sides; the lag between them is the same in every second."""
    line = service.line()
    line.answers(
        line.record(recordSession="true"),
        "<Dial><Number>15551230009</Number></Dial>",
    )
    call = await line.call("markers")
    kept = await stereo.delivered(line, timeout=70)
    assert not call.is_over
    assert kept.callback["RecordingEndReason"] == "maxLength"
    assert 59_000 <= kept.caller.ms <= 60_000
    true(kept.side)
    lags = stereo.lags_ms(kept)
    assert len(lags) > 20, "hardly anything was found"
    middle = sorted(lags)[len(lags) // 2]
    assert max(abs(lag - middle) for lag in lags) <= 40, lags
    assert abs(middle) <= 60
    await call.hang_up()
    await call.ended()


@pytest.mark.rule("S-1", "S-3", "F-4")
async def test_it_goes_on_through_a_dial(service: Service) -> None:
    """Before, while and after a callee is there; the callee is on the right."""
    line = service.line()
    number = f"1777{line.number}"
    line.answers(
        line.record(**SESSION),
        f"<Dial><Number>{number}</Number></Dial>",
        play(line, "prompt", 1),
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(20)])
        callee = await callees.next(number)
        await asyncio.sleep(1)
        await callee.answer()
        await callee.speak(1.5, 45)
        await callee.hang_up()
        kept = await stereo.delivered(line)
        await call.ended()
    assert kept.callback["RecordingEndReason"] == "hangup"
    assert kept.caller.ms >= 3000
    assert hear(kept.caller).voice_ms >= kept.caller.ms - 200
    told = spoken(kept.far)
    assert {45, 46} & {round(each) for each in told}, "the callee is not on the right"
    assert {30, 31} & {round(each) for each in told}, "the prompt after the Dial is not"
