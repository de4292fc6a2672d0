"""Whole calls at random on a little Asterisk: nobody is stuck, no result is missing or doubled.

Commands and events take their time; commands are refused; the connection breaks, which loses
events and commands, and comes back with a look at what is there (N-3). The service is killed, which
loses what it had not committed (N-1). In the end the caller may
still be there: time and what Asterisk does by itself must bring the call to its end.
"""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Document, Element, Play, Wait
from tests.props.test_machine import (
    backgrounds,
    dials,
    dials_are_told_of,
    elements,
    one_result_per_recording,
    profiles,
    records,
)
from tests.unit.machine.asking import ELSEWHERE, REST
from tests.unit.machine.drive import Drive
from tests.unit.machine.mortal import Mortal

ENDS_FROM = 8
"""The call itself is not ended in so many first steps."""
HOUR_MS = 3_600_000
DELAYS = {"early": (0, 1, 2), "late": (4, 10, 80), "event": (0, 1, 30, 400), "": (5, 50)}
"""Of commands, of commands after their commit, of events, of all else; ms."""
DOCUMENTS = 6
"""Replies that are documents; then there are no more, so that every call has an end."""
COMMANDS = [
    *("Answer", "BeginSnoop", "BeginCapture", "EndCapture", "BeginPlayback", "BeginLeg"),
    *("EndLeg", "EndSnoop", "MakeBridge", "JoinBridge", "EndBridge", "SendKeys", "HangUp"),
    *("SendTones", "LeaveBridge", "Ring", "Progress"),
]


LAST = Wait(length_s=60)
flows: st.SearchStrategy[list[Element]] = st.one_of(
    st.lists(elements, min_size=1, max_size=4),
    st.tuples(backgrounds, dials).map(lambda two: [*two, LAST]),
    st.tuples(backgrounds, backgrounds, records, dials).map(lambda four: [*four, LAST]),
    st.tuples(records, dials, dials).map(lambda three: [*three, LAST]),
)


