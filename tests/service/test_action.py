"""What follows a plain recording: its `action`, the next element, the next document (P-8, P-9)."""

from __future__ import annotations

import asyncio

import pytest

from tests.receiver import Reply
from tests.service.audio import find, read_wav
from tests.service.replies import FetchFirst
from tests.service.service import Service, document
from tests.service.steps import hang_up, press, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SPOKEN = [speak(0.5), press("#")]


@pytest.mark.rule("P-8", "Q-3", "D-15", "D-20", "D-29", "A-2", "A-16")
async def test_the_file_is_there_when_action_and_callback_arrive(service: Service) -> None:
    """Both handlers fetch RecordUrl before they answer; both requests come exactly once."""
    line = service.line()
    line.answers(line.record())
    action_saw, callback_saw = FetchFirst(), FetchFirst()
    line.script("action", action_saw)
    line.script("callback", callback_saw)
    call = await line.call([*SPOKEN, hang_up()])
    action = (await line.next("action")).params
    delivered = await line.delivered()
    await line.next("hangup")
    await call.ended()
    (action_status, early), (status, whole) = action_saw.seen[0], callback_saw.seen[0]
    assert (action_status, status) == (200, 200)
    assert early == whole
    assert len(read_wav(whole).samples) == len(delivered.sound.samples)
    for name in ("RecordingDuration", "RecordingDurationMs", "RecordingStartMs", "RecordingEndMs"):
        assert action[name] == delivered.callback[name] != "-1"
    assert action["RecordFile"] == action["RecordUrl"]
    assert len(line.requests("action")) == len(line.requests("callback")) == 1


@pytest.mark.rule("Q-4")
async def test_the_callback_waits_for_a_slow_action(service: Service) -> None:
    line = service.line()
    line.answers(line.record())
    line.script("action", Reply(delay_s=1.5))
    call = await line.call(SPOKEN)
    action, callback = await line.next("action"), await line.next("callback")
    assert 1500 <= callback.at - action.at <= 4000
    await call.ended()


@pytest.mark.rule("Q-4")
async def test_the_callback_waits_until_action_has_used_up_its_attempts(service: Service) -> None:
    """Two attempts half a second apart, both refused; then the callback."""
    line = service.line()
    line.answers(line.record(action=line.url("action") + "#rc=1&amp;rp=5xx"))
    line.script("action", Reply(status=503))
    call = await line.call(SPOKEN)
    callback = await line.next("callback")
    before = [each for each in line.requests("action") if each.at <= callback.at]
    assert len(before) == 2
    await call.ended()


@pytest.mark.rule("P-9", "A-5", "D-5", "F-5")
async def test_the_reply_of_action_is_the_next_document(service: Service) -> None:
    """A second recording comes from the reply; what followed the first never runs."""
    line = service.line()
    line.answers(
        line.record(redirect="true", callbackUrl=None),
        f"<Redirect>{line.url('never')}</Redirect>",
    )
    second = document(line.record(action=line.url("second"), finishOnKey="5"))
    line.script("action", Reply(body=second))
    call = await line.call([*SPOKEN, speak(0.6, 10), press("5")])
    first = (await line.next("action")).params
    last = (await line.next("second")).params
    delivered = await line.delivered()
    assert (first["Event"], last["Event"]) == ("Redirect", "Record")
    assert (first["Digits"], last["Digits"]) == ("#", "5")
    assert first["RecordingID"] != last["RecordingID"] == delivered.callback["RecordingID"]
    place = find(delivered.sound, 2000, 2000)
    assert place.likeness > 0.999
    assert place.of > 10 * 8000
    hangup = (await line.next("hangup")).params
    assert hangup["HangupCauseCode"] == "4010"
    await call.ended()
    assert not line.requests("never")


@pytest.mark.rule("P-9", "A-5", "D-5")
async def test_without_redirect_the_next_element_does_not_wait(service: Service) -> None:
    """`action` takes three seconds and answers with a document, which nobody reads."""
    line = service.line()
    line.answers(line.record(), f"<Redirect>{line.url('next')}</Redirect>")
    line.script("action", Reply(body=f"<Redirect>{line.url('never')}</Redirect>", delay_s=3))
    line.script("next", Reply(body=document("<Hangup/>")))
    call = await line.call(SPOKEN)
    began, after = await line.next("action"), await line.next("next")
    assert after.at - began.at < 1000
    assert began.params["Event"] == "Record"
    await call.ended()
    assert not line.requests("never")


@pytest.mark.rule("P-9")
async def test_without_action_the_next_element_runs(service: Service) -> None:
    """Two recordings in one document; each has its own id and file."""
    line = service.line()
    line.answers(line.record(action=None), line.record(action=None))
    call = await line.call([speak(0.5), press("#"), speak(0.7, 10), press("#")])
    first, second = await line.delivered(), await line.delivered()
    if first.callback["RecordingStartMs"] > second.callback["RecordingStartMs"]:
        first, second = second, first
    assert first.callback["RecordingID"] != second.callback["RecordingID"]
    assert find(first.sound, 1000, 2000).of < 8000
    assert find(second.sound, 2000, 2000).of > 10 * 8000
    await call.ended()
    assert not line.requests("action")


@pytest.mark.rule("P-9", "F-6")
@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(body="no XML"), "8012"),
        (Reply(body=document('<Record maxLength="1"/>')), "8012"),
        (Reply(status=404), "7012"),
    ],
    ids=["not XML", "rejected", "not 2xx"],
)
async def test_an_unusable_reply_of_action_hangs_up(
    service: Service, reply: Reply, code: str
) -> None:
    """The recording is delivered all the same (A-19)."""
    line = service.line()
    line.answers(line.record(redirect="true"), "<Wait length='60'/>")
    line.script("action", reply)
    call = await line.call([*SPOKEN, silence(30)])
    hangup = (await line.next("hangup")).params
    assert (hangup["HangupCauseCode"], hangup["HangupSource"]) == (code, "Error")
    assert (await line.delivered()).sound.ms > 400
    await call.ended()


@pytest.mark.rule("P-9", "P-10")
async def test_a_hangup_while_action_is_asked_loses_nothing(service: Service) -> None:
    """H-3: from the hangup on the request is durable, its reply is no document any more."""
    line = service.line()
    line.answers(line.record(redirect="true"))
    line.script("action", Reply(status=503, delay_s=1), Reply())
    call = await line.call([*SPOKEN])
    first = await line.next("action")
    await asyncio.gather(call.hang_up(), call.ended())
    again = await line.next("action")
    assert again.headers["X-Recordbridge-Delivery"] == first.headers["X-Recordbridge-Delivery"]
    assert (await line.delivered()).callback["RecordingEndReason"] == "finishOnKey"
