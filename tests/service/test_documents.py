"""Documents over real calls: limits, bad values, and what comes of them (A-1, A-19, F-7)."""

from __future__ import annotations

import pytest

from tests.receiver import Reply
from tests.service import stereo
from tests.service.audio import hear
from tests.service.service import Service, document, true
from tests.service.sounds import play
from tests.service.steps import silence, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

BUSY = 17
MOST_BYTES = 100_000
END = '<Hangup reason="busy"/>'
"""What the caller can tell from a call that is given up."""


def nested(depth: int) -> str:
    """A document that is so deep, with elements that do nothing inside an ending one."""
    return document(f"{'<GetDigits>' * (depth - 2)}<Wait/>{'</GetDigits>' * (depth - 2)}", END)


def sized(size: int) -> str:
    text = document(END)
    return text.replace("</Response>", f"<!--{'x' * (size - len(text) - 7)}--></Response>")


def attributes(count: int) -> str:
    others = " ".join(f"a{nth}='x'" for nth in range(count - 1))
    return document(f"<Hangup reason='busy' {others}/>")


@pytest.mark.rule("F-7")
@pytest.mark.parametrize(
    "text",
    [sized(MOST_BYTES), document(END, "<Wait/>" * 998), attributes(64)],
    ids=["bytes", "elements", "attributes"],
)
async def test_a_document_at_the_limit_runs(service: Service, text: str) -> None:
    line = service.line()
    line.script("answer", Reply(body=text))
    call = await line.call([silence(30)])
    assert (await call.ended()).cause == BUSY
    assert (await line.next("hangup")).params["HangupCauseCode"] == "3010"


@pytest.mark.rule("F-7", "F-6")
@pytest.mark.parametrize(
    "text",
    [
        sized(MOST_BYTES + 1),
        document(END, "<Wait/>" * 999),
        nested(9),
        attributes(65),
        f'<!DOCTYPE Response SYSTEM "http://127.0.0.1/x">{document(END)}',
        f'<!DOCTYPE Response [<!ENTITY a "b">]>{document(END)}',
        document("<Speak>&a;</Speak>", END),
    ],
    ids=["bytes", "elements", "depth", "attributes", "DTD", "entity", "unknown entity"],
)
async def test_a_document_beyond_it_is_unusable(service: Service, text: str) -> None:
    """Nothing of it runs: the call is hung up with the cause that says so."""
    line = service.line()
    line.script("answer", Reply(body=text))
    call = await line.call([silence(30)])
    hangup = (await line.next("hangup")).params
    assert hangup["HangupCauseCode"] == "8011"
    assert (await call.ended()).cause != BUSY
    assert not call.is_answered


@pytest.mark.rule("A-1", "A-19", "F-6")
@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ('timeout="0"', ["timeout", "0"]),
        ('maxLength="1"', ["maxLength", "1"]),
        ('fileFormat="ogg"', ["fileFormat", "ogg", "mp3", "wav"]),
        ('finishOnKey="x"', ["finishOnKey", "x"]),
        ('playBeep="TRUE"', ["playBeep", "TRUE"]),
        ('action="/recorded"', ["action", "/recorded"]),
    ],
)
async def test_a_bad_value_rejects_the_document_before_anything_of_it_runs(
    service: Service, attributes: str, words: list[str]
) -> None:
    """It says what and where; a recording that runs already is finished and delivered."""
    line = service.line()
    line.answers(
        line.record(recordSession="true", maxLength=20),
        play(line, "first", 0.5, 40),
        f"<Redirect>{line.url('next')}</Redirect>",
    )
    bad = document(play(line, "never", 1, 50), f"<Record {attributes}/>")
    line.script("next", Reply(body=bad))
    call = await line.call([speak(20)])
    kept = await stereo.delivered(line)
    assert (await line.next("hangup")).params["HangupCauseCode"] == "8014"
    await call.ended()
    assert 400 <= hear(kept.far).voice_ms <= 600, "only the first prompt is heard"
    assert kept.callback["RecordingEndReason"] == "hangup"
    true(kept.side)
    told = await service.program.said(
        "document_failed", level="warning", call_uuid=kept.callback["CallUUID"]
    )
    column = bad.index("<Record") + 1
    for word in [*words, "line 1", f"column {column}", "<Record>"]:
        assert word in told["reason"], told["reason"]
    assert not line.requests("never")


@pytest.mark.rule("A-1")
async def test_an_unknown_attribute_is_ignored_with_one_warning(service: Service) -> None:
    """Names are case-sensitive."""
    line = service.line()
    line.answers(line.record(maxLength=2, MaxLength=9), END)
    call = await line.call([speak(5)])
    delivered = await line.delivered()
    assert delivered.callback["RecordingEndReason"] == "maxLength"
    assert 1980 <= delivered.sound.ms <= 2000
    await call.ended()
    warnings = [each for each in service.program.log if "MaxLength" in str(each)]
    assert len(warnings) == 1, warnings
