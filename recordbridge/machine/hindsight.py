"""What nobody heard of a recording is told by Asterisk's file (N-1, N-2, Q-2).

A snoop's file keeps wall-clock time. So its length tells when it began, if its end was heard; and
how it ends tells why, if nothing else does.
"""

from __future__ import annotations

from recordbridge.machine import facts as f
from recordbridge.machine import reports
from recordbridge.machine.state import Recording
from recordbridge.machine.turn import replace

KEPT_MS = 200
"""How much of the silence that ended a recording Asterisk keeps."""
QUIET_MS = 150
"""A file that ends with less silence was not ended by silence."""
FRAME_MS = 20
STRANGE = (
    "Asterisk ended the recording by itself while the service was away; "
    "its log tells why (a full disk, for instance)"
)


def corrected(recording: Recording, fact: f.AudioMeasured) -> Recording:
    """The recording, of which that was measured, with what was not known before."""
    if recording.guessed:
        recording = _begun(recording, fact)
    return _ended(recording, fact) if recording.unheard else recording


def _cut_off_ms(recording: Recording) -> int:
    """How much silence Asterisk has cut off the end of its file; what we ended it has not cut."""
    if recording.reason != "silence" or recording.keep_ms is not None:
        return 0
    return recording.element.timeout_s * 1000 - KEPT_MS


def _begun(recording: Recording, fact: f.AudioMeasured) -> Recording:
    was, closed = recording.captured_at, recording.closed_at
    if was is None or closed is None or recording.start_at is None or recording.pauses:
        return recording
    since = closed - fact.captured_ms - _cut_off_ms(recording)
    return replace(
        recording,
        guessed=False,
        taps=tuple(replace(tap, captured_at=since) for tap in recording.taps),
        start_at=recording.start_at + since - was,
    )


def _ended(recording: Recording, fact: f.AudioMeasured) -> Recording:
    length = fact.frames * 1000 // fact.rate
    if length >= recording.element.max_length_s * 1000 - FRAME_MS:
        recording = replace(recording, reason="maxLength", error="")
    elif recording.reason == "silence" and fact.quiet_ms < QUIET_MS:
        recording = replace(recording, reason="failed", error=STRANGE)
    elif recording.reason == "failed" and not recording.error:
        recording = replace(recording, error=STRANGE)
    times = reports.times(recording)
    stopped = recording.stopped_at if times is None else times.end_ms + _cut_off_ms(recording)
    return replace(recording, stopped_at=stopped, unheard=False)