class Calls(RuleBasedStateMachine):
    """One call."""

    @initialize(
        flow=flows,
        profile=profiles,
        answered=st.booleans(),
        one_stream=st.booleans(),
        seed=st.integers(0, 2**32),
    )
    def enter(
        self,
        flow: list[Element],
        profile: Profile,
        answered: bool,
        one_stream: bool,
        seed: int,
    ) -> None:
        chance = random.Random(seed)
        self.drive = Drive(*flow, profile=profile, answered=answered, one_stream=one_stream)
        self.chance = chance
        self.documents = 0
        self.steps = 0
        self.asterisk = Mortal(
            self.drive, delay=lambda lane: chance.choice(DELAYS[lane]), reply=self.reply
        )

    def reply(self, request: i.Request) -> f.Fact:
        self.documents += 1
        if self.documents > DOCUMENTS or self.chance.random() < 0.3:
            return f.DocumentFailed(request.request_id, reached=True, reason="x")
        if request.kind in ("confirm", "music"):
            return f.PromptsArrived(request.request_id, (Play(source="sound:p"), Wait(length_s=1)))
        return f.DocumentArrived(
            request.request_id, Document((Play(source="sound:d"), Wait(length_s=2)))
        )

    def leg(self, index: int) -> str:
        legs = sorted(self.asterisk.legs)
        return legs[index % len(legs)] if legs else ""

    @invariant()
    def time_passes(self) -> None:
        if hasattr(self, "drive"):
            self.steps += 1
            self.asterisk.run(self.chance.choice((0, 10, 100, 1_000)))
            for leg, state in sorted(self.asterisk.legs.items()):
                if state == "dialled" and self.chance.random() < 0.3:
                    self.asterisk.hear_leg(leg)
                elif state == "dialled" and self.chance.random() < 0.4:
                    self.asterisk.answer_leg(leg)
                elif state == "up" and self.chance.random() < 0.1:
                    self.asterisk.press_on_leg(leg, "#")

    @rule(ms=st.sampled_from((2_000, 12_000)))
    def time_passes_and_nothing_happens(self, ms: int) -> None:
        self.asterisk.run(ms)

    @precondition(lambda self: bool(self.asterisk.legs))
    @rule(index=st.integers(0, 1), ring=st.booleans())
    def a_callee_answers(self, index: int, ring: bool) -> None:
        self.asterisk.answer_leg(self.leg(index), ring=ring)

    @precondition(lambda self: bool(self.asterisk.legs))
    @rule(index=st.integers(0, 1), cause=st.sampled_from((16, 17, 19)))
    def a_callee_ends(self, index: int, cause: int) -> None:
        self.asterisk.end_leg(self.leg(index), cause)

    @precondition(lambda self: bool(self.asterisk.legs))
    @rule(index=st.integers(0, 1))
    def a_callee_presses_a_key(self, index: int) -> None:
        self.asterisk.press_on_leg(self.leg(index), "#")

    @rule(key=st.sampled_from("#1*"))
    def the_caller_presses_a_key(self, key: str) -> None:
        self.asterisk.press(key)

    @precondition(lambda self: self.steps > ENDS_FROM)
    @rule(files_first=st.booleans())
    def the_caller_hangs_up(self, files_first: bool) -> None:
        self.asterisk.hang_up(files_first=files_first)

    @precondition(lambda self: self.steps > ENDS_FROM)
    @rule()
    def somebody_takes_the_call_away(self) -> None:
        self.asterisk.leave()

    @rule()
    def asterisk_closes_a_file(self) -> None:
        for name in sorted(self.asterisk.live)[:1]:
            self.asterisk.end_capture(name)

    @rule(command=st.sampled_from(COMMANDS))
    def a_command_will_be_refused(self, command: str) -> None:
        self.asterisk.refuse.add(command)

    @precondition(lambda self: self.asterisk.connected)
    @rule()
    def the_connection_breaks(self) -> None:
        self.asterisk.cut()

    @precondition(lambda self: not self.asterisk.released)
    @rule()
    def the_service_is_killed(self) -> None:
        self.asterisk.kill()

    @precondition(lambda self: not self.asterisk.connected)
    @rule()
    def it_comes_back(self) -> None:
        self.asterisk.reconnect()

    @rule()
    def files_cannot_be_read(self) -> None:
        self.asterisk.unreadable = True

    @rule()
    def somebody_stops_the_recording(self) -> None:
        if self.drive.state.recordings and not self.asterisk.released:
            self.drive.feed(f.StopAsked(self.drive.recording.recording_id))

    @rule(stereo=st.booleans())
    def somebody_records(self, stereo: bool) -> None:
        if not self.asterisk.released:
            element = msgspec.structs.replace(REST, stereo=stereo)
            self.drive.feed(f.RecordAsked(f"a{self.steps}", element))

    @rule(resume=st.booleans())
    def somebody_pauses(self, resume: bool) -> None:
        if not self.asterisk.released:
            self.drive.feed(f.PauseAsked(f"p{self.steps}", resume=resume))

    @rule()
    def somebody_transfers(self) -> None:
        if not self.asterisk.released:
            self.drive.feed(f.TransferAsked(f"t{self.steps}", ELSEWHERE))

    @precondition(lambda self: self.steps > ENDS_FROM)
    @rule()
    def somebody_hangs_up(self) -> None:
        if not self.asterisk.released:
            self.drive.feed(f.HangupAsked("API Request"))

    def teardown(self) -> None:
        if not hasattr(self, "drive"):
            return
        self.asterisk.refuse.clear()
        if not self.asterisk.connected:
            self.asterisk.reconnect()
        self.asterisk.run(6 * HOUR_MS, lambda: self.asterisk.released)
        assert self.asterisk.released, f"stuck: {self.drive.state}"
        self.asterisk.run(1_000)
        assert self.drive.due is None
        assert self.asterisk.left() == {}
        if not self.asterisk.unreadable:
            assert self.asterisk.stored == set()
        one_result_per_recording(self.drive)
        dials_are_told_of(self.drive)


@pytest.mark.rule("N-3")
@pytest.mark.rule("F-6")
@pytest.mark.rule("Q-2")
@pytest.mark.rule("F-4")
def test_calls_at_random_come_to_their_end_with_all_results_and_leave_nothing() -> None:
    run_state_machine_as_test(
        Calls, settings=settings(max_examples=250, stateful_step_count=25, deadline=None)
    )
