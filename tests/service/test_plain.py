"""Plain Record over real SIP and RTP: what is in the file, to the sample (P-1 to P-3, X-2, Q-1)."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tests.service.audio import FRAME, RATE, find, hear
from tests.service.carrier import Call, Ear
from tests.service.service import Service, true
from tests.service.steps import speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OVERLOAD_MS = 40
"""A busy machine may tear two frames apart."""
BEEP_MS = 350
"""Asterisk's beep is longer than that."""


@pytest.mark.rule("P-1", "X-2", "D-7")
async def test_the_first_word_after_the_answer_is_in_the_file(service: Service) -> None:
    """Callers speak from the very answer on; what they said before it does not exist."""
    lines = [service.line() for _ in range(4)]
    for line in lines:
        line.answers(line.record(maxLength=2))
    calls = [await line.call("markers") for line in lines]
    found = await asyncio.gather(*(line.delivered() for line in lines))
    places = [find(delivered.sound, 2 * FRAME, 800) for delivered in found]
    lost = [max(0, -place.wanted_at) for place in places]
    assert min(place.likeness for place in places) > 0.999
    assert max(lost) <= FRAME, lost
    assert sorted(lost)[1] <= FRAME // 10, lost
    assert all(hear(delivered.sound).strange_ms <= OVERLOAD_MS for delivered in found)
    for call in calls:
        await call.ended()


@pytest.mark.rule("P-2", "Q-1", "A-8", "D-8")
async def test_recording_begins_when_the_beep_has_ended(service: Service) -> None:
    """The caller speaks all the time: the file begins, exactly, at what it said at the beep's end.

    Instants are the carrier's: when its sound began, and when what it heard became silent.
    """
    line = service.line()
    line.answers(line.record(playBeep="true", maxLength=2))
    ears: list[Ear] = []

    async def listen(call: Call) -> None:
        ears.append(await call.listen())

    call = await line.call([listen, speak(6)])
    delivered = await line.delivered()
    heard = await ears[0].heard()
    place = find(delivered.sound, 0, 800)
    assert place.likeness > 0.999, "something other than the caller's voice"
    assert hear(delivered.sound).strange_ms <= OVERLOAD_MS
    loud = np.flatnonzero(np.abs(heard.samples) > 100)
    assert (loud[-1] - loud[0]) * 1000 / RATE > BEEP_MS, "no beep was heard"
    beep_ended_at = ears[0].began_at + int(loud[-1]) * 1000 / RATE
    first_sample_at = call.spoke_at[0] + place.of * 1000 / RATE
    assert -20 <= first_sample_at - beep_ended_at <= 80
    assert abs(int(delivered.callback["RecordingStartMs"]) - first_sample_at) <= 50
    true(delivered)
    await call.ended()


@pytest.mark.rule("P-3")
async def test_what_the_caller_hears_is_not_recorded(service: Service) -> None:
    """Somebody plays to the caller's channel while it is recorded."""
    line = service.line()
    line.answers(line.record(maxLength=2))
    call = await line.call([speak(5)])
    await call.answered()
    ear = await call.listen()
    channel = await service.channel(line)
    await service.pbx("POST", f"channels/{channel}/play", media="sound:demo-congrats")
    delivered = await line.delivered()
    heard = await ear.heard()
    assert (heard.levels() > 200).sum() > 25, "nothing was played"
    assert hear(delivered.sound).strange_ms <= OVERLOAD_MS
    await call.ended()


@pytest.mark.rule("P-6", "Q-1", "Q-2")
@pytest.mark.parametrize("max_length", [2, 3])
async def test_a_file_is_as_long_as_allowed_and_no_longer(
    service: Service, max_length: int
) -> None:
    line = service.line()
    line.answers(line.record(maxLength=max_length))
    call = await line.call("markers")
    delivered = await line.delivered()
    assert max_length * 1000 - 20 <= delivered.sound.ms <= max_length * 1000
    assert delivered.callback["RecordingEndReason"] == "maxLength"
    assert delivered.callback["RecordingDuration"] == str(max_length)
    true(delivered)
    await call.ended()
