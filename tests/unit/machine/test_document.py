"""The Record element's document, sentence by sentence: from XML to what the requests carry.

Each test names the sentence it proves (`docs/rules.md`, D-1 to D-34). The XML is parsed as a
document is, the call is driven through a little Asterisk, and only intents are looked at.
"""

from __future__ import annotations

import pytest

from recordbridge.errors import DocumentError
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.plivo.elements import Document, RecordDefaults, Wait
from recordbridge.plivo.parser import parse
from recordbridge.plivo.retry import Retry, Target
from tests.unit.machine.asterisk import Asterisk
from tests.unit.machine.drive import START, Drive

A = 'action="https://app.example.com/a"'
C = 'callbackUrl="https://app.example.com/c"'
T = 'transcriptionUrl="https://app.example.com/t"'
QUIET = 'playBeep="false"'
SESSION = 'recordSession="true"'
ARMED = 'startOnDialAnswer="true"'
DIAL = "<Dial><Number>1</Number></Dial>"
FLAGS = [SESSION, ARMED, f"{SESSION} {ARMED}"]
VALUES = ("RecordingDuration", "RecordingDurationMs", "RecordingStartMs", "RecordingEndMs")


class Call:
    """One call that runs `<Record ATTRIBUTES/>` and what stands behind it."""

    def __init__(
        self, attributes: str, rest: str = '<Wait length="900"/>', *, beep_ms: int = 400
    ) -> None:
        xml = f"<Response><Record {attributes}/>{rest}</Response>"
        document = parse(xml.encode(), RecordDefaults())
        self.drive = Drive(*document.elements)
        self.asterisk = Asterisk(self.drive, reply=self._reply, play_ms=beep_ms)
        self.run = self.asterisk.run
        self.run(1_500)

    def _reply(self, request: i.Request) -> f.Fact:
        return f.DocumentArrived(request.request_id, Document((Wait(length_s=7),)))

    def callee_answers(self) -> None:
        self.asterisk.answer_leg(next(iter(self.asterisk.legs)))
        self.run(1_000)

    def callee_hangs_up(self) -> None:
        self.asterisk.end_leg(next(iter(self.asterisk.legs)))
        self.run(1_000)

    def key(self, key: str = "#") -> None:
        self.asterisk.press(key)
        self.run(1_000)

    def hang_up(self) -> None:
        self.asterisk.hang_up()
        self.run(60_000)
        assert self.drive.of(i.Release)

    def asked(self, kind: str) -> i.Request:
        if kind == "transcription":
            return self.drive.transcribed()
        (request,) = self.drive.requests(kind)
        return request

    @property
    def reason(self) -> str:
        return self.drive.recording.reason


@pytest.mark.rule("D-1")
@pytest.mark.rule("D-20")
@pytest.mark.rule("D-26")
@pytest.mark.parametrize("flags", ["", *FLAGS])
def test_a_call_is_recorded_and_the_url_of_the_file_returned(flags: str) -> None:
    call = Call(f"{A} {C} {flags}", rest=f'{DIAL}<Wait length="900"/>')
    if not flags:
        call.key()
        call.run(9_000)
    else:
        call.callee_answers()
    call.hang_up()
    for kind in ("action", "callback"):
        said = call.asked(kind).parameters
        assert said["RecordingID"] == call.drive.recording.recording_id
        assert said["RecordUrl"] == f"recording:{said['RecordingID']}.mp3"
    assert call.drive.last(i.Collect).names


@pytest.mark.rule("D-2")
@pytest.mark.rule("D-3")
@pytest.mark.rule("D-14")
@pytest.mark.rule("D-15")
@pytest.mark.rule("D-16")
@pytest.mark.parametrize(
    ("kind", "attribute", "method"),
    [
        ("action", "action", "method"),
        ("callback", "callbackUrl", "callbackMethod"),
        ("transcription", "transcriptionUrl", "transcriptionMethod"),
    ],
)
@pytest.mark.parametrize("given", ["", "GET", "POST"])
def test_the_result_is_sent_to_the_url_by_the_method_with_its_retries(
    kind: str, attribute: str, method: str, given: str
) -> None:
    extra = f'{method}="{given}"' if given else ""
    call = Call(f'{QUIET} {attribute}="https://app.example.com/x?q=1#rc=3&amp;rp=5xx" {extra}')
    assert not call.drive.of(i.Request)
    call.key()
    assert call.asked(kind).target == Target(
        url="https://app.example.com/x?q=1",
        method=given or "POST",
        retry=Retry(retries=3, on=("5xx",)),
    )


