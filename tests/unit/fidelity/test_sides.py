"""The judgement on two parties: a recording and two wires made by hand, each fault by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asterisk.rigging import markers
from tests.fidelity import drift, sides
from tests.fidelity.conversations import MODES, Conversation, Ending, Mode, Talked
from tests.fidelity.signal import Samples, known
from tests.fidelity.wire import FRAME_NS, ULAW, Rtp, Stream, Wire

MS = 1_000_000
ANSWER = 1_700_000_000_000 * MS
FIRST = ANSWER + 5 * MS
"""When the first packet of each came."""
ENDED = FIRST + 99 * FRAME_NS
SESSION, MIXED, ON_ANSWER = MODES[0], MODES[1], MODES[2]
LENGTH = 16_000


def wire(name: str, *, frames: int = 150, later_ms: float = 0, dialled: bool = False) -> Wire:
    code = markers.code(name)
    packets = [
        Rtp(
            FIRST + n * FRAME_NS + round(later_ms * MS),
            ULAW,
            n * 160,
            code[n * 160 : n * 160 + 160],
        )
        for n in range(frames)
    ]
    return Wire("1", 0, dialled, [1, 2], ANSWER, ENDED, Stream(packets), Stream())


CALL, LEG = wire("markers"), wire("markers-b", dialled=True)
SPOKEN_MS = FIRST / MS - 20
"""When the first sample of each was spoken."""


def piece(name: str, first: int, last: int) -> Samples:
    return known(name).samples[first:last]


def silence(count: int) -> Samples:
    return np.zeros(count, np.int16)


def stereo(left: Samples, right: Samples) -> Samples:
    count = min(len(left), len(right))
    return np.column_stack([left[:count], right[:count]])


GOOD = stereo(piece("markers", 0, LENGTH), piece("markers-b", 0, LENGTH))


def judged(
    sound: Samples,
    mode: Mode = SESSION,
    ending: Ending = "maxLength",
    *,
    start_ms: float = SPOKEN_MS,
    call: Wire = CALL,
    leg: Wire = LEG,
) -> sides.Judged:
    callback = {
        "RecordingStartMs": str(round(start_ms)),
        "RecordingDurationMs": str(int(len(sound) / 8 + 0.5)),
    }
    return sides.judge(Talked(Conversation(mode, ending, 2), callback, sound), call, leg)


@pytest.mark.rule("S-7", "S-9", "Q-1")
def test_a_faultless_recording_has_no_faults() -> None:
    result = judged(GOOD)
    assert (result.head_caller, result.head_far, result.inserted, result.lost) == (0, 0, 0, 0)
    assert (result.offset, result.offset_worst, result.foreign, result.duration_error) == (0,) * 4
    assert result.start_error == pytest.approx(0, abs=0.6)
    assert result.excess == -1000
    assert result.tail_far is None
    assert result.late == 0


@pytest.mark.rule("S-7")
def test_the_offset_is_of_the_wires_not_of_the_signals() -> None:
    """The callee spoke 13 ms later on the wire, and stands in the file as if at once."""
    assert judged(GOOD, leg=wire("markers-b", later_ms=13)).offset == pytest.approx(13)
    moved = stereo(piece("markers", 0, LENGTH), np.concatenate([silence(104), GOOD[:, 1]]))
    assert judged(moved, leg=wire("markers-b", later_ms=13)).offset == pytest.approx(0)


@pytest.mark.rule("S-7")
def test_a_frame_inserted_on_one_side_moves_the_sides_apart_from_there_on() -> None:
    right = GOOD[:, 1]
    right = np.concatenate([right[:9_000], silence(160), right[9_000:]])
    result = judged(stereo(GOOD[:, 0], right))
    assert (result.inserted, result.lost) == (1, 0)
    assert result.offset == 0
    assert result.offset_worst == -20


@pytest.mark.rule("S-7")
def test_one_late_packet_is_no_offset_but_is_told() -> None:
    packets = list(LEG.to_pbx.packets)
    packets[60] = packets[60]._replace(at=packets[60].at + 15 * MS)
    late = replace(LEG, to_pbx=Stream(packets))
    result = judged(GOOD, leg=late)
    assert (result.offset_worst, result.late) == (0, 15)


@pytest.mark.rule("S-9")
def test_the_head_counts_from_the_answer_of_whom_it_is_about() -> None:
    sound = stereo(piece("markers", 800, LENGTH), piece("markers-b", 480, LENGTH))
    result = judged(sound)
    assert (result.head_caller, result.head_far) == (100, 60)
    later = replace(LEG, answered=ANSWER + 80 * MS)
    assert judged(sound, ON_ANSWER, leg=later).head_caller == 20, "before the Dial's answer"
    assert judged(sound, SESSION, leg=later).head_caller == 100


@pytest.mark.rule("S-2")
def test_the_tail_counts_to_the_end_of_call_or_dial() -> None:
    sound = GOOD[: 97 * 160]
    result = judged(sound, ending="caller")
    assert (result.tail_caller, result.tail_far, result.excess) == (60, 60, None)
    over = replace(LEG, ended=FIRST + 97 * FRAME_NS)
    result = judged(sound, ON_ANSWER, "callee", leg=over)
    assert (result.tail_caller, result.tail_far) == (20, 20)
    result = judged(sound, SESSION, "callee", leg=over)
    assert (result.tail_caller, result.tail_far) == (60, 20)


@pytest.mark.rule("Q-1")
@pytest.mark.parametrize("error_ms", [-30, 70])
def test_the_start_is_when_the_first_sample_was_spoken(error_ms: int) -> None:
    sound = stereo(*(np.concatenate([silence(240), GOOD[:, side]]) for side in (0, 1)))
    result = judged(sound, start_ms=SPOKEN_MS - 30 + error_ms)
    assert result.start_error == pytest.approx(error_ms, abs=0.6)


@pytest.mark.rule("S-7")
def test_what_the_caller_did_not_speak_is_foreign() -> None:
    sound = GOOD.copy()
    sound[4_000:4_080, 0] = 9_000
    assert 70 <= judged(sound).foreign <= 80


@pytest.mark.rule("S-7", "A-12")
def test_a_mix_is_judged_by_its_parts() -> None:
    one, other = (GOOD[:, side].astype(int) for side in (0, 1))
    mixed = np.clip(one + np.concatenate([np.zeros(160, int), other[:-160]]), -32768, 32767)
    result = judged(mixed.astype(np.int16), MIXED)
    assert (result.head_caller, result.head_far, result.inserted, result.lost) == (0, 0, 0, 0)
    assert result.offset == -20
    assert result.foreign == 0


# -- a long call


def long_side(
    *, inserted: tuple[int, ...] = (), slow: float = 0, pause_ms: int = 0, times: int = 1
) -> sides.Side:
    """30 s of the signal, several times, with faults at seconds of it."""
    code = markers.code()[: 30 * 8000] * times
    packets = []
    for n in range(len(code) // 160):
        at = FIRST + round(n * FRAME_NS * (1 + slow)) + (n >= 1500) * pause_ms * MS
        packets.append(Rtp(at, ULAW, n * 160, code[n * 160 : n * 160 + 160]))
    sound = np.tile(piece("markers", 0, 30 * 8000), times)
    for second in reversed(inserted):
        sound = np.insert(sound, second * 8000, silence(160))
    if pause_ms:
        sound = np.insert(sound, 30 * 8000, silence(pause_ms * 8))
    return drift.side_of(Stream(packets), sound)


@pytest.mark.rule("S-7")
def test_inserted_frames_are_counted_and_are_no_drift() -> None:
    told = drift.drift(long_side(inserted=(11, 21), times=2))
    assert (told.inserted, told.dropped) == (2, 0)
    assert told.per_minute == pytest.approx(0, abs=0.01)
    assert told.whole == pytest.approx(-40, abs=0.1)


@pytest.mark.rule("S-7")
def test_a_slow_clock_is_drift() -> None:
    assert drift.drift(long_side(slow=0.0001)).per_minute == pytest.approx(6, abs=0.01)


@pytest.mark.rule("S-7")
def test_a_pause_of_the_sender_is_in_wire_and_file() -> None:
    told = drift.drift(long_side(times=2, pause_ms=20))
    assert (told.inserted, told.dropped) == (0, 0)
    assert told.per_minute == pytest.approx(0, abs=0.01)


def test_a_signal_that_repeats_itself_is_followed() -> None:
    side = long_side(times=3)
    assert side.runs == [(0, 0, 90 * 8000)]
