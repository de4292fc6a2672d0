"""Dial over real SIP: who is called, who gets the call, and what is said about it (F-4)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service.audio import find, hear
from tests.service.callees import Callees
from tests.service.service import Line, Service, document
from tests.service.steps import press, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

BUSY, REJECTED, NORMAL, CONGESTION, UNALLOCATED = 17, 21, 16, 34, 1


def number(line: Line, nth: int = 0) -> str:
    """A phone that rings until the test does something."""
    return f"1777{line.number}{nth}"


def dial(line: Line, *numbers: str, **attributes: object) -> str:
    """A Dial with action (its reply ignored) and callback here."""
    values: dict[str, object] = {
        "action": line.url("dialled"),
        "redirect": "false",
        "callbackUrl": line.url("event"),
    } | attributes
    written = " ".join(f'{name}="{value}"' for name, value in values.items() if value is not None)
    inside = "".join(each if "<" in each else f"<Number>{each}</Number>" for each in numbers)
    return f"<Dial {written}>{inside}</Dial>"


async def events(line: Line, count: int) -> list[dict[str, str]]:
    """The next so many requests to the callback of a Dial."""
    return [(await line.next("event")).params for _ in range(count)]


@pytest.mark.rule("F-4", "F-3", "D-11")
async def test_two_parties_talk_and_the_flow_goes_on(service: Service) -> None:
    """Each hears the other; Dial answers the caller when the callee has answered."""
    line = service.line()
    line.answers(dial(line, number(line)), f"<Redirect>{line.url('after')}</Redirect>")
    line.script("after", Reply(body=document("<Hangup/>")))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(3)])
        callee = await callees.next(number(line))
        assert not call.is_answered
        await callee.answer()
        await call.answered()
        callee_hears, caller_hears = await callee.listen(), await call.listen()
        await callee.speak(1.5, 40)
        there, here = await callee_hears.heard(), await caller_hears.heard()
        await callee.hang_up()
        dialled = (await line.next("dialled")).params
        after = (await line.next("after")).params
        await call.ended()
        answer, hangup = await events(line, 2)
    assert hear(there).voice_ms >= 1000
    assert hear(here).voice_ms >= 1000
    assert abs(find(here, 4000).of / 8000 - 40.5) < 1
    assert (dialled["DialStatus"], dialled["DialRingStatus"]) == ("completed", "true")
    assert (dialled["DialHangupCause"], dialled["Event"]) == ("NORMAL_CLEARING", "Record")
    assert dialled["DialALegUUID"] == dialled["CallUUID"]
    assert dialled["DialBLegUUID"] == answer["DialBLegUUID"] == hangup["DialBLegUUID"]
    assert after["CallStatus"] == "in-progress"
    assert (answer["Event"], answer["DialAction"]) == ("DialAnswer", "answer")
    assert (hangup["Event"], hangup["DialAction"]) == ("DialHangup", "hangup")
    assert hangup["DialBLegHangupCause"] == "NORMAL_CLEARING"
    assert hangup["DialBLegHangupSource"] == "Callee"
    assert hangup["DialBLegTo"] == number(line)
    assert int(hangup["DialBLegBillDuration"]) in (1, 2, 3)


@pytest.mark.rule("F-4")
async def test_all_ring_together_and_the_first_answer_wins(service: Service) -> None:
    line = service.line()
    phones = [number(line, nth) for nth in range(3)]
    line.answers(dial(line, *phones))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(2)])
        called = [await callees.next(each) for each in phones]
        assert not any(each.is_over for each in called)
        await called[1].answer()
        others = [await called[nth].ended() for nth in (0, 2)]
        assert [each.cause for each in others] == [26, 26], "answered elsewhere"
        await called[1].speak(0.5)
        await called[1].hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        told = await events(line, 2)
        await call.ended()
    assert {each["DialBLegTo"] for each in told} == {phones[1]}
    assert len(line.requests("event")) == 2, "those who did not answer are not told of"


@pytest.mark.rule("F-4")
@pytest.mark.parametrize(
    ("cause", "status", "token"),
    [
        (BUSY, "busy", "USER_BUSY"),
        (REJECTED, "busy", "CALL_REJECTED"),
        (CONGESTION, "failed", "NORMAL_CIRCUIT_CONGESTION"),
        (UNALLOCATED, "failed", "UNALLOCATED_NUMBER"),
    ],
)
async def test_a_callee_that_does_not_answer_is_told_of(
    service: Service, cause: int, status: str, token: str
) -> None:
    line = service.line()
    line.answers(dial(line, number(line)), "<Hangup reason='busy'/>")
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        callee = await callees.next(number(line))
        await callee.ring()
        await callee.reject(cause)
        dialled = (await line.next("dialled")).params
        ended = await call.ended()
    assert (dialled["DialStatus"], dialled["DialHangupCause"]) == (status, token)
    assert dialled["CallStatus"] == "ringing"
    assert "DialBLegUUID" not in dialled
    assert (ended.cause, call.is_answered) == (BUSY, False), "the next element ran, unanswered"
    assert not line.requests("event")


@pytest.mark.rule("F-4")
async def test_nobody_answers_in_time(service: Service) -> None:
    line = service.line()
    line.answers(dial(line, number(line), timeout=1), "<Hangup reason='busy'/>")
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        callee = await callees.next(number(line))
        await callee.ring()
        answer, dialled = await line.next("answer"), await line.next("dialled")
        assert 1000 <= dialled.at - answer.at <= 1700
        assert dialled.params["DialStatus"] == "timeout"
        assert dialled.params["DialRingStatus"] == "true"
        await callee.ended()
        await call.ended()


@pytest.mark.rule("F-4")
@pytest.mark.parametrize(
    "callee", ["<User>sip:nobody@127.0.0.1:9</User>", "<User>nobody</User>"], ids=["silent", "none"]
)
async def test_an_unreachable_callee_does_not_hold_the_flow(service: Service, callee: str) -> None:
    """An endpoint that does not exist; the next element runs at once."""
    line = service.line()
    line.answers(dial(line, callee, timeout=3), "<Hangup reason='busy'/>")
    call = await line.call([silence(30)])
    dialled = (await line.next("dialled")).params
    assert dialled["DialStatus"] == "failed"
    assert dialled["DialRingStatus"] == "false"
    assert (await call.ended()).cause == BUSY


@pytest.mark.rule("F-4")
async def test_one_that_is_busy_does_not_stop_the_others(service: Service) -> None:
    line = service.line()
    line.answers(dial(line, number(line), number(line, 1), "<User>nobody</User>"))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(2)])
        busy, free = await callees.next(number(line)), await callees.next(number(line, 1))
        await busy.reject(BUSY)
        await busy.ended()
        await free.answer()
        await call.answered()
        await free.hang_up()
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        await call.ended()


@pytest.mark.rule("F-4", "P-9")
async def test_the_action_of_a_dial_gives_the_next_document(service: Service) -> None:
    line = service.line()
    line.answers(dial(line, number(line), redirect="true"), "<Wait length='60'/>")
    line.script("dialled", Reply(body=document(f"<Redirect>{line.url('next')}</Redirect>")))
    line.script("next", Reply(body=document("<Hangup reason='busy'/>")))
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        await (await callees.next(number(line))).reject(BUSY)
        assert (await line.next("dialled")).params["Event"] == "Redirect"
        await line.next("next")
        assert (await call.ended()).cause == BUSY


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(("reply", "code"), [(Reply(500), "7012"), (Reply(body="-"), "8012")])
async def test_an_unusable_document_after_a_dial_hangs_up(
    service: Service, reply: Reply, code: str
) -> None:
    line = service.line()
    line.answers(dial(line, number(line), redirect="true"), "<Wait length='60'/>")
    line.script("dialled", reply)
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        await (await callees.next(number(line))).reject(BUSY)
        assert (await line.next("hangup")).params["HangupCauseCode"] == code
        await call.ended()


@pytest.mark.rule("F-4")
async def test_a_time_limit_ends_the_conversation_and_not_the_call(service: Service) -> None:
    line = service.line()
    line.answers(dial(line, number(line), timeLimit=2), "<Wait length='1'/>")
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(5)])
        callee = await callees.next(number(line))
        await callee.answer()
        ended, answered = await callee.ended(), await call.answered()
        assert 2000 <= ended.at - answered <= 2600
        assert (await line.next("dialled")).params["DialStatus"] == "completed"
        assert (await call.ended()).at - ended.at >= 900


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("star", ["true", "false"])
async def test_star_drops_the_callee_if_it_may(service: Service, star: str) -> None:
    line = service.line()
    line.answers(dial(line, number(line), hangupOnStar=star), "<Wait length='1'/>")
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(0.5), press("1"), press("*"), speak(1.2)])
        callee = await callees.next(number(line))
        await callee.answer()
        await call.answered()
        if star == "true":
            assert (await line.next("dialled")).params["DialStatus"] == "completed"
            assert (await callee.ended()).cause == NORMAL
        else:
            assert await callee.keys(2) == "1*"
            await asyncio.wait_for(asyncio.shield(call.script), 10) if call.script else None
            assert not callee.is_over
            await callee.hang_up()
            await line.next("dialled")
        await call.ended()
