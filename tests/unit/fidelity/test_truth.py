"""The judgement: a recording made by hand beside a wire made by hand, each fault by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from asterisk.rigging import markers
from tests.fidelity import truth
from tests.fidelity.calls import Delivered
from tests.fidelity.cases import Case
from tests.fidelity.signal import Samples, known
from tests.fidelity.wire import EVENT, FRAME_NS, ULAW, Rtp, Stream, Wire

MS = 1_000_000
ANSWER = 1_700_000_000_000 * MS
FIRST = ANSWER + 5 * MS
"""When the first packet of the signal came."""
FRAMES = 200
SILENT = b"\xff" * 160
BEEP = b"\x80" * 160


def speech(frames: int = FRAMES, code: bytes = b"") -> list[Rtp]:
    """The signal from its beginning on, in packets of 20 ms."""
    code = code or markers.code()
    return [
        Rtp(FIRST + n * FRAME_NS, ULAW, n * 160, code[n * 160 : n * 160 + 160])
        for n in range(frames)
    ]


def call(to_pbx: Sequence[Rtp], from_pbx: Sequence[Rtp] = (), ended: int | None = None) -> Wire:
    return Wire("1", 0, False, [1, 2], ANSWER, ended, Stream(list(to_pbx)), Stream(list(from_pbx)))


def delivered(case: Case, sound: Samples, start_ms: float, stopped_ms: float = 0) -> Delivered:
    callback = {
        "RecordingStartMs": str(round(start_ms)),
        "RecordingDurationMs": str(int(len(sound) / 8 + 0.5)),
        "RecordingStoppedMs": str(round(stopped_ms)),
    }
    return Delivered(case, callback, sound)


def piece(first: int, last: int) -> Samples:
    return known().samples[first:last]


def silence(ms: int) -> Samples:
    return np.zeros(ms * 8, np.int16)


SPOKEN_MS = FIRST / MS - 20
"""When the first sample of the signal was spoken."""


@pytest.mark.rule("Q-1")
@pytest.mark.parametrize("error_ms", [-30, 0, 70])
def test_the_start_is_when_the_first_sample_was_spoken(error_ms: int) -> None:
    sound = np.concatenate([silence(30), piece(0, 16_000)])
    judged = truth.marked(
        delivered(Case("102", "maxLength"), sound, SPOKEN_MS - 30 + error_ms), call(speech())
    )
    assert judged.start_error == pytest.approx(error_ms, abs=0.6)
    assert judged.head_loss == 0


@pytest.mark.rule("X-2")
def test_a_missing_head_is_counted_from_the_first_packet_after_the_answer() -> None:
    sound = piece(100, 16_000)
    judged = truth.marked(delivered(Case("102", "maxLength"), sound, SPOKEN_MS), call(speech()))
    assert judged.head_loss == 12.5
    assert judged.start_error == pytest.approx(-12.5, abs=0.6)
    early = [packet._replace(at=packet.at - 20 * MS) for packet in speech()]
    judged = truth.marked(delivered(Case("102", "maxLength"), sound, 0), call(early))
    assert judged.head_loss == 0, "the first packet came before the answer"


@pytest.mark.rule("Q-1", "P-6")
def test_length_and_faults_inside_the_file() -> None:
    case = Case("100", "maxLength")
    sound = np.concatenate([piece(0, 12_000), silence(20), piece(12_000, 24_080)])
    good = delivered(case, sound, SPOKEN_MS)
    judged = truth.marked(good, call(speech()))
    assert (judged.inserted, judged.lost, judged.foreign) == (20, 0, 0)
    assert judged.excess == 30
    assert judged.duration_error == 0
    wrong = dict(good.callback, RecordingDurationMs="3000")
    assert truth.marked(good._replace(callback=wrong), call(speech())).duration_error == -30


@pytest.mark.rule("P-2")
def test_the_beep_ends_with_its_last_loud_packet() -> None:
    beep = [Rtp(FIRST + 400 * MS, ULAW, 0, BEEP), Rtp(FIRST + 420 * MS, ULAW, 160, SILENT)]
    sound = piece(160 * 22, 16_000)
    judged = truth.marked(delivered(Case("103", "maxLength"), sound, 0), call(speech(), beep))
    assert judged.beep_gap == 20
    assert judged.head_loss is None
    with pytest.raises(truth.TruthError, match="no beep"):
        truth.marked(delivered(Case("103", "maxLength"), sound, 0), call(speech()))


@pytest.mark.rule("P-7")
def test_the_key_begins_with_its_first_event_or_its_tone() -> None:
    event = Rtp(FIRST + 1_000 * MS, EVENT, 8_000, b"\x0b\x0a\0\0")
    sound = piece(0, 50 * 160)
    judged = truth.marked(delivered(Case("102", "finishOnKey"), sound, 0), call([*speech(), event]))
    assert judged.key_error == -20, "the packet that came with the event was spoken before it"
    tone = [Rtp(FIRST + n * FRAME_NS, ULAW, n * 160, BEEP) for n in (60, 61)]
    judged = truth.marked(
        delivered(Case("102", "finishOnKey", inband=True), sound, 0), call([*speech(60), *tone])
    )
    assert judged.key_error == -200


@pytest.mark.rule("P-10")
def test_what_was_sent_before_the_hangup_belongs_into_the_file() -> None:
    wire = call(speech(), ended=FIRST + 99 * FRAME_NS)
    judged = truth.marked(delivered(Case("102", "hangup"), piece(0, 98 * 160), 0), wire)
    assert judged.tail_loss == 40


@pytest.mark.rule("P-5", "P-6")
def test_silence_counts_from_the_last_loud_packet() -> None:
    code = markers.code()[: 160 * 50] + SILENT * 200
    wire = call(speech(250, code))
    stopped = (FIRST + 49 * FRAME_NS) / MS + 3_000 + 40
    sound = np.concatenate([piece(0, 160 * 50), silence(200)])
    judged = truth.silent(delivered(Case("104", "silence"), sound, 0, stopped), wire, 128)
    assert judged == truth.Silent(40, 0, head_loss=0, speech_lost=0, tail=200)
    cut = truth.silent(delivered(Case("104", "silence"), sound[:6_400], 0, stopped), wire, 128)
    assert cut.speech_lost == 200


@pytest.mark.rule("P-5")
def test_who_never_speaks_is_silent_from_the_answer_on() -> None:
    wire = call([])
    judged = truth.silent(
        delivered(Case("104", "silence"), silence(200), 0, ANSWER / MS + 3_025), wire, 128
    )
    assert judged == truth.Silent(25, 0, tail=200)
