"""The call flow over real SIP: which application, which document, and how calls end (F rules)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.receiver import Reply, redirect
from tests.service.conftest import Change
from tests.service.program import free_port
from tests.service.service import Service, document
from tests.service.steps import mute, silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

WITH_FALLBACK, DEFAULT, LOCAL, NOBODY = "8001", "8002", "8003", "8004"
CAUSE_REJECTED, CAUSE_BUSY, CAUSE_NORMAL = 21, 17, 16


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Change:
    """Applications of other kinds: with a fallback, with a local flow, for all other numbers."""
    folder = tmp_path_factory.mktemp("flows")

    def change(settings: dict[str, Any]) -> None:
        some = next(iter(settings["applications"].values()))
        base = some["answer_url"].rpartition("/7000")[0]

        def like(number: str, **other: Any) -> dict[str, Any]:
            urls = {name: f"{base}/{number}/{name[:-4]}" for name in ("answer_url", "hangup_url")}
            application: dict[str, Any] = some | {"numbers": [number]} | urls | other
            return application

        flow = folder / "local.xml"
        flow.write_text(_local(base), encoding="utf-8")
        local = like(LOCAL, flow=str(flow))
        del local["answer_url"]
        settings["applications"] |= {
            "fallback": like(WITH_FALLBACK, fallback_url=f"{base}/{WITH_FALLBACK}/fallback"),
            "others": like(DEFAULT),
            "local": local,
            "nobody": like(NOBODY, answer_url=f"http://127.0.0.1:{free_port()}/"),
        }
        settings["default_application"] = "others"

    return change


def _local(base: str) -> str:
    return document(
        f'<Record maxLength="2" fileFormat="wav" playBeep="false" action="{base}/{LOCAL}/action"'
        f' redirect="false" callbackUrl="{base}/{LOCAL}/callback"/>'
    )


@pytest.mark.rule("F-1", "F-3")
async def test_an_application_is_found_by_the_dialled_number(service: Service) -> None:
    line = service.line().answers("<Hangup/>")
    call = await line.call([mute(0)])
    answer = (await line.next("answer")).params
    assert answer["To"] == line.number
    assert answer["From"] == "15551230001"
    assert (answer["Event"], answer["CallStatus"]) == ("StartApp", "ringing")
    assert answer["Direction"] == "inbound"
    await call.ended()


@pytest.mark.rule("F-1")
async def test_other_numbers_go_to_the_default_application(service: Service) -> None:
    line = service.number(DEFAULT).answers("<Hangup/>")
    call = await service.carrier.call("5551234", [mute(0)])
    assert (await line.next("answer")).params["To"] == "5551234"
    await call.ended()


@pytest.mark.rule("F-1", "F-3")
async def test_a_stasis_argument_names_the_application(service: Service) -> None:
    """`application=`, `from=` and `to=` win over the numbers of the channel."""
    line = service.line().answers("<Hangup/>")
    arguments = f"application=app{line.number},from=42,to=43"
    await service.pbx(
        "POST",
        "channels",
        endpoint="PJSIP/talk@carrier",
        app="recordbridge",
        appArgs=arguments,
        channelId=f"argued-{line.number}",
    )
    answer = (await line.next("answer")).params
    assert (answer["From"], answer["To"]) == ("42", "43")
    await line.next("hangup")


@pytest.mark.rule("F-1")
async def test_a_local_flow_needs_no_application_server(service: Service) -> None:
    line = service.number(LOCAL)
    call = await line.call([speak(4)])
    delivered = await line.delivered()
    assert delivered.callback["RecordingEndReason"] == "maxLength"
    assert 1980 <= delivered.sound.ms <= 2000
    await call.ended()
    assert not line.requests("answer")


@pytest.mark.rule("F-5", "F-2")
async def test_a_document_that_ends_hangs_up(service: Service) -> None:
    line = service.line().answers("<Play>sound:beep</Play>")
    call = await line.call([silence(30)])
    hangup = (await line.next("hangup")).params
    assert (hangup["HangupCauseCode"], hangup["HangupSource"]) == ("4010", "Answer XML")
    assert (hangup["Event"], hangup["CallStatus"]) == ("Hangup", "completed")
    assert (await call.ended()).cause == CAUSE_NORMAL


@pytest.mark.rule("F-2")
@pytest.mark.parametrize(
    ("element", "cause", "code"),
    [
        ("<Hangup/>", CAUSE_REJECTED, "3020"),
        ('<Hangup reason="rejected"/>', CAUSE_REJECTED, "3020"),
        ('<Hangup reason="busy"/>', CAUSE_BUSY, "3010"),
        ('<Play>sound:beep</Play><Hangup reason="busy"/>', CAUSE_NORMAL, "4000"),
    ],
)
async def test_the_caller_sees_why_it_was_hung_up(
    service: Service, element: str, cause: int, code: str
) -> None:
    """A Hangup rejects a call that is not answered; one that is answered ends normally."""
    line = service.line().answers(element)
    call = await line.call([silence(30)])
    assert (await call.ended()).cause == cause
    assert call.is_answered == element.startswith("<Play>")
    assert (await line.next("hangup")).params["HangupCauseCode"] == code


@pytest.mark.rule("F-2")
async def test_the_caller_hears_a_sound_of_asterisk(service: Service) -> None:
    line = service.line().answers("<Play loop='2'>sound:beep</Play>", "<Wait length='1'/>")
    call = await line.call([silence(30)])
    await call.answered()
    ear = await call.listen()
    hangup = await line.next("hangup")
    await call.ended()
    loud_ms = ((await ear.heard()).levels() > 100).sum() * 20
    assert 2 * 350 <= loud_ms <= 2 * 500
    assert int(hangup.params["Duration"]) >= 1


@pytest.mark.rule("F-2")
async def test_a_wait_takes_its_time_and_does_not_answer(service: Service) -> None:
    line = service.line().answers("<Wait length='1'/>", "<Hangup reason='busy'/>")
    call = await line.call([silence(30)])
    answer = await line.next("answer")
    ended = await call.ended()
    assert 1000 <= ended.at - answer.at <= 1600
    assert not call.is_answered


@pytest.mark.rule("F-2", "F-3")
async def test_redirect_fetches_the_next_document(service: Service) -> None:
    line = service.line()
    line.answers(
        f"<Redirect method='GET'>{line.url('second')}?kept=1</Redirect>", "<Wait length='60'/>"
    )
    line.script("second", Reply(body=document("<Hangup reason='busy'/>")))
    call = await line.call([silence(30)])
    second = await line.next("second")
    assert second.method == "GET"
    assert (second.params["Event"], second.params["kept"]) == ("Redirect", "1")
    assert (await call.ended()).cause == CAUSE_BUSY


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(status=500), "7011"),
        (Reply(body="no XML"), "8011"),
        (Reply(body=document("<Record maxLength='soon'/>")), "8011"),
        (Reply(body=document("<Conference/>")), "8011"),
        (Reply(body="<!DOCTYPE Response [<!ENTITY a 'b'>]><Response/>"), "8011"),
    ],
    ids=["500", "not XML", "bad value", "unknown element", "DTD"],
)
async def test_an_unusable_answer_hangs_up(service: Service, reply: Reply, code: str) -> None:
    line = service.line()
    line.script("answer", reply)
    call = await line.call([silence(30)])
    hangup = (await line.next("hangup")).params
    assert (hangup["HangupCauseCode"], hangup["HangupSource"]) == (code, "Error")
    await call.ended()
    assert not call.is_answered


@pytest.mark.rule("F-6")
async def test_an_unreachable_application_hangs_up(service: Service) -> None:
    line = service.number(NOBODY)
    call = await line.call([silence(30)])
    assert (await line.next("hangup")).params["HangupCauseCode"] == "7011"
    await call.ended()


@pytest.mark.rule("F-6")
async def test_the_fallback_is_asked_once(service: Service) -> None:
    """First it saves the call, then it cannot either."""
    line = service.number(WITH_FALLBACK)
    line.script("answer", Reply(status=500))
    line.script("fallback", Reply(body=document("<Hangup reason='busy'/>")), Reply(status=500))
    for code in ("3010", "7011"):
        call = await line.call([silence(30)])
        fallback = (await line.next("fallback")).params
        assert fallback["Event"] == "StartApp"
        assert (await line.next("hangup")).params["HangupCauseCode"] == code
        await call.ended()
    assert len(line.requests("fallback")) == 2


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(("hops", "code"), [(5, "3010"), (6, "7011")])
async def test_http_redirects_of_documents_are_followed_up_to_five(
    service: Service, hops: int, code: str
) -> None:
    line = service.line()
    names = ["answer", *(f"hop{count}" for count in range(hops))]
    for name, target in itertools.pairwise(names):
        line.script(name, redirect(line.path(target)))
    line.script(names[-1], Reply(body=document("<Hangup reason='busy'/>")))
    call = await line.call([silence(30)])
    assert (await line.next("hangup")).params["HangupCauseCode"] == code
    await call.ended()


@pytest.mark.rule("F-7")
async def test_a_loop_of_redirects_ends(service: Service) -> None:
    line = service.line()
    loop = Reply(body=document(f"<Redirect>{line.url('loop')}</Redirect>"))
    line.script("answer", loop)
    line.script("loop", loop)
    call = await line.call([silence(30)])
    assert (await line.next("hangup")).params["HangupCauseCode"] == "8014"
    await call.ended()
    assert len(line.requests("loop")) == 50


@pytest.mark.rule("F-6")
@pytest.mark.parametrize(
    ("reply", "code"), [(Reply(status=404), "7014"), (Reply(body="<Respond/>"), "8014")]
)
async def test_an_unusable_redirect_hangs_up(service: Service, reply: Reply, code: str) -> None:
    line = service.line()
    line.answers(f"<Redirect>{line.url('next')}</Redirect>")
    line.script("next", reply)
    call = await line.call([silence(30)])
    assert (await line.next("hangup")).params["HangupCauseCode"] == code
    await call.ended()
