"""The ledger: what the carrier saw of each call against what the application was told of it.

lost           a recording was heard to begin, and the application knows nothing of it
lost audio     what the caller said is not in its file
lost callback  it was begun and not reported to its end
two ids        one Record element has led to two recordings
strange repeat a request came again under another X-Recordbridge-Delivery
changed repeat a request came again and said something else
dialled twice  one Dial has rung a phone twice
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from recordbridge.engine.attempts import FILE_NAMES
from recordbridge.instant import Instant
from tests.chaos import truth
from tests.chaos.caller import Entry
from tests.chaos.scenes import Take
from tests.fidelity.signal import Run
from tests.service.audio import Sound, read_wav
from tests.service.service import Delivered, true
from tests.service.stereo import read as read_stereo

GLITCH_MS = 100
"""So much may be missing where a busy Asterisk lost or inserted a frame."""
FULL = "disk full"


@dataclass
class Result:
    """Of one call or of many."""

    breaches: list[tuple[str, str]] = field(default_factory=list)
    """Kind and what it was."""
    recordings: int = 0
    honest: int = 0
    """Reported as failed, with a reason that a fault explains."""
    requests: int = 0
    repeats: int = 0
    again: list[tuple[str, int]] = field(default_factory=list)
    """For each repeat: what was killed after the first, and how many ms after."""
    missing_ms: list[int] = field(default_factory=list)
    broke: list[str] = field(default_factory=list)
    """Lines of the service's log that say that something is wrong in it."""

    def add(self, other: Result) -> None:
        self.breaches += other.breaches
        self.recordings += other.recordings
        self.honest += other.honest
        self.requests += other.requests
        self.repeats += other.repeats
        self.again += other.again
        self.missing_ms += other.missing_ms
        self.broke += other.broke


class Journal:
    """What the application wrote down, by caller and name of the request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self.of: defaultdict[str, defaultdict[str, list[dict[str, Any]]]]
        self.of = defaultdict(lambda: defaultdict(list))

    def look(self) -> None:
        """Take in what is new."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                each = json.loads(line)
                name = each["path"].rpartition("/")[2]
                self.of[each["params"].get("From", "")][name].append(each)

    def call_uuid(self, caller: str) -> str:
        answers = self.of[caller]["answer"]
        return str(answers[0]["params"]["CallUUID"]) if answers else ""


