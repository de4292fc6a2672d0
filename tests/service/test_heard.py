"""What callers hear and how long it takes: Play, Speak, Wait, PreAnswer, DTMF, Hangup (F-2)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service.audio import Sound, hear
from tests.service.calm import Watch
from tests.service.program import free_port
from tests.service.service import Service, document
from tests.service.sounds import play
from tests.service.steps import mute, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

BUSY, NORMAL = 17, 16


def loud_ms(sound: Sound) -> float:
    """How long it is louder than a whisper."""
    return float((sound.levels() > 100).sum() * 20)


@pytest.mark.rule("F-2")
async def test_a_sound_of_an_address_is_heard_whole_and_fetched_once(
    service: Service, watch: Watch
) -> None:
    """Played twice in one call and once in the next: the application is asked once."""
    line = service.line()
    line.answers("<Wait length='1'/>", play(line, "sound", 1, loop=2), "<Wait length='1'/>")
    for _ in range(2):
        call = await line.call([silence(30)])
        await line.next("answer")
        await call.answered()
        ear = await call.listen()
        await line.next("hangup")
        heard = hear(await ear.heard())
        assert 1950 <= heard.voice_ms <= 2020
        assert heard.strange_ms <= watch.inserted_ms()
        await call.ended()
    assert len(line.requests("sound")) == 1


@pytest.mark.rule("F-2")
async def test_a_text_is_spoken_and_then_the_flow_goes_on(service: Service) -> None:
    """Twice as often takes twice as long; other words sound otherwise."""
    lengths = []
    for loop in (1, 2):
        line = service.line()
        line.answers(f"<Speak loop='{loop}'>Welcome to the example company.</Speak>")
        call = await line.call([silence(30)])
        await call.answered()
        ear = await call.listen()
        hangup = (await line.next("hangup")).params
        lengths.append(loud_ms(await ear.heard()))
        assert hangup["HangupCauseCode"] == "4010"
        await call.ended()
    assert 800 <= lengths[0] <= 4000
    assert 1.6 <= lengths[1] / lengths[0] <= 2.3


@pytest.mark.rule("F-2")
@pytest.mark.parametrize(
    "reply", [Reply(404), Reply(body="no audio", content_type="audio/wav"), None]
)
async def test_a_sound_that_cannot_be_had_is_passed_over(
    service: Service, reply: Reply | None
) -> None:
    """The caller hears the next one; a warning of the service tells why."""
    line = service.line()
    url = f"http://127.0.0.1:{free_port()}/none" if reply is None else line.url("sound")
    if reply is not None:
        line.script("sound", reply)
    line.answers(f"<Play>{url}</Play>", play(line, "good", 1))
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    answer = await line.next("answer")
    await line.next("hangup")
    assert hear(await ear.heard()).voice_ms >= 600
    uuid = answer.params["CallUUID"]
    assert (await service.program.said("prompt_failed", call_uuid=uuid))["reason"]
    await call.ended()


@pytest.mark.rule("F-2")
async def test_early_media_is_heard_before_the_answer(service: Service) -> None:
    """PreAnswer: the caller hears it while the call is not answered, nor billed."""
    line = service.line()
    inside = f"<Wait length='1'/>{play(line, 'sound', 1)}<Speak>One moment, please.</Speak>"
    line.answers(f"<PreAnswer>{inside}</PreAnswer>", "<Hangup reason='busy'/>")
    call = await line.call([silence(30)])
    await line.next("answer")
    ear = await call.listen()
    ended = await call.ended()
    assert (ended.cause, call.is_answered) == (BUSY, False)
    heard = await ear.heard()
    assert 950 <= hear(heard).voice_ms <= 1020
    assert loud_ms(heard) >= 1500, "the text was not spoken"
    assert (await line.next("hangup")).params["BillDuration"] == "0"


@pytest.mark.rule("F-2")
async def test_after_early_media_the_call_is_answered(service: Service) -> None:
    """Digits may be asked for early; what stands after the PreAnswer answers."""
    line = service.line()
    digits = f"<GetDigits numDigits='1' timeout='1'>{play(line, 'early', 0.5)}</GetDigits>"
    line.answers(f"<PreAnswer>{digits}</PreAnswer>", play(line, "late", 0.5, 50))
    call = await line.call([silence(30)])
    answer = await line.next("answer")
    answered = await call.answered()
    assert answered - answer.at >= 1400
    await call.ended()


@pytest.mark.rule("F-2")
async def test_keys_are_sent_to_the_caller(service: Service) -> None:
    """With pauses; with async=false the next element waits for the last key."""
    line = service.line()
    line.answers("<DTMF async='false'>1w2#</DTMF>", f"<Redirect>{line.url('after')}</Redirect>")
    line.script("after", Reply(body=document("<Wait length='1'/>")))
    call = await line.call([silence(30)])
    assert await call.keys(3) == "12#"
    after = await line.next("after")
    assert after.at - await call.answered() >= 900
    await call.ended()


@pytest.mark.rule("F-2")
async def test_keys_are_sent_while_the_next_element_runs(service: Service) -> None:
    line = service.line()
    line.answers("<DTMF>5W6</DTMF>", f"<Redirect>{line.url('after')}</Redirect>")
    line.script("after", Reply(body=document("<Wait length='3'/>")))
    call = await line.call([silence(30)])
    after = await line.next("after")
    assert after.at - await call.answered() <= 700
    assert await call.keys(2) == "56"
    await call.ended()


@pytest.mark.rule("F-2")
async def test_a_wait_for_silence_ends_early(service: Service) -> None:
    """A second and a half of talk, then a second of quiet; 20 s were allowed."""
    line = service.line()
    line.answers(
        "<Wait length='1'/>",
        play(line, "sound", 0.2),
        "<Wait length='20' silence='true' minSilence='1000'/>",
        f"<Redirect>{line.url('after')}</Redirect>",
    )
    call = await line.call([speak(2), mute(0)])
    after = await line.next("after")
    quiet_ms = after.at - (call.spoke_at[0] + 2000)
    assert 900 <= quiet_ms <= 1900
    await call.ended()


@pytest.mark.rule("F-2")
async def test_a_wait_for_silence_lasts_while_somebody_talks(service: Service) -> None:
    line = service.line()
    line.answers(
        play(line, "sound", 0.2),
        "<Wait length='2' silence='true' minSilence='1000'/>",
        f"<Redirect>{line.url('after')}</Redirect>",
    )
    call = await line.call([speak(10)])
    after = await line.next("after")
    assert 2100 <= after.at - await call.answered() <= 3000
    await call.ended()


@pytest.mark.rule("F-2")
async def test_a_scheduled_hangup_lets_the_next_elements_run(service: Service) -> None:
    line = service.line()
    line.answers(
        play(line, "sound", 0.2),
        "<Hangup schedule='2'/>",
        f"<Redirect>{line.url('after')}</Redirect>",
    )
    line.script("after", Reply(body=document("<Wait length='60'/>")))
    call = await line.call([silence(30)])
    after = await line.next("after")
    ended = await call.ended()
    assert 1800 <= ended.at - after.at <= 2700
    assert ended.cause == NORMAL
    assert (await line.next("hangup")).params["HangupCauseCode"] == "6000"


@pytest.mark.rule("F-2")
async def test_a_scheduled_hangup_without_more_is_at_once(service: Service) -> None:
    line = service.line()
    line.answers(play(line, "sound", 0.2), "<Hangup schedule='30'/>")
    call = await line.call([silence(30)])
    ended = await call.ended()
    assert ended.at - await call.answered() <= 2000
    await line.next("hangup")


@pytest.mark.rule("F-2", "F-3")
@pytest.mark.parametrize("running", ["play", "speak", "digits", "wait"])
async def test_a_caller_that_hangs_up_ends_whatever_runs(service: Service, running: str) -> None:
    line = service.line()
    elements = {
        "play": play(line, "sound", 5, loop=0),
        "speak": "<Speak loop='0'>All our lines are busy.</Speak>",
        "digits": f"<GetDigits timeout='50'>{play(line, 'sound', 1)}</GetDigits>",
        "wait": "<Wait length='60' silence='true' minSilence='50000'/>",
    }
    line.answers(elements[running], f"<Redirect>{line.url('never')}</Redirect>")
    call = await line.call([silence(30)])
    await line.next("answer")
    await asyncio.sleep(1.2)
    await call.hang_up()
    hangup = (await line.next("hangup")).params
    assert hangup["HangupSource"] == "Caller"
    answered = running != "wait"
    assert call.is_answered == answered
    assert hangup["HangupCause"] == ("NORMAL_CLEARING" if answered else "ORIGINATOR_CANCEL")
    assert hangup["HangupCauseCode"] == ("4000" if answered else "1000")
    await call.ended()
    await service.nothing_left(files=False)
    assert not line.requests("never")


@pytest.mark.rule("F-3")
async def test_headers_of_the_call_are_in_every_request(service: Service) -> None:
    line = service.line()
    line.answers(
        line.record(recordSession="true", maxLength=20),
        f"<Redirect>{line.url('next')}</Redirect>",
    )
    line.script("next", Reply(body=document("<Wait length='1'/>")))
    header = {"PJSIP_HEADER(add,X-PH-Order)": "4711", "PJSIP_HEADER(add,X-Other)": "no"}
    call = await line.call([speak(30)], **header)
    for name in ("answer", "action", "next", "callback", "hangup"):
        request = await line.next(name)
        assert request.params["X-PH-Order"] == "4711", name
        assert "X-Other" not in request.params
    await call.ended()
