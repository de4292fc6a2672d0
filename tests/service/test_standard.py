"""What every request says of the call, and which elements answer it, over real calls (F-2, F-3)."""

from __future__ import annotations

import pytest

from tests.receiver import Received, Reply
from tests.service.callees import Callees
from tests.service.service import Line, Service, document
from tests.service.sounds import play
from tests.service.steps import hang_up, mute, press, silence, speak
from tests.service.test_dial import dial, number

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

STANDARD = {"CallUUID", "From", "To", "Direction", "CallStatus", "Event"}
AFTER_HANGUP = {
    *("HangupCause", "HangupCauseName", "HangupCauseCode"),
    *("HangupSource", "Duration", "BillDuration"),
}
CALLER = "15551230001"


def said(request: Received, line: Line) -> tuple[str, str, bool]:
    """Event, CallStatus, and whether the hangup is told of; all else is the same in each."""
    values = request.params
    assert set(values) >= STANDARD
    assert (values["From"], values["To"], values["Direction"]) == (CALLER, line.number, "inbound")
    told = AFTER_HANGUP & set(values)
    assert told in (set(), AFTER_HANGUP)
    return values["Event"], values["CallStatus"], bool(told)


@pytest.mark.rule("F-3", "F-4", "Q-2", "P-10")
async def test_every_kind_of_request_says_the_same_of_the_call(service: Service) -> None:
    """One call through all kinds; the caller hangs up in the second recording."""
    line = service.line()
    line.answers(f"<Redirect>{line.url('second')}</Redirect>")
    gather = f"<GetDigits numDigits='1' redirect='false' action='{line.url('digits')}'/>"
    first = line.record(redirect="true", finishOnKey="5", action=line.url("first"))
    line.script("second", Reply(body=document(gather, first)))
    third = line.record(action=line.url("last"), callbackUrl=line.url("last-ready"))
    line.script("first", Reply(body=document(dial(line, number(line)), third)))
    async with Callees(service.carrier) as callees:
        call = await line.call([speak(0.5), press("7"), speak(1), press("5"), mute(0)])
        callee = await callees.next(number(line))
        await callee.answer()
        await callee.speak(0.3)
        await callee.hang_up()
        await line.next("dialled")
        await call.speak(1)
        await call.hang_up()
        ended = await call.ended()
    names = ("answer", "second", "digits", "first", "callback", "last", "last-ready", "hangup")
    got = {name: await _first(line, name) for name in names}
    assert {name: said(request, line) for name, request in got.items()} == {
        "answer": ("StartApp", "ringing", False),
        "second": ("Redirect", "ringing", False),
        "digits": ("Record", "in-progress", False),
        "first": ("Redirect", "in-progress", False),
        "callback": ("Record", "in-progress", False),
        "last": ("Record", "completed", True),
        "last-ready": ("Record", "completed", True),
        "hangup": ("Hangup", "completed", True),
    }
    events = [said(each, line) for each in line.requests("event")]
    assert events == [("DialAnswer", "in-progress", False), ("DialHangup", "in-progress", False)]
    assert len({each.params["CallUUID"] for each in got.values()}) == 1
    for name in ("last", "last-ready", "hangup"):
        values = got[name].params
        assert (values["HangupCause"], values["HangupSource"]) == ("NORMAL_CLEARING", "Caller")
        assert (values["HangupCauseCode"], values["HangupCauseName"]) == ("4000", "Normal Hangup")
        lasted = (ended.at - await call.answered()) / 1000
        assert abs(int(values["BillDuration"]) - lasted) <= 1
        assert int(values["Duration"]) >= int(values["BillDuration"])


async def _first(line: Line, name: str) -> Received:
    known = line.requests(name)
    return known[0] if known else await line.next(name)


@pytest.mark.rule("F-2", "S-1", "S-2", "P-1")
@pytest.mark.parametrize(
    ("element", "answers"),
    [
        ("plain", True),
        ("session", True),
        ("armed", False),
        ("<Speak>One.</Speak>", True),
        ("play", True),
        ("<GetDigits timeout='1'/>", True),
        ("<DTMF>1</DTMF>", True),
        ("<Wait length='1'/>", False),
        ("early", False),
        ("redirect", False),
        ("dial", False),
    ],
)
async def test_which_elements_answer(service: Service, element: str, answers: bool) -> None:
    """The Hangup that follows rejects a call that is not answered (busy), and ends one that is."""
    line = service.line()
    end = "<Hangup reason='busy'/>"
    line.script("next", Reply(body=document(end)))
    elements = {
        "plain": line.record(maxLength=2),
        "session": line.record(recordSession="true"),
        "armed": line.record(startOnDialAnswer="true"),
        "play": play(line, "prompt", 0.5),
        "early": f"<PreAnswer>{play(line, 'prompt', 0.5)}</PreAnswer>",
        "redirect": f"<Redirect>{line.url('next')}</Redirect>",
        "dial": dial(line, "<User>nobody</User>"),
    }
    line.answers(elements.get(element, element), end)
    call = await line.call([silence(1), silence(30), hang_up()])
    ended = await call.ended()
    assert call.is_answered is answers
    assert ended.cause == (16 if answers else 17)
    if element in ("plain", "session"):
        await line.next("callback")