def complete(entry: Entry, told: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether nothing is awaited any more; what never comes is judged when the time is up."""
    if entry.answered_at is None:
        return not any(told.get(f"action{n}") for n in (1, 2))
    for nth, take in enumerate(entry.scene.takes, 1):
        begun = _begun(entry, take, [])
        if (begun or told.get(f"action{nth}")) and not told.get(f"callback{nth}"):
            return False
    return bool(told.get("hangup"))


def _begun(entry: Entry, take: Take, far: list[Run]) -> bool:
    """The carrier saw or heard that it has begun; `far`: what the caller heard of a callee."""
    if entry.answered_at is None or entry.spoke_at is None:
        return False
    if take.begins == "asked":
        return bool(entry.asked)
    if take.begins == "beep":
        return entry.beeped_until() is not None
    if take.begins == "connected":
        return bool(far)
    return True


class Judge:
    """Judges a call that is over and has had its time; `files` are those that were fetched."""

    def __init__(self, entry: Entry, told: dict[str, list[dict[str, Any]]]) -> None:
        self.entry = entry
        self.told = told
        self.result = Result()
        self.far = truth.callee(entry)

    def judge(self, files: dict[str, bytes]) -> Result:
        entry = self.entry
        if entry.stuck:
            self._breach("stuck", "the call did not end by itself")
        if entry.rang > entry.scene.dials:
            self._breach("dialled twice", f"the phone rang {entry.rang} times")
        for name, requests in self.told.items():
            self._repeats(name, requests)
        if entry.answered_at is not None and not self.told.get("hangup"):
            self._breach("lost callback", "nothing was told of its end")
        for nth, take in enumerate(entry.scene.takes, 1):
            self._take(nth, take, files)
        return self.result

    def _breach(self, kind: str, what: str) -> None:
        entry = self.entry
        where = f"{entry.scene.mode}, {entry.scene.name} ({entry.caller})"
        during = f" [{', '.join(sorted(entry.touched))}]" if entry.touched else ""
        self.result.breaches.append((kind, f"{where}{during}: {what}"))

    def _repeats(self, name: str, requests: list[dict[str, Any]]) -> None:
        if not requests:
            return
        self.result.requests += len(requests)
        self.result.repeats += len(requests) - 1
        ids = {each["delivery"] for each in requests}
        if len(ids) > 1 and not self._twice_for_room(name, requests):
            self._breach("strange repeat", f"{name} came {len(requests)} times as {ids}")
        for one in ids:
            said = {_said(each["params"]) for each in requests if each["delivery"] == one}
            if len(said) > 1:
                self._breach("changed repeat", f"{name} came as {said}")

    def _twice_for_room(self, name: str, requests: list[dict[str, Any]]) -> bool:
        """N-4: a callback comes again, with the file, when there is room for it."""
        first = requests[0]["params"]
        return name.startswith("callback") and FULL in first.get("RecordingError", "")

    def _take(self, nth: int, take: Take, files: dict[str, bytes]) -> None:
        actions = self.told.get(f"action{nth}", [])
        callbacks = self.told.get(f"callback{nth}", [])
        ids = {_id(each["params"]) for each in (*actions, *callbacks)}
        if len(ids) > 1:
            self._breach("two ids", f"recording {nth} is {ids}")
        begun = _begun(self.entry, take, self.far)
        if take.begins == "asked":
            ids |= {recording_id for recording_id, _ in self.entry.asked}
            if len(ids) > 1:
                self._breach("two ids", f"recording {nth} is {ids}")
        if not actions and not callbacks:
            if begun:
                self._breach("lost", f"recording {nth} began and nothing was told of it")
            return
        self.result.recordings += 1
        if not callbacks or (not actions and take.action and not self._was_document(take)):
            self._breach("lost callback", f"recording {nth}: {len(actions)} actions, "
                         f"{len(callbacks)} callbacks")  # fmt: skip
            return
        self._file(nth, take, callbacks[-1]["params"], files, begun=begun)

    def _was_document(self, take: Take) -> bool:
        """It was in vain: the application was away, or it was no delivery yet."""
        return take.document and "application" in self.entry.touched

    def _file(
        self, nth: int, take: Take, told: dict[str, str], files: dict[str, bytes], *, begun: bool
    ) -> None:
        error = told.get("RecordingError") or told.get("recording_error") or ""
        killed = self.entry.pbx_died_at is not None
        if error and (FULL in error or killed):
            self.result.honest += 1
        elif error:
            self._breach("failed", f"recording {nth}: {error}")
        if not begun or FULL in error:
            return
        url = _url(told)
        data = files.get(url, b"")
        if not data:
            if not (error and killed):
                self._breach("lost", f"recording {nth} has no file: {told}")
            return
        self._sound(nth, take, told, data)

    def _sound(self, nth: int, take: Take, told: dict[str, str], data: bytes) -> None:
        sides = [*read_stereo(data)] if take.stereo else [read_wav(data)]
        if "RecordingDurationMs" in told:
            try:
                true(Delivered(told, sides[0]))
            except AssertionError:
                self._breach("untrue", f"recording {nth}: {told}, {sides[0].ms} ms")
        asked = self.entry.asked[0][1] if self.entry.asked else None
        near = truth.part(self.entry, take, self.far, asked)
        self._part(nth, "caller", sides[0], "markers", near)
        if take.stereo:
            self._part(nth, "callee", sides[1], "markers-b", truth.far_part(self.entry, self.far))

    def _part(self, nth: int, who: str, sound: Sound, name: str, wanted: truth.Span | None) -> None:
        if wanted is None:
            return
        missing = truth.missing_ms(sound, name, wanted)
        self.result.missing_ms.append(missing)
        if missing > GLITCH_MS:
            first, end = wanted.first / 8000, wanted.end / 8000
            self._breach(
                "lost audio",
                f"recording {nth} ({sound.ms:.0f} ms): {missing} ms of the {who}'s"
                f" {first:.2f} to {end:.2f} s",
            )


def again(
    told: dict[str, list[dict[str, Any]]], deaths: list[tuple[Instant, str]]
) -> list[tuple[str, int]]:
    """What was killed between a request and its repeat, and how many ms after the request."""
    found = []
    for requests in told.values():
        for first, second in pairwise(requests):
            between = [each for each in deaths if first["at"] <= each[0] <= second["at"]]
            when, what = between[0] if between else (second["at"], "nothing")
            found.append((what, when - first["at"]))
    return found


def _said(params: dict[str, str]) -> frozenset[tuple[str, str]]:
    """What a request tells, but for the address of the file: that is signed when it is sent."""
    return frozenset(each for each in params.items() if each[0] not in FILE_NAMES)


def _id(params: dict[str, str]) -> str:
    return params.get("RecordingID") or params.get("recording_id") or ""


def _url(params: dict[str, str]) -> str:
    return params.get("RecordUrl") or params.get("record_url") or ""


def urls(told: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The files that the callbacks lead to."""
    found = (
        _url(each["params"])
        for name, requests in told.items()
        if name.startswith("callback")
        for each in requests[-1:]
    )
    return [url for url in found if url]


def judged(
    entry: Entry, told: dict[str, list[dict[str, Any]]], files: dict[str, bytes], kept: Path
) -> Result:
    """In a process of its own: it takes a while. What is wrong is kept there, to be looked at."""
    result = Judge(entry, told).judge(files)
    if result.breaches:
        kept.mkdir(exist_ok=True)
        (kept / f"{entry.caller}.json").write_text(json.dumps(told))
        for nth, data in enumerate(files.values(), 1):
            (kept / f"{entry.caller}-{nth}.wav").write_bytes(data)
    return result
