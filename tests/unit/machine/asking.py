"""Calls of which REST asks something, on the pure machine."""

from __future__ import annotations

from typing import Any

from recordbridge.machine import facts as f
from recordbridge.machine.state import Recording
from recordbridge.plivo.elements import Record, Wait
from recordbridge.plivo.retry import Target
from tests.unit.machine.drive import CALLBACK, Drive

ELSEWHERE = Target(url="https://app.example.com/elsewhere")
REST = Record(record_session=True, stereo=False, callback=CALLBACK, file_format="wav")


def talking(**fields: Any) -> Drive:
    """An answered call that waits."""
    return Drive(Wait(length_s=600), answered=True, **fields)


def asked(drive: Drive, element: Record = REST, asked_id: str = "api1", key: str = "") -> Recording:
    """REST begins a recording."""
    drive.feed(f.RecordAsked(asked_id=asked_id, element=element, key=key, digest="d"))
    return drive.recording


def now(drive: Drive, recording: Recording) -> Recording:
    return next(r for r in drive.state.recordings if r.recording_id == recording.recording_id)
