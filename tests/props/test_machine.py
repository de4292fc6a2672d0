"""Properties of the machine over random flows and random facts, in any order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordbridge.engine import rows
from recordbridge.machine import call as machine
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Call, Profile
from recordbridge.plivo.elements import (
    Callee,
    Dial,
    Document,
    Dtmf,
    Element,
    GetDigits,
    Hangup,
    Play,
    PreAnswer,
    Record,
    Redirect,
    Speak,
    Wait,
)
from recordbridge.plivo.retry import Target
from tests.unit.machine.asking import ELSEWHERE, REST
from tests.unit.machine.drive import Drive, voicemail

URL = Target(url="https://app.example.com/x")

records = st.builds(
    voicemail,
    action=st.sampled_from([None, URL]),
    transcription=st.sampled_from([None, URL]),
    callback=st.sampled_from([None, URL]),
    redirect=st.booleans(),
    play_beep=st.booleans(),
    timeout_s=st.integers(1, 20),
    max_length_s=st.integers(2, 30),
    finish_on_key=st.sampled_from(["", "#", "123"]),
)
backgrounds = st.builds(
    voicemail,
    action=st.sampled_from([None, URL]),
    transcription=st.sampled_from([None, URL]),
    callback=st.sampled_from([None, URL]),
    redirect=st.booleans(),
    max_length_s=st.integers(2, 30),
    record_session=st.booleans(),
    start_on_dial_answer=st.booleans(),
    stereo=st.sampled_from([None, False]),
)
KEYED = (
    Callee(address="1", send_digits="1w2", send_on_preanswer=True),
    Callee(address="2", send_digits="3", send_on_preanswer=True),
)
REAL = Target(url="real")
REAL_MUSIC = {"dial_music": None, "real_music": True}
dials = st.builds(
    Dial,
    callees=st.sampled_from(
        [(Callee(address="1"),), (Callee(address="1"), Callee(address="2")), KEYED]
    ),
    action=st.sampled_from([None, URL]),
    redirect=st.booleans(),
    timeout_s=st.integers(1, 20),
    time_limit_s=st.integers(1, 60),
    hangup_on_star=st.booleans(),
    confirm_sound=st.sampled_from([None, URL]),
    confirm_key=st.sampled_from(["", "#"]),
    confirm_timeout_s=st.integers(1, 20),
    dial_music=st.sampled_from([None, URL, REAL]),
    callback=st.sampled_from([None, URL]),
).map(lambda dial: dial if dial.dial_music != REAL else msgspec.structs.replace(dial, **REAL_MUSIC))
elements: st.SearchStrategy[Element] = st.one_of(
    records,
    backgrounds,
    st.builds(Wait, length_s=st.integers(1, 5)),
    st.builds(Play, source=st.just("sound:x"), loop=st.integers(1, 2)),
    st.builds(Redirect, target=st.just(URL)),
    st.builds(Hangup, schedule_s=st.integers(0, 5)),
    st.builds(Speak, text=st.just("hello")),
    st.builds(Dtmf, digits=st.just("1"), wait=st.booleans()),
    st.builds(Wait, length_s=st.integers(1, 5), silence=st.just(True)),
    st.builds(
        GetDigits,
        prompts=st.sampled_from([(), (Play(source="sound:x"),), (Wait(length_s=1),)]),
        action=st.sampled_from([None, URL]),
        redirect=st.booleans(),
        num_digits=st.integers(1, 3),
        retries=st.integers(1, 2),
        valid_digits=st.sampled_from(["#", "123"]),
        invalid_sound=st.sampled_from(["", "sound:no"]),
    ),
    st.builds(PreAnswer, elements=st.just((Play(source="sound:x"), Wait(length_s=1)))),
    dials,
    dials,
)
flows = st.lists(elements, max_size=4)
profiles = st.builds(
    Profile,
    account=st.just("M"),
    application=st.just("a"),
    answer=st.sampled_from([None, URL]),
    fallback=st.sampled_from([None, URL]),
    hangup=st.sampled_from([None, URL]),
    silence_threshold=st.sampled_from([128, 300]),
    trim_silence=st.booleans(),
)
ASKED = ("rest", "stop_rest", "pause", "resume", "transfer")
"""What somebody asks for: twice is two."""
CHOICES = (
    *("answered", "left", "hangup", "destroyed", "key", "snoop", "snoop_left", "talk", "quiet"),
    *("played", "play_failed", "began", "ended", "failed", "refused", "measured", "ready"),
    *("lost", "document", "no_document", "seen", "stop", "wait", "ringing", "early", "leg"),
    *("leg_gone", "leg_key", "star", "sent", "media", "no_media", "prompts"),
    *ASKED,
)
moves = st.lists(st.tuples(st.sampled_from(CHOICES), st.integers(0, 6_000)), max_size=40)


def happens(choice: str) -> bool:
    return choice not in ASKED


def fact_of(drive: Drive, choice: str) -> f.Fact | None:
    """A fact of that kind about the latest objects of the call, legal or not."""
    state, now = drive.state, drive.now
    recording = state.recordings[-1] if state.recordings else None
    tap = drive.now % 2 % len(recording.taps) if recording else 0
    snoop = recording.taps[tap].snoop_id if recording else "rb-none-snoop1"
    name = life.capture_name(recording.taps[tap]) if recording else "rb-none-rec1"
    leg = ([each.leg_id for each in drive.of(i.BeginLeg)] or ["rb-none-leg1"])[-1]
    keys = ([each.keys_id for each in drive.of(i.SendKeys)] or ["rb-none-keys1"])[-1]
    prepared = [s for s in drive.sent if isinstance(s, i.FetchMedia | i.Synthesise)]
    media = prepared[-1].media_id if prepared else "rb-none-media1"
    which = recording.recording_id if recording else "none"
    played = drive.of(i.BeginPlayback)
    playback = played[-1].playback_id if played else "rb-none-play1"
    asked = [s for s in drive.sent if isinstance(s, i.Request | i.LoadFlow)]
    request = asked[-1].request_id if asked else "none"
    document = Document(elements=(Wait(length_s=1),))
    known: dict[str, f.Fact] = {
        "answered": f.CallAnswered(at=now),
        "left": f.CallLeft(at=now),
        "hangup": f.HangupRequested(at=now),
        "destroyed": f.CallDestroyed(at=now, cause=16),
        "key": f.KeyPressed(at=now, key="#", duration_ms=100),
        "snoop": f.SnoopEntered(snoop_id=snoop),
        "snoop_left": f.SnoopLeft(snoop_id=snoop),
        "talk": f.Talking(snoop_id=snoop, at=now, speaking=True),
        "quiet": f.Talking(snoop_id=snoop, at=now, speaking=False),
        "played": f.PlaybackEnded(playback_id=playback, at=now),
        "play_failed": f.PlaybackEnded(playback_id=playback, at=now, failed=True),
        "began": f.CaptureBegan(name=name, at=now),
        "ended": f.CaptureEnded(name=name, at=now),
        "failed": f.CaptureFailed(name=name, reason="x"),
        "refused": f.CommandRefused(object_id=snoop, command="BeginSnoop", reason="x"),
        "measured": f.AudioMeasured(recording_id=which, frames=8000, rate=8000),
        "ready": f.FileReady(recording_id=which, size=9, digest="d"),
        "lost": f.FileFailed(recording_id=which, reason="x"),
        "document": f.DocumentArrived(request_id=request, document=document),
        "no_document": f.DocumentFailed(request_id=request, reached=True, reason="x"),
        "seen": f.PbxSeen(at=now, channel=True, answered=True, one_stream=state.one_stream),
        "stop": f.StopAsked(recording_id=which),
        "rest": f.RecordAsked(asked_id=f"a{now}", element=REST),
        "stop_rest": f.StopAsked(asked_id=f"a{now}"),
        "pause": f.PauseAsked(asked_id=f"a{now}"),
        "resume": f.PauseAsked(asked_id=f"a{now}", resume=True),
        "transfer": f.TransferAsked(asked_id=f"a{now}", target=ELSEWHERE),
        "full": f.RoomSeen(full="storage"),
        "room": f.RoomSeen(full=""),
        "ringing": f.LegRinging(leg_id=leg, at=now),
        "early": f.LegEarly(leg_id=leg, at=now),
        "leg": f.LegAnswered(leg_id=leg, at=now),
        "leg_gone": f.LegEnded(leg_id=leg, at=now, cause=17),
        "leg_key": f.LegKeyPressed(leg_id=leg, at=now, key="#"),
        "star": f.KeyPressed(at=now, key="*"),
        "sent": f.KeysSent(keys_id=keys),
        "media": f.MediaReady(media_id=media, media="sound:m"),
        "no_media": f.MediaFailed(media_id=media, reason="x"),
        "prompts": f.PromptsArrived(request_id=request, prompts=(Play(source="sound:p"),)),
    }
    return known.get(choice)


def drive_at_random(flow: list[Element], profile: Profile, steps: list[tuple[str, int]]) -> Drive:
    drive = Drive(*flow, profile=profile, one_stream=len(steps) % 2 == 0)
    for choice, ms in steps:
        if choice == "wait":
            drive.wait(ms)
        else:
            drive.feed(fact_of(drive, choice))
    return drive


def settle(drive: Drive) -> None:
    """The channel goes and the pipeline gives up on every file: no further help from outside."""
    drive.feed(f.CallDestroyed(at=drive.now, cause=16))
    drive.wait(60_000)
    for recording in drive.state.recordings:
        drive.feed(f.FileFailed(recording_id=recording.recording_id, reason="lost"))


def one_result_per_recording(drive: Drive) -> None:
    """One action, one callback, one transcription (made, or refused) where they were asked for."""
    for recording in drive.state.recordings:
        element: Record = recording.element
        sent = [r for r in drive.of(i.Request) if r.recording_id == recording.recording_id]
        kinds = [r.kind for r in sent]
        assert kinds.count("action") == (element.action is not None)
        assert kinds.count("callback") == (element.callback is not None)
        wishes = [w for w in drive.of(i.Transcribe) if w.recording_id == recording.recording_id]
        wanted = element.transcribe or element.transcription is not None
        assert len(wishes) + kinds.count("transcription") <= 1
        if element.transcription is not None:
            assert len(wishes) + kinds.count("transcription") == 1
        assert wanted or not wishes
        assert kinds == sorted(kinds), "in the order of Q-4, which is that of their names"


def dials_are_told_of(drive: Drive) -> None:
    """One action per Dial that wants one; one answer and one hangup of each callee there was."""
    made = {each.bridge_id for each in drive.of(i.MakeBridge)}
    begun = [drive.dials[each] for each in made if each in drive.dials]  # not those of single legs
    actions = [r for r in drive.requests("action") if "DialStatus" in r.parameters]
    assert len(actions) == sum(each.action is not None for each in begun)
    told = [r.parameters for r in drive.requests("dial")]
    answers = [each["DialBLegUUID"] for each in told if each["DialAction"] == "answer"]
    hangups = [each["DialBLegUUID"] for each in told if each["DialAction"] == "hangup"]
    assert len(answers) == len(set(answers))
    assert sorted(hangups) == sorted(answers)


@pytest.mark.rule("P-8")
@pytest.mark.rule("Q-2")
@pytest.mark.rule("Q-3")
@given(flow=flows, profile=profiles, steps=moves)
@settings(max_examples=300, deadline=None)
def test_exactly_one_result_per_recording(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]]
) -> None:
    """One action and one callback where they are asked for, never two, whatever happens."""
    drive = drive_at_random(flow, profile, steps)
    settle(drive)
    assert drive.of(i.Release)
    one_result_per_recording(drive)
    for request in drive.of(i.Request):
        said = request.parameters
        if request.recording_id is not None and request.kind != "transcription":
            ended = said.get("RecordingEndReason") or said.get("recording_end_reason")
            assert ended or said["RecordingDuration"] == "-1"
    ids = [r.request_id for r in drive.of(i.Request)]
    assert len(ids) == len(set(ids))


@pytest.mark.rule("F-4")
@given(flow=flows, profile=profiles, steps=moves)
@settings(max_examples=300, deadline=None)
def test_nothing_is_left_on_asterisk_and_every_dial_is_told_of(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]]
) -> None:
    drive = drive_at_random(flow, profile, steps)
    settle(drive)
    snoops = {each.snoop_id for each in drive.of(i.BeginSnoop)}
    hung_up = drive.of(i.HangUp) or any(isinstance(x, f.HangupRequested) for x in drive.facts)
    if not hung_up:  # the end of a channel ends its snoops
        assert snoops == {each.snoop_id for each in drive.of(i.EndSnoop)}
    bridges = list(dict.fromkeys(each.bridge_id for each in drive.of(i.MakeBridge)))
    assert bridges == [each.bridge_id for each in drive.of(i.EndBridge)]
    over = {each.leg_id for each in drive.facts if isinstance(each, f.LegEnded)}
    over |= {each.leg_id for each in drive.of(i.EndLeg)}
    assert {each.leg_id for each in drive.of(i.BeginLeg)} <= over
    dials_are_told_of(drive)


@given(flow=flows, profile=profiles, steps=moves)
@settings(max_examples=300, deadline=None)
def test_what_is_due_is_done_and_not_due_again(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]]
) -> None:
    """Deadlines move forward: a timer never runs in circles."""
    drive = Drive(*flow, profile=profile, one_stream=len(steps) % 2 == 0)
    for choice, ms in steps:
        drive.now += ms
        if choice != "wait":
            drive.feed(fact_of(drive, choice))
        for _ in range(4):
            if drive.due is None or drive.due > drive.now:
                break
            drive.feed(None)
        else:
            raise AssertionError(f"due since {drive.now - (drive.due or 0)} ms: {drive.state}")


@pytest.mark.rule("P-4")
@pytest.mark.rule("F-6")
@given(flow=flows, profile=profiles, steps=moves)
@settings(max_examples=300, deadline=None)
def test_timers_alone_bring_every_call_to_its_end(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]]
) -> None:
    """With no further event a call is never stuck, except on what others will surely answer."""
    drive = drive_at_random(flow, profile, steps)
    for _ in range(40):
        if drive.of(i.Release):
            break
        drive.wait(120_000)
        outstanding(drive)
    assert drive.of(i.Release)


def outstanding(drive: Drive) -> None:
    """Answers that always come: of requests, of playbacks, of hangups, of the pipeline."""
    for request in [s for s in drive.sent if isinstance(s, i.Request | i.LoadFlow)]:
        drive.feed(f.DocumentFailed(request_id=request.request_id, reached=False, reason="x"))
    for asked in [s for s in drive.sent if isinstance(s, i.FetchMedia | i.Synthesise)]:
        drive.feed(f.MediaFailed(media_id=asked.media_id, reason="x"))
    for leg in drive.of(i.EndLeg):
        drive.feed(f.LegEnded(leg_id=leg.leg_id, at=drive.now))
    for play in drive.of(i.BeginPlayback):
        drive.feed(f.PlaybackEnded(playback_id=play.playback_id, at=drive.now))
    if drive.of(i.HangUp):
        drive.feed(f.CallDestroyed(at=drive.now))
    for collect in drive.of(i.Collect):
        drive.feed(f.FileFailed(recording_id=collect.recording_id, reason="lost"))


@given(flow=flows, profile=profiles, steps=moves, fact=st.sampled_from(CHOICES).filter(happens))
@settings(max_examples=200, deadline=None)
def test_a_fact_taken_twice_does_nothing_the_second_time(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]], fact: str
) -> None:
    drive = drive_at_random(flow, profile, steps)
    repeated = fact_of(drive, fact)
    if repeated is None or isinstance(
        repeated, f.PbxSeen | f.KeyPressed | f.LegKeyPressed | f.CommandRefused
    ):
        return
    drive.feed(repeated)
    before = drive.state
    acts = [s for s in drive.feed(repeated) if not isinstance(s, i.Note | i.Release | i.EndLeg)]
    assert acts == []
    assert drive.state == before


@given(flow=flows, profile=profiles, steps=moves)
@settings(max_examples=200, deadline=None)
def test_nothing_moves_after_release(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]]
) -> None:
    drive = drive_at_random(flow, profile, steps)
    settle(drive)
    count = len(drive.of(i.Request))
    for choice in CHOICES:
        drive.feed(fact_of(drive, choice) if choice != "wait" else None)
    assert len(drive.of(i.Request)) == count
    assert drive.due is None


@pytest.mark.rule("N-1")
@given(flow=flows, profile=profiles, steps=moves)
@settings(max_examples=200, deadline=None)
def test_state_survives_the_database(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]]
) -> None:
    state = drive_at_random(flow, profile, steps).state
    assert rows.decode(msgspec.msgpack.encode(state)) == state
    assert msgspec.json.decode(msgspec.json.encode(state), type=Call) == state


@given(flow=flows, profile=profiles, steps=moves)
@settings(max_examples=100, deadline=None)
def test_a_step_is_a_function_of_its_arguments(
    flow: list[Element], profile: Profile, steps: list[tuple[str, int]]
) -> None:
    drive = drive_at_random(flow, profile, steps)
    fact = fact_of(drive, "key")
    assert machine.step(drive.state, fact, drive.now) == machine.step(drive.state, fact, drive.now)
