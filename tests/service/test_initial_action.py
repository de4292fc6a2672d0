"""The initial `action` of a background recording, and what its reply does (S-5, S-6, Q-4)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service import stereo
from tests.service.callees import Callees
from tests.service.service import Line, Service, document
from tests.service.sounds import play
from tests.service.steps import hang_up, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

NUMBERS = ("Duration", "DurationMs", "StartMs", "EndMs")
AWHILE_S = 0.7
"""How long the application thinks: what stands after the Record runs by then."""


def session(line: Line, **attributes: object) -> str:
    values: dict[str, object] = {"recordSession": "true", "maxLength": 20, "redirect": "true"}
    return line.record(**(values | attributes))


def takes_over(line: Line, *, delay_s: float = AWHILE_S) -> None:
    """The reply to the initial request: a document that asks for `taken`, then hangs up."""
    inside = f"<Redirect>{line.url('taken')}</Redirect>"
    line.script("action", Reply(body=document(inside), delay_s=delay_s))
    line.script("taken", Reply(body=document("<Hangup/>")))


@pytest.mark.rule("S-5", "S-6", "Q-3", "Q-4", "D-27", "D-28", "D-18")
async def test_one_initial_request_and_the_true_values_to_the_callback(service: Service) -> None:
    line = service.line()
    line.answers(session(line, redirect="false"), "<Wait length='60'/>")
    call = await line.call([speak(1.5), hang_up()])
    await call.answered()
    action = await line.next("action")
    assert action.at - await call.answered() <= 500, "it is sent as soon as recording has started"
    assert [action.params[f"Recording{name}"] for name in NUMBERS] == ["-1"] * 4
    assert (action.params["Event"], action.params["CallStatus"]) == ("Record", "in-progress")
    assert action.params["RecordUrl"] == action.params["RecordFile"]
    assert not {"Digits", "RecordingEndReason"} & action.params.keys()
    kept = await stereo.delivered(line)
    await line.next("hangup")
    await call.ended()
    assert kept.callback["RecordingID"] == action.params["RecordingID"]
    assert int(kept.callback["RecordingDurationMs"]) >= 1300
    assert len(line.requests("action")) == len(line.requests("callback")) == 1


@pytest.mark.rule("S-5", "D-27")
@pytest.mark.parametrize(
    "running",
    ["play", "speak", "wait", "wait for silence", "digits", "digits without prompt", "document"],
)
async def test_its_document_replaces_what_runs(service: Service, running: str) -> None:
    line = service.line()
    endless = play(line, "prompt", 2, loop=0)
    line.script("slow", Reply(body=document("<Hangup reason='busy'/>"), delay_s=2))
    elements = {
        "play": endless,
        "speak": '<Speak loop="0">One, two, three, four, five.</Speak>',
        "wait": '<Wait length="60"/>',
        "wait for silence": '<Wait length="60" silence="true" minSilence="30000"/>',
        "digits": f'<GetDigits action="{line.url("digits")}">{endless}</GetDigits>',
        "digits without prompt": f'<GetDigits timeout="50" action="{line.url("digits")}"/>',
        "document": f"<Redirect>{line.url('slow')}</Redirect>",
    }
    line.answers(session(line), elements[running], "<Hangup/>")
    takes_over(line)
    call = await line.call([silence(30)])
    action, taken = await line.next("action"), await line.next("taken")
    assert action.params["Event"] == taken.params["Event"] == "Redirect"
    assert AWHILE_S * 1000 <= taken.at - action.at <= AWHILE_S * 1000 + 600
    kept = await stereo.delivered(line)
    assert kept.callback["RecordingEndReason"] == "hangup"
    await call.ended()
    assert len(line.requests("action")) == 1
    assert not line.requests("digits")


@pytest.mark.rule("S-5", "S-8")
async def test_its_document_stops_a_plain_recording(service: Service) -> None:
    """That one ends as `stopped`, with its file and its own `action`, whose reply is ignored."""
    line = service.line()
    plain = line.record(
        redirect="true", action=line.url("plain"), callbackUrl=line.url("kept"), timeout=30
    )
    line.answers(session(line), plain, "<Wait length='60'/>")
    line.script("plain", Reply(body=document(f"<Redirect>{line.url('never')}</Redirect>")))
    takes_over(line)
    line.script("taken", Reply(body=document("<Wait length='2'/>")))
    call = await line.call([speak(20)])
    await line.next("taken")
    stopped = (await line.next("plain")).params
    assert stopped["RecordingEndReason"] == "stopped"
    sound = await service.sound((await line.next("kept")).params["RecordUrl"])
    assert AWHILE_S * 1000 - 300 <= sound.ms <= AWHILE_S * 1000 + 300
    await stereo.delivered(line)
    await call.ended()
    assert not line.requests("never")


@pytest.mark.rule("S-5", "F-4")
async def test_its_document_waits_for_a_dial_and_wins(service: Service) -> None:
    """The Dial is reported, and what its action answers is ignored."""
    line = service.line()
    number = f"1777{line.number}"
    dial = f'<Dial action="{line.url("dialled")}"><Number>{number}</Number></Dial>'
    line.answers(session(line), dial, "<Hangup/>")
    line.script("dialled", Reply(body=document(f"<Redirect>{line.url('never')}</Redirect>")))
    takes_over(line, delay_s=0.2)
    async with Callees(service.carrier) as callees:
        call = await line.call([silence(30)])
        callee = await callees.next(number)
        await line.next("action")
        await callee.answer()
        await callee.speak(1, 40)
        assert not line.requests("taken")
        await callee.hang_up()
        taken = await line.next("taken")
        dialled = await line.next("dialled")
        assert dialled.params["DialStatus"] == "completed"
        assert taken.at - (await callee.ended()).at <= 500
        await call.ended()
    await line.next("hangup")
    assert not line.requests("never")


@pytest.mark.rule("S-5", "D-27")
@pytest.mark.parametrize(
    ("redirect", "reply"),
    [
        ("true", Reply(status=500)),
        ("true", Reply(body="")),
        ("true", Reply(body="<Response/>")),
        ("true", Reply(body="no XML")),
        ("true", Reply(body="<Response><Conference/></Response>")),
        ("false", Reply(body="<Response><Hangup/></Response>")),
    ],
    ids=["500", "empty", "no element", "not XML", "rejected", "redirect=false"],
)
async def test_another_reply_changes_nothing(service: Service, redirect: str, reply: Reply) -> None:
    line = service.line()
    line.answers(
        session(line, redirect=redirect),
        "<Wait length='1'/>",
        f"<Redirect>{line.url('next')}</Redirect>",
    )
    line.script("action", reply)
    line.script("next", Reply(body=document("<Wait length='1'/>")))
    call = await line.call([silence(30)])
    action, went_on = await line.next("action"), await line.next("next")
    assert went_on.at - action.at >= 700
    kept = await stereo.delivered(line)
    assert kept.callback["RecordingEndReason"] == "hangup"
    assert kept.callback["HangupCauseCode"] == "4010"
    await call.ended()
    deliveries = {each.headers["X-Recordbridge-Delivery"] for each in line.requests("action")}
    assert len(deliveries) == 1, "only the same request may be sent again (H-3)"


@pytest.mark.rule("Q-4", "S-6")
async def test_the_callback_does_not_overtake_a_slow_initial_request(service: Service) -> None:
    """The recording is over and stored long before the application has answered."""
    line = service.line()
    line.answers(session(line, maxLength=2, redirect="false"), "<Wait length='3'/>")
    line.script("action", Reply(delay_s=3.5))
    call = await line.call([speak(5)])
    action, callback = await asyncio.gather(line.next("action"), line.next("callback"))
    assert 3500 <= callback.at - action.at <= 5500
    assert callback.params["RecordingEndReason"] == "maxLength"
    await call.ended()


@pytest.mark.rule("S-5", "H-3")
async def test_a_hangup_before_the_reply_leaves_it_without_effect(service: Service) -> None:
    line = service.line()
    line.answers(session(line), "<Wait length='60'/>")
    takes_over(line, delay_s=1.5)
    call = await line.call([speak(0.5), hang_up()])
    kept = await stereo.delivered(line)
    assert kept.callback["RecordingEndReason"] == "hangup"
    await call.ended()
    await line.next("hangup")
    assert len(line.requests("action")) == 1
    assert not line.requests("taken")
