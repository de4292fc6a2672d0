"""Callees that are heard before they answer, over real SIP and RTP (F-4).

`dialMusic="real"`: the caller hears the callee's early media; `sendOnPreanswer`: the callee hears
its keys in it.
"""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.service import stereo
from tests.service.audio import FRAME, RATE, Sound, find, hear
from tests.service.callees import Callees
from tests.service.carrier import Call
from tests.service.service import Line, Service, true
from tests.service.sounds import play
from tests.service.steps import silence, speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

BUSY = 17
LOST_MS = 60
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")


async def hears(listener: Call, speaker: Call, start_s: float) -> bool:
    """Whether one hears the other, who speaks the known signal from there on."""
    ear = await listener.listen()
    await speaker.speak(1.2, start_s)
    places = stereo.places(await ear.heard(), RATE // 4)
    return any(abs(of / RATE - start_s) <= 1.3 for _, of in places)


def keys(sound: Sound) -> str:
    """The keys whose two tones sound in it: each frame is taken for the strongest of each group.

    What a busy machine has torn is one key: none is pressed twice in a row here.
    """
    told = ""
    for at in range(0, len(sound.samples) - FRAME, FRAME):
        frame = sound.samples[at : at + FRAME].astype(float)
        spectrum = np.abs(np.fft.rfft(frame, 400))
        row, column = (_strongest(spectrum, group) for group in (ROWS, COLUMNS))
        told += KEYS[row][column] if np.abs(frame).mean() > 100 else " "
    found = [each[0] for each in told.split() if len(each) >= 2]
    return "".join(key for key, _ in itertools.groupby(found))


def _strongest(spectrum: NDArray[np.float64], group: tuple[int, ...]) -> int:
    return int(np.argmax([spectrum[each // 20] for each in group]))


def real(line: Line, *numbers: str, **attributes: object) -> str:
    return dial(line, *numbers, dialMusic="real", **attributes)


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "answered"])
async def test_the_caller_hears_the_callee_before_it_answers(
    service: Service, answered: bool
) -> None:
    """Ringing first; its early media; then the conversation, in both directions."""
    line = service.line()
    before = [play(line, "before", 0.3, 10)] if answered else []
    line.answers(*before, real(line, number(line)), "<Wait length='1'/>")
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(6)])
        callee = await callees.next(number(line))
        await callee.ring()
        assert await hears(call, callee, 40)
        assert call.is_answered == answered
        assert not callee.is_answered
        await callee.answer()
        await call.answered()
        ear = await callee.listen()
        assert await hears(call, callee, 50)
        assert hear(await ear.heard()).voice_ms >= 900
        await callee.hang_up()
        dialled = (await line.next("dialled")).params
        assert (dialled["DialStatus"], dialled["DialRingStatus"]) == ("completed", "true")
        await call.ended()


@pytest.mark.rule("F-4")
async def test_one_after_the_other_is_heard_and_then_ringing(service: Service) -> None:
    """The first to be heard is busy; the second is heard then; what comes after is played."""
    line = service.line()
    line.answers(
        play(line, "before", 0.3, 10),
        real(line, number(line, 0), number(line, 1)),
        play(line, "after", 1.5, 55),
    )
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(60)])
        first, second = [await callees.next(number(line, nth)) for nth in (0, 1)]
        assert await hears(call, first, 20)
        assert not await hears(call, second, 30), "the first one stays"
        await first.reject(BUSY)
        await first.ended()
        assert await hears(call, second, 30)
        ear = await call.listen()
        await second.reject(BUSY)
        assert (await line.next("dialled")).params["DialStatus"] == "busy"
        await asyncio.sleep(1.2)
        heard = await ear.heard()
        assert 55 in {int(of / RATE) for _, of in stereo.places(heard, RATE // 4)}
        await call.ended()


@pytest.mark.rule("F-4")
async def test_another_than_the_one_that_is_heard_may_answer(service: Service) -> None:
    line = service.line()
    line.answers(real(line, number(line, 0), number(line, 1)))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(60)])
        first, second = [await callees.next(number(line, nth)) for nth in (0, 1)]
        assert await hears(call, first, 20)
        await second.answer()
        await call.answered()
        await first.ended()
        assert await hears(call, second, 40)
        await second.hang_up()
        await line.next("dialled")
        await call.ended()


@pytest.mark.rule("F-4", "S-2", "S-9")
async def test_what_is_recorded_begins_with_the_first_word_after_the_answer(
    service: Service,
) -> None:
    """Early media is not in it."""
    line = service.line()
    armed = line.record(startOnDialAnswer="true", maxLength=20)
    line.answers(armed, real(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(60)])
        callee = await callees.next(number(line))
        assert await hears(call, callee, 40)
        await callee.answer()
        await callee.speak(2)
        await callee.hang_up()
        kept = await stereo.delivered(line)
        await call.ended()
    place = find(kept.far, RATE)
    assert place.likeness > 0.9
    assert -place.wanted_at <= LOST_MS * RATE // 1000, "the first word is not in the file"
    assert all(of < 10 * RATE for _, of in stereo.places(kept.far)), "early media is in it"
    assert kept.callback["RecordingEndReason"] == "dialEnded"
    true(kept.side)


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("music", [None, "real"], ids=["ringing", "real"])
async def test_keys_are_sent_before_the_answer(service: Service, music: str | None) -> None:
    line = service.line()
    callee_of = f"<Number sendDigits='1w29' sendOnPreanswer='true'>{number(line)}</Number>"
    line.answers(dial(line, callee_of, dialMusic=music))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(60)])
        callee = await callees.next(number(line))
        await callee.ring()
        ear = await callee.listen()
        await callee.progress()
        await asyncio.sleep(2.2)
        assert keys(await ear.heard()) == "129"
        assert not call.is_answered
        await callee.answer()
        await call.answered()
        ear = await callee.listen()
        await asyncio.sleep(0.8)
        assert keys(await ear.heard()) == "", "sent twice"
        await callee.hang_up()
        await line.next("dialled")
        await call.ended()


@pytest.mark.rule("F-4")
async def test_keys_for_a_callee_that_answers_at_once_are_pressed_then(service: Service) -> None:
    line = service.line()
    callee_of = f"<Number sendDigits='12' sendOnPreanswer='true'>{number(line)}</Number>"
    line.answers(dial(line, callee_of))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(60)])
        callee = await callees.next(number(line))
        await callee.answer()
        assert await callee.keys(2) == "12"
        await callee.hang_up()
        await line.next("dialled")
        await call.ended()