@pytest.mark.rule("D-2")
@pytest.mark.rule("D-14")
@pytest.mark.rule("D-15")
@pytest.mark.parametrize("attribute", ["action", "callbackUrl", "transcriptionUrl"])
@pytest.mark.parametrize("url", ["/relative", "app.example.com/x", "ftp://app.example.com/x"])
def test_only_a_fully_qualified_url_is_allowed(attribute: str, url: str) -> None:
    refused(f'{attribute}="{url}"')


@pytest.mark.rule("D-3")
@pytest.mark.rule("D-4")
@pytest.mark.rule("D-5")
@pytest.mark.rule("D-6")
@pytest.mark.rule("D-7")
@pytest.mark.rule("D-8")
@pytest.mark.rule("D-9")
@pytest.mark.rule("D-10")
@pytest.mark.rule("D-11")
@pytest.mark.rule("D-16")
@pytest.mark.parametrize(
    "attribute",
    [
        *('method="PUT"', 'method="get"', 'fileFormat="ogg"', 'redirect="yes"', 'redirect="True"'),
        *('timeout="0"', 'timeout="-1"', 'timeout="1.5"', 'maxLength="1"', 'maxLength="0"'),
        *('playBeep="1"', 'finishOnKey="A"', 'recordSession="on"', 'startOnDialAnswer="on"'),
        'callbackMethod="DELETE"',
    ],
)
def test_no_other_values_are_allowed(attribute: str) -> None:
    refused(attribute)


