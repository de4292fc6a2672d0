"""A recording follows the call to another channel (S-1: it goes on through transfers).

After a transfer by the caller another channel is in the bridge, which is not the one that is
snooped: it gets snoops and files of its own. The ones before are recorded until the new ones are,
and what is delivered has both, each at its time; so nothing can be missing but a few milliseconds.
"""

from __future__ import annotations

from typing import NamedTuple

from recordbridge.instant import Instant
from recordbridge.machine import capture, life
from recordbridge.machine import facts as f
from recordbridge.machine.intents import BeginSnoop, EndCapture, EndSnoop
from recordbridge.machine.state import Recording, Tap
from recordbridge.machine.turn import Turn, replace


class _Found(NamedTuple):
    recording: Recording
    tap: Tap


def _find(turn: Turn, object_id: str) -> _Found | None:
    """The tap of that snoop or file, if it is one of these."""
    for recording in turn.call.recordings:
        for tap in (*recording.coming, *recording.earlier):
            if object_id in (tap.snoop_id, life.capture_name(tap)):
                return _Found(recording, tap)
    return None


def _mark(turn: Turn, recording: Recording, tap: Tap, **fields: object) -> Recording:
    def changed(group: tuple[Tap, ...]) -> tuple[Tap, ...]:
        return tuple(replace(each, **fields) if each == tap else each for each in group)

    return turn.put(
        recording,
        coming=changed(recording.coming),
        former=tuple(changed(group) for group in recording.former),
    )


def begin(turn: Turn, recording: Recording) -> None:
    """Listen to the call's present channel instead of the one before."""
    if recording.phase != "running":
        return
    recording = capture.without_coming(turn, recording)
    coming = tuple(Tap(turn.new_object("snoop"), tap.direction) for tap in recording.taps)
    for tap in coming:
        turn.emit(
            BeginSnoop(
                channel_id=turn.call.channel_id, snoop_id=tap.snoop_id, direction=tap.direction
            )
        )
    turn.durable = True
    if recording.hushed:  # paused: recorded when that is over
        coming = tuple(replace(tap, closed=True) for tap in coming)
    recording = turn.put(recording, coming=coming)
    if recording.hushed:
        _take_over(turn, recording)


def _take_over(turn: Turn, recording: Recording) -> None:
    for tap in recording.taps:
        if not tap.closed:
            turn.emit(EndCapture(channel_id=turn.call.channel_id, name=life.capture_name(tap)))
        turn.emit(EndSnoop(channel_id=turn.call.channel_id, snoop_id=tap.snoop_id))
    former = (*recording.former, recording.taps)
    turn.put(recording, former=former, taps=recording.coming, coming=())


# -- what becomes of them; each tells whether it was about one of these


def snoop_entered(turn: Turn, snoop_id: str) -> bool:
    """The channel can be recorded, when all its snoops are there."""
    found = _find(turn, snoop_id)
    if found is None:
        return False
    recording, tap = found
    if recording.phase != "running" or tap.ready:
        return True
    capture.watch(turn, recording, tap)
    recording = _mark(turn, recording, tap, ready=True)
    if all(each.ready for each in recording.coming):
        capture.begin_files(turn, recording, recording.coming)
    return True


def began(turn: Turn, name: str, at: Instant) -> bool:
    """Asterisk writes; when it does for all of a new channel, that is the one."""
    found = _find(turn, name)
    if found is None:
        return False
    recording, tap = found
    if recording.phase == "running" and tap.captured_at is None:
        recording = _mark(turn, recording, tap, captured_at=at)
        turn.durable = True
        if all(each.captured_at is not None for each in recording.coming):
            _take_over(turn, recording)
    return True


def ended(turn: Turn, name: str) -> bool:
    """Asterisk closed such a file."""
    found = _find(turn, name)
    if found is None:
        return False
    recording = _mark(turn, found.recording, found.tap, closed=True)
    if recording.phase == "ending":
        capture.collect_closed(turn, recording.recording_id)
    return True


def failed(turn: Turn, object_id: str, reason: str) -> bool:
    """It cannot be recorded. Mostly the channel is hanging up, which tells the rest."""
    found = _find(turn, object_id)
    if found is None:
        return False
    recording, tap = found
    if recording.phase != "running" or tap.captured_at is not None:
        return True
    turn.warn("recording_not_followed", recording_id=recording.recording_id, reason=reason)
    recording = capture.without_coming(turn, recording)
    if all(tap.closed for tap in recording.taps):
        turn.put(recording, stopped_at=turn.now, deadline=turn.now + capture.WHY_MS)
    return True


def refused(turn: Turn, fact: f.CommandRefused) -> bool:
    """A command for such a tap was refused."""
    match fact.command:
        case "BeginSnoop" | "BeginCapture":
            return failed(turn, fact.object_id, fact.reason)
        case "EndCapture" if fact.gone:
            return ended(turn, fact.object_id)
        case _:
            return False


def seen(turn: Turn, recording: Recording, fact: f.PbxSeen, *, begun: bool = False) -> None:
    """N-3: after a gap; what is not there any more has ended, what was not `begun` now is anew."""
    live = set(fact.live)
    for tap in recording.earlier:
        if tap.captured_at is not None and not tap.closed and life.capture_name(tap) not in live:
            ended(turn, life.capture_name(tap))
    current = turn.recording(recording.recording_id) or recording
    if current.coming and not begun:
        begin(turn, current)
