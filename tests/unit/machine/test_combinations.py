"""Every combination of Record's flags, redirect, action and callback, with a hangup at every point.

The document is `<Record/><Dial/><Wait/>`; a reply to an action is the part that has not run. What
is expected is computed from the rules alone (`expected`), not from the machine.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile, Waiting
from recordbridge.plivo.elements import Callee, Dial, Document, Record, Wait
from recordbridge.plivo.retry import Target
from tests.unit.machine.asterisk import Asterisk
from tests.unit.machine.drive import ACTION, CALLBACK, Drive

MODES = ("plain", "session", "dialAnswer", "both")
POINTS = ("before", "starting", "running", "ended", "filed", "ringing", "after_dial")
HANGUP = Target(url="https://app.example.com/hangup")
REST = (Dial(callees=(Callee(address="1"),)), Wait(length_s=60))
ANSWERED_AFTER_DIAL = ("dialAnswer", "both")
"""Modes in which there is a recording only once the callee was there."""


class Case(NamedTuple):
    mode: str
    redirect: bool
    action: bool
    callback: bool
    point: str

    @property
    def element(self) -> Record:
        return Record(
            action=ACTION if self.action else None,
            callback=CALLBACK if self.callback else None,
            redirect=self.redirect,
            record_session=self.mode in ("session", "both"),
            start_on_dial_answer=self.mode in ANSWERED_AFTER_DIAL,
            max_length_s=5,
        )


class Sent(NamedTuple):
    """What matters of one request."""

    kind: str
    event: str
    wants_document: bool
    durable: bool
    times: str
    digits: str
    reason: str


CASES = [
    Case(*each)
    for each in itertools.product(MODES, (True, False), (True, False), (True, False), POINTS)
]


def expected(case: Case) -> list[Sent]:
    """The requests that the rules demand, in order."""
    if case.mode in ANSWERED_AFTER_DIAL and case.point in ("before", "ringing"):
        return []  # S-2: nobody answered, no recording, no request
    event = "Redirect" if case.redirect else "Record"
    began = case.point not in ("before", "starting")
    reason = _reason(case)
    requests = []
    if case.mode == "plain":
        awaited = case.redirect and case.point in ("filed", "ringing", "after_dial")
        digits = "#" if reason == "finishOnKey" else ""
        requests = [Sent("action", event, awaited, not awaited, "true", digits, reason)]
    elif began:
        requests = [Sent("action", event, case.redirect, True, "-1", "", "")]
    else:
        requests = [Sent("action", event, False, True, "true", "", reason)]
    callback = Sent("callback", "Record", False, True, "true", "", reason)
    return (requests if case.action else []) + ([callback] if case.callback else [])


def _reason(case: Case) -> str:
    if case.point in ("before", "starting", "running"):
        return "hangup"
    if case.mode == "plain":
        return "finishOnKey"
    if case.mode == "dialAnswer":
        return "dialEnded"
    return "maxLength" if case.point in ("ended", "filed") else "hangup"


class Scene:
    """The call of one case, up to its hangup and beyond."""

    def __init__(self, case: Case) -> None:
        self.case = case
        profile = Profile(account="M", application="a", hangup=HANGUP)
        self.drive = Drive(case.element, *REST, profile=profile)
        self.asterisk = Asterisk(self.drive, reply=self.reply)

    def reply(self, request: i.Request) -> f.Fact:
        rest = REST[1:] if self.drive.of(i.BeginLeg) else REST
        return f.DocumentArrived(request.request_id, Document(rest))

    def until(self, phases: tuple[str, ...]) -> None:
        drive = self.drive
        assert self.asterisk.run(
            10_000, lambda: bool(drive.state.recordings) and drive.recording.phase in phases
        )

    def callee(self, *, answers: bool) -> None:
        """The Dial rings; perhaps it is answered."""
        assert self.asterisk.run(10_000, lambda: bool(self.asterisk.legs))
        self.asterisk.run(500)
        if answers:
            self.asterisk.answer_leg(next(iter(self.asterisk.legs)))

    def callee_hangs_up(self) -> None:
        self.asterisk.run(2_000)
        self.asterisk.end_leg(next(iter(self.asterisk.legs)))

    def play(self) -> None:
        """As far as the point at which the caller hangs up."""
        case, asterisk = self.case, self.asterisk
        if case.point == "before":
            return
        if case.mode in ANSWERED_AFTER_DIAL:
            self.callee(answers=case.point != "ringing")
            if case.point == "ringing":
                return
        self.until(("starting",) if case.point == "starting" else ("running",))
        if case.point == "starting":
            return
        asterisk.run(1_000)
        if case.point != "running":
            self.end()

    def end(self) -> None:
        """The recording ends, or goes on while the call does."""
        case, asterisk = self.case, self.asterisk
        if case.mode == "plain":
            asterisk.press("#")
        if case.mode == "dialAnswer":
            self.callee_hangs_up()
        match case.point:
            case "ended":
                self.until(("collecting",))
            case "filed":
                self.until(("done",))
            case "ringing":
                self.callee(answers=False)
            case "after_dial":
                self.after_dial()

    def after_dial(self) -> None:
        if self.case.mode not in ANSWERED_AFTER_DIAL:
            self.callee(answers=True)
        if self.case.mode != "dialAnswer":
            self.callee_hangs_up()
        assert self.asterisk.run(10_000, lambda: isinstance(self.drive.state.flow.doing, Waiting))

    def sent(self) -> list[Sent]:
        kinds = ("action", "callback")
        return [_told(r) for r in self.drive.of(i.Request) if r.kind in kinds]


def _told(request: i.Request) -> Sent:
    said = request.parameters
    times = {said[f"Recording{name}"] for name in ("Duration", "DurationMs", "StartMs", "EndMs")}
    if "-1" in times:
        assert times == {"-1"}
    else:
        start, end = int(said["RecordingStartMs"]), int(said["RecordingEndMs"])
        assert end - start == int(said["RecordingDurationMs"])
    assert said["RecordUrl"] == said["RecordFile"]
    assert said["RecordUrl"].endswith(f"{said['RecordingID']}.mp3")
    return Sent(
        request.kind,
        said["Event"],
        request.wants_document,
        request.durable,
        "-1" if "-1" in times else "true",
        said.get("Digits", ""),
        said.get("RecordingEndReason", ""),
    )


@pytest.mark.rule("P-8")
@pytest.mark.rule("P-9")
@pytest.mark.rule("P-10")
@pytest.mark.rule("S-2")
@pytest.mark.rule("S-3")
@pytest.mark.rule("S-5")
@pytest.mark.rule("Q-3")
@pytest.mark.rule("Q-4")
@pytest.mark.rule("F-3")
@pytest.mark.rule("H-3")
@pytest.mark.rule("D-27")
@pytest.mark.rule("D-28")
@pytest.mark.rule("D-29")
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(str(each) for each in case))
def test_exactly_the_requests_of_the_rules_and_nothing_left(case: Case) -> None:
    scene = Scene(case)
    scene.play()
    drive, asterisk = scene.drive, scene.asterisk
    assert not drive.of(i.Release)
    asterisk.hang_up()
    assert asterisk.run(60_000, lambda: bool(drive.of(i.Release)))
    asterisk.run(1_000)
    assert scene.sent() == expected(case)
    follows(case, drive)
    settled(drive, asterisk)


def follows(case: Case, drive: Drive) -> None:
    """Q-4: the callback waits for the action; H-3: an awaited action becomes durable."""
    actions, callbacks = drive.requests("action"), drive.requests("callback")
    for callback in callbacks:
        assert callback.after == (actions[0].request_id if actions else None)
    waiting = case.mode == "plain" and case.redirect and case.action and case.point == "filed"
    changed = [each.request_id for each in drive.of(i.MakeDurable)]
    assert changed == ([actions[0].request_id] if waiting else [])
    assert len(drive.requests("hangup")) == 1


def settled(drive: Drive, asterisk: Asterisk) -> None:
    """Nothing is left: no deadline, no file in work, no object on Asterisk."""
    assert drive.due is None
    assert all(r.phase == "done" and r.size is not None for r in drive.state.recordings)
    assert asterisk.left() == {}
    made = {each.bridge_id for each in drive.of(i.MakeBridge)}
    assert made == {each.bridge_id for each in drive.of(i.EndBridge)}
    files = {name for each in drive.of(i.Discard) for name in each.names}
    assert files >= {name for each in drive.of(i.Collect) for name in each.names}
    assert files <= {each.name for each in drive.of(i.BeginCapture)}