def refused(attribute: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(f"<Response><Record {attribute}/></Response>".encode(), RecordDefaults())
    assert caught.value.attribute == attribute.partition("=")[0]


@pytest.mark.rule("D-4")
@pytest.mark.parametrize(
    ("given", "ending"), [("", "mp3"), ('fileFormat="mp3"', "mp3"), ('fileFormat="wav"', "wav")]
)
def test_the_format_of_the_file(given: str, ending: str) -> None:
    call = Call(f"{QUIET} {C} {given}")
    call.key()
    assert call.drive.last(i.Collect).file_format == ending
    assert call.asked("callback").parameters["RecordUrl"].endswith(f".{ending}")


@pytest.mark.rule("D-5")
def test_redirect_false_requests_the_url_and_continues_with_the_next_element() -> None:
    call = Call(f'{QUIET} {A} redirect="false"', rest='<Play>sound:next</Play><Wait length="60"/>')
    call.key()
    action = call.asked("action")
    assert not action.wants_document
    assert call.drive.last(i.BeginPlayback).media == "sound:next"
    call.run(20_000)
    assert not call.drive.of(i.HangUp), "the reply's Wait of 7 seconds is not run"


@pytest.mark.rule("D-5")
@pytest.mark.parametrize("given", ["", 'redirect="true"'])
def test_otherwise_the_call_goes_on_with_the_reply(given: str) -> None:
    call = Call(f"{QUIET} {A} {given}", rest="<Play>sound:next</Play>")
    call.key()
    assert call.asked("action").wants_document
    call.run(6_000)
    assert not call.drive.of(i.HangUp)
    call.run(1_500)
    assert call.drive.of(i.HangUp)
    assert not call.drive.of(i.BeginPlayback)


@pytest.mark.rule("D-6")
@pytest.mark.parametrize(("given", "seconds"), [("", 15), ('timeout="4"', 4)])
def test_seconds_of_silence_complete_the_recording(given: str, seconds: int) -> None:
    call = Call(f"{QUIET} {A} {C} {given}")
    assert call.drive.last(i.BeginCapture).max_silence_s == seconds
    call.run(seconds * 1000 - 1_000)
    call.asterisk.end_capture(call.drive.last(i.BeginCapture).name)  # as Asterisk does by itself
    call.run(1_000)
    assert call.asked("action").parameters["RecordingEndReason"] == "silence"


@pytest.mark.rule("D-7")
@pytest.mark.rule("D-17")
@pytest.mark.parametrize("flags", ["", *FLAGS])
@pytest.mark.parametrize(("given", "seconds"), [("", 60), ('maxLength="9"', 9)])
def test_the_most_seconds_that_are_recorded(flags: str, given: str, seconds: int) -> None:
    call = Call(
        f'{QUIET} {C} {flags} {given} timeout="900"',
        rest=f'{DIAL}<Wait length="900"/>' if flags else '<Wait length="900"/>',
    )
    if flags:
        call.callee_answers()
    start = call.drive.recording.start_at
    assert start is not None
    call.run(start + seconds * 1000 - 100 - call.drive.now)
    assert call.drive.recording.phase == "running"
    call.run(1_000)
    assert call.asked("callback").parameters["RecordingEndReason"] == "maxLength"
    assert call.drive.last(i.Collect).keep_ms == seconds * 1000


@pytest.mark.rule("D-8")
@pytest.mark.parametrize(
    ("given", "beeps"), [("", 1), ('playBeep="true"', 1), ('playBeep="false"', 0)]
)
def test_a_beep_before_recording(given: str, beeps: int) -> None:
    call = Call(given, beep_ms=3_000)
    assert [each.media for each in call.drive.of(i.BeginPlayback)] == ["sound:beep"] * beeps
    assert len(call.drive.of(i.BeginCapture)) == 1 - beeps, "not while the beep sounds"
    call.run(2_000)
    assert len(call.drive.of(i.BeginCapture)) == 1
    assert call.drive.recording.phase == "running"


@pytest.mark.rule("D-9")
@pytest.mark.rule("D-21")
@pytest.mark.parametrize("key", [*"0123456789*#"])
def test_recording_stops_when_this_key_is_pressed_and_digits_tells_it(key: str) -> None:
    call = Call(f'{QUIET} {A} {C} finishOnKey="{key}"')
    other = "1" if key != "1" else "2"
    call.key(other)
    assert call.drive.recording.phase == "running"
    call.key(key)
    assert call.asked("action").parameters["Digits"] == key
    assert "Digits" not in call.asked("callback").parameters


@pytest.mark.rule("D-21")
def test_without_a_key_there_are_no_digits() -> None:
    call = Call(f"{QUIET} {A}")
    call.hang_up()
    assert "Digits" not in call.asked("action").parameters


@pytest.mark.rule("D-10")
@pytest.mark.rule("D-18")
def test_a_session_is_recorded_in_the_background_until_hangup_without_a_beep() -> None:
    call = Call(
        f'{SESSION} {C} playBeep="true" maxLength="900"',
        rest=f'<Play>sound:x</Play>{DIAL}<Wait length="900"/>',
    )
    assert [each.media for each in call.drive.of(i.BeginPlayback)] == ["sound:x"], "no beep"
    assert {each.direction for each in call.drive.of(i.BeginSnoop)} == {"in", "out"}
    call.callee_answers()
    call.callee_hangs_up()
    call.run(30_000)
    assert call.drive.recording.phase == "running"
    call.hang_up()
    assert call.asked("callback").parameters["RecordingEndReason"] == "hangup"


@pytest.mark.rule("D-11")
@pytest.mark.rule("D-19")
def test_recording_begins_when_the_called_party_answers_without_a_beep() -> None:
    call = Call(f'{ARMED} {C} playBeep="true"', rest=f'{DIAL}<Wait length="900"/>')
    call.run(3_000)
    assert not call.drive.of(i.BeginSnoop)
    call.callee_answers()
    assert {each.direction for each in call.drive.of(i.BeginSnoop)} == {"in", "out"}
    assert call.drive.recording.phase == "running"
    assert not call.drive.of(i.BeginPlayback)
    began = call.drive.sent.index(call.drive.last(i.BeginCapture))
    assert began < call.drive.sent.index(call.drive.last(i.JoinBridge)), "the complete conversation"


@pytest.mark.rule("D-19")
def test_it_ends_when_the_dial_is_done() -> None:
    call = Call(f'{ARMED} {C} maxLength="900"', rest=f'{DIAL}<Wait length="900"/>')
    call.callee_answers()
    call.run(5_000)
    call.callee_hangs_up()
    assert call.asked("callback").parameters["RecordingEndReason"] == "dialEnded"
    assert not call.drive.of(i.HangUp)


@pytest.mark.rule("D-19")
def test_only_the_next_dial_is_recorded() -> None:
    call = Call(ARMED, rest=f'{DIAL}{DIAL}<Wait length="900"/>')
    call.callee_answers()
    call.callee_hangs_up()
    call.callee_answers()
    call.callee_hangs_up()
    assert len(call.drive.of(i.JoinBridge)) == 2
    assert len(call.drive.state.recordings) == 1


@pytest.mark.rule("D-22")
@pytest.mark.rule("D-23")
@pytest.mark.rule("D-24")
@pytest.mark.rule("D-25")
@pytest.mark.rule("D-29")
def test_the_action_of_a_plain_recording_comes_when_it_is_completed_with_the_values() -> None:
    call = Call(f"{QUIET} {A} {C}")
    assert not call.drive.of(i.Request), "recording still"
    recording = call.drive.recording
    call.asterisk.press("#")
    assert call.asterisk.run(1_000, lambda: bool(call.drive.of(i.Collect)))
    assert not call.drive.of(i.Request), "not completed"
    call.run(1_000)
    for kind in ("action", "callback"):
        said = call.asked(kind).parameters
        assert said["RecordingDuration"] == "2"
        assert said["RecordingDurationMs"] == "2000"
        assert recording.captured_at is not None
        assert abs(int(said["RecordingStartMs"]) - recording.captured_at) <= 20
        assert abs(int(said["RecordingStartMs"]) - START) < 1_500, "epoch ms"
        assert int(said["RecordingEndMs"]) == int(said["RecordingStartMs"]) + 2000


@pytest.mark.rule("D-27")
@pytest.mark.rule("D-28")
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("redirect", ["true", "false"])
def test_a_background_recording_requests_action_once_when_it_has_started(
    flags: str, redirect: str
) -> None:
    call = Call(f'{flags} {A} {C} redirect="{redirect}"', rest=f'{DIAL}<Wait length="900"/>')
    call.callee_answers()
    action = call.asked("action")
    assert call.drive.recording.phase == "running"
    assert {action.parameters[each] for each in VALUES} == {"-1"}
    assert action.parameters["RecordUrl"]
    assert action.parameters["RecordingID"] == call.drive.recording.recording_id
    call.hang_up()
    assert call.asked("action") is action, "no other request"
    said = call.asked("callback").parameters
    assert said["RecordingDurationMs"] == "2000"
    assert "-1" not in {said[each] for each in VALUES}


@pytest.mark.rule("D-30")
@pytest.mark.parametrize("flags", FLAGS)
def test_timeout_keys_and_beep_do_nothing_in_the_background(flags: str) -> None:
    call = Call(
        f'{flags} timeout="1" finishOnKey="#" playBeep="true"', rest=f'{DIAL}<Wait length="900"/>'
    )
    call.callee_answers()
    call.key("#")
    call.run(20_000)
    assert call.drive.recording.phase == "running"
    assert {each.max_silence_s for each in call.drive.of(i.BeginCapture)} == {0}
    assert not call.drive.of(i.BeginPlayback)
    assert not call.drive.of(i.WatchTalking)


@pytest.mark.rule("D-14")
@pytest.mark.rule("D-31")
@pytest.mark.rule("D-32")
@pytest.mark.parametrize("flags", ["", *FLAGS])
@pytest.mark.parametrize("kind", ["", 'transcriptionType="auto"'])
def test_the_transcription_request_and_its_empty_error(flags: str, kind: str) -> None:
    call = Call(f"{QUIET} {T} {kind} {flags}", rest=f'{DIAL}<Wait length="900"/>')
    if flags:
        call.callee_answers()
    call.hang_up()
    request = call.asked("transcription")
    assert request.target.method == "POST"
    said = request.parameters
    assert said["transcription"] == "Hello."
    assert said["error"] == ""
    assert (said["transcription_charge"], said["transcription_rate"]) == ("0.00000", "0.00000")
    assert said["duration"] == "2"
    assert said["call_uuid"] == call.drive.state.call_uuid
    assert said["recording_id"] == call.drive.recording.recording_id


@pytest.mark.rule("D-15")
def test_the_callback_is_fired_in_the_background_when_the_file_can_be_used() -> None:
    call = Call(f'{QUIET} {C} redirect="false"', rest="<Play>sound:next</Play>")
    call.asterisk.file_ms = 5_000
    call.key()
    assert call.drive.of(i.BeginPlayback), "the call goes on"
    assert not call.drive.requests("callback")
    call.run(6_000)
    assert call.drive.recording.size is not None
    assert call.asked("callback").durable
