"""recordSession through several Dials: each callee is heard, at its time (S-1, S-2, S-3, S-7)."""

from __future__ import annotations

import asyncio
import statistics

import pytest

from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import RATE, Sound, hear
from tests.service.callees import Callee, Callees
from tests.service.carrier import Call
from tests.service.service import Delivered, Line, Service, document, true
from tests.service.sounds import play
from tests.service.steps import silence, speak
from tests.service.test_changes import events, until
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SESSION = {"recordSession": "true", "maxLength": 40}
TALK_S = 0.8
AT_MS = 300
"""How far from its instant something may stand in the file: who is heard in whose place would be
seconds off. How exact it is on a machine with time is told by `make fidelity`."""
INSERTED_MS = 600
"""How much silence a busy machine may insert into the caller's side."""
LOST_MS = 200


def instants(kept: Delivered, second: float, seconds: float = TALK_S) -> list[float]:
    """When, by the recording, the known signal's `second` was spoken: once for each window of it.

    A piece of `seconds` was played from there on; nothing of it in the file is an empty list.
    """
    start, first = int(kept.callback["RecordingStartMs"]), second * RATE
    return [
        start + (at - of + first) * 1000 / RATE
        for at, of in stereo.places(kept.sound, RATE // 5)
        if first - RATE // 10 <= of <= first + seconds * RATE
    ]


def heard(kept: Delivered, party: Call, *seconds: float) -> None:
    """What somebody said, in this order, is in the file at its time."""
    for second, spoke_at in zip(seconds, party.spoke_at, strict=True):
        found = instants(kept, second)
        assert len(found) >= 2, f"the piece from {second} s on is not in it"
        assert abs(statistics.median(found) - spoke_at) <= AT_MS


async def answer(callees: Callees, line: Line, nth: int, second: float) -> Callee:
    """The callee of that Dial answers and speaks."""
    callee = await callees.next(number(line, nth))
    await callee.answer()
    await callee.speak(TALK_S, second)
    return callee


async def row(service: Service, channels: str) -> None:
    """Three phones, one after the other, and what is recorded of it.

    The caller speaks once in between; else he sends no RTP.
    """
    line = service.line()
    dials = [dial(line, number(line, nth)) for nth in range(3)]
    line.answers(line.record(**SESSION, recordChannelType=channels), *dials)
    called = []
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(0.1)])
        for nth in range(3):
            called.append(await answer(callees, line, nth, 20 + 10 * nth))
            if nth == 1:
                await call.speak(TALK_S, 5)
            await called[-1].hang_up()
        kept: Delivered
        if channels == "mono":
            kept = whole = await line.delivered()
        else:
            both = await stereo.delivered(line)
            kept, whole = both.side, Delivered(both.callback, both.far)
        await call.ended()
    for nth, callee in enumerate(called):
        heard(whole, callee, 20 + 10 * nth)
    heard(kept, call, 5)
    true(kept)


@pytest.mark.rule("S-1", "S-7")
@pytest.mark.parametrize("channels", ["mono", "stereo"])
async def test_each_callee_of_a_row_of_dials_is_heard(service: Service, channels: str) -> None:
    await row(service, channels)


@pytest.mark.rule("S-1", "S-7", "F-2")
async def test_it_goes_on_through_dials_prompts_documents_and_a_hold(service: Service) -> None:
    """Dial, Play, Dial with a hold (a re-INVITE and back), another document with a Dial."""
    line = service.line()
    line.answers(
        line.record(**SESSION),
        dial(line, number(line, 0)),
        play(line, "between", TALK_S, 55),
        dial(line, number(line, 1)),
        f"<Redirect>{line.url('later')}</Redirect>",
    )
    line.script("later", Reply(body=document(dial(line, number(line, 2)))))
    async with Callees(service.carrier) as callees, events(service) as socket:
        call = await line.call([speak(60)])
        first = await answer(callees, line, 0, 20.5)
        await first.hang_up()
        second = await answer(callees, line, 1, 30.5)
        await second.hold()
        await until(socket, "ChannelHold")
        await second.hold(on=False)
        await until(socket, "ChannelUnhold")
        await second.speak(TALK_S, 35.5)
        await second.hang_up()
        third = await answer(callees, line, 2, 40.5)
        await third.hang_up()
        both = await stereo.delivered(line)
        await call.ended()
    far = Delivered(both.callback, both.far)
    heard(far, first, 20.5)
    prompt = instants(far, 55)
    assert len(prompt) >= 2, "the prompt is not in it"
    assert min(prompt) > first.spoke_at[0] + TALK_S * 1000 - AT_MS
    heard(far, second, 30.5, 35.5)
    heard(far, third, 40.5)
    assert hear(both.caller).voice_ms >= both.caller.ms - INSERTED_MS
    assert lost_ms(both.caller) <= LOST_MS
    true(both.side)


def lost_ms(sound: Sound) -> float:
    """How much further the known signal went than the sound that holds it."""
    found = stereo.places(sound, RATE // 5)
    (first, of_first), (last, of_last) = found[0], found[-1]
    return ((of_last - of_first) - (last - first)) * 1000 / RATE


@pytest.mark.rule("S-2", "S-3", "S-8", "S-9")
@pytest.mark.parametrize("both", ["false", "true"], ids=["dial", "both flags"])
async def test_one_that_begins_with_the_second_dial_hears_it(service: Service, both: str) -> None:
    """A session recording runs from the start: neither of the two misses who answers."""
    line = service.line()
    begun = line.record(
        startOnDialAnswer="true", recordSession=both, maxLength=40, callbackUrl=line.url("armed")
    )
    dials = [dial(line, number(line, nth)) for nth in range(3)]
    line.answers(line.record(**SESSION), dials[0], begun, *dials[1:])
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(60)])
        called = []
        for nth in range(3):
            called.append(await answer(callees, line, nth, 20 + 10 * nth))
            await called[-1].hang_up()
        armed, session = await asyncio.gather(
            stereo.delivered(line, "armed"), stereo.delivered(line)
        )
        await call.ended()
    late = Delivered(armed.callback, armed.far)
    heard(late, called[1], 30)
    assert not instants(late, 20)
    assert armed.callback["RecordingEndReason"] == ("hangup" if both == "true" else "dialEnded")
    if both == "true":
        heard(late, called[2], 40)
    for nth, callee in enumerate(called):
        heard(Delivered(session.callback, session.far), callee, 20 + 10 * nth)
    for kept in (armed, session):
        assert hear(kept.caller).voice_ms >= kept.caller.ms - INSERTED_MS
        true(kept.side)
