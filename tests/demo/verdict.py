"""What is missing of a call, in plain sentences: an empty list is the only good verdict."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

from recordbridge.plivo import signatures
from tests.demo.lengths import Length
from tests.demo.scenes import Scene
from tests.receiver import Received

DOCUMENTED = (
    "RecordUrl",
    "RecordingID",
    "RecordingDuration",
    "RecordingDurationMs",
    "RecordingStartMs",
    "RecordingEndMs",
)
NUMBERS = ("RecordingDurationMs", "RecordingStartMs", "RecordingEndMs", "RecordingDuration")
"""-1 in the first request of a background recording, and true afterwards."""
EXTENSIONS = ("Digits", "RecordingEndReason", "RecordingStoppedMs", "RecordingError", "RecordFile")
STANDARD = ("CallUUID", "From", "To", "Direction", "CallStatus", "Event")
SDK = importlib.util.find_spec("plivo") is not None
"""Whether the official SDK is installed (`make test` installs it)."""


@dataclass
class Outcome:
    """All that came of one call."""

    scene: Scene
    action: Received | None = None
    callback: Received | None = None
    data: bytes | None = None
    length: Length | None = None
    trouble: list[str] = field(default_factory=list)
    """What went wrong on the way: a call that was not answered, a file that is none."""

    @property
    def params(self) -> Mapping[str, str]:
        """Of the recording when it has ended: as `action` told them, or at least the callback;
        of one in the background only the callback tells.
        """
        request = self.callback if self.scene.background else self.action or self.callback
        return request.params if request else {}


def missing(outcome: Outcome, token: str) -> list[str]:
    """Everything that is not as documented."""
    wrong = list(outcome.trouble)
    for what, request in (("action", outcome.action), ("callback", outcome.callback)):
        if request is None:
            wrong.append(f"the {what} request did not arrive")
        else:
            wrong += [f"{what}: {each}" for each in _of_request(outcome, what, request, token)]
    if outcome.action and outcome.callback:
        wrong += _between(outcome)
    return wrong + of_file(outcome)


def signed(request: Received, token: str) -> bool:
    """Whether the signatures are good: by the official SDK, or without it by our own rules."""
    nonce = request.headers.get("X-Plivo-Signature-V3-Nonce", "")
    wanted = signatures.headers(request.method, request.url, request.params, [token], nonce)
    if request.method not in ("GET", "POST") or any(not request.headers.get(n) for n in wanted):
        return False
    if SDK:
        return request.signed_with(token)
    return all(request.headers[name] == value for name, value in wanted.items())


def _of_request(outcome: Outcome, what: str, request: Received, token: str) -> list[str]:
    params, scene = request.params, outcome.scene
    initial = what == "action" and scene.background
    wrong = [f"no {name}" for name in (*DOCUMENTED, *STANDARD) if not params.get(name)]
    expected = {
        "RecordingEndReason": None if initial else scene.reason,
        "Digits": scene.digits if what == "action" else None,
        "To": scene.number,
    } | (dict.fromkeys(NUMBERS, "-1") if initial else {})
    wrong += [
        f"{name} is {params.get(name) or 'missing'}, not {value or 'left out'}"
        for name, value in expected.items()
        if params.get(name) != value
    ]
    method = scene.record.get("method" if what == "action" else "callbackMethod", "POST")
    if request.method != method:
        wrong.append(f"it came by {request.method}, not {method}")
    if not signed(request, token):
        wrong.append("the signature is not valid")
    if not request.headers.get("X-Recordbridge-Delivery"):
        wrong.append("no X-Recordbridge-Delivery header")
    return wrong if wrong or initial else _numbers(params)


def _numbers(params: Mapping[str, str]) -> list[str]:
    wrong = [f"{name} is {params[name]}" for name in NUMBERS if not params[name].isdigit()]
    if wrong:
        return wrong
    length, start, end, seconds = (int(params[name]) for name in NUMBERS)
    if end - start != length:
        wrong.append(f"RecordingEndMs - RecordingStartMs is {end - start}, not {length}")
    if seconds != (length + 500) // 1000:
        wrong.append(f"RecordingDuration is {seconds} for {length} ms")
    return wrong


def _between(outcome: Outcome) -> list[str]:
    assert outcome.action
    assert outcome.callback
    action, callback = outcome.action.params, outcome.callback.params
    names = [name for name in DOCUMENTED if name != "RecordUrl"]
    early = []
    if outcome.scene.background:
        names = ["RecordingID"]
        if outcome.action.at >= outcome.callback.at:
            early = ["the callback did not come after the action"]
    return early + [
        f"{name} is {action.get(name)} to action, {callback.get(name)} to callback"
        for name in names
        if action.get(name) != callback.get(name)
    ]


def of_file(outcome: Outcome) -> list[str]:
    """What is wrong with the fetched file; nothing if there was no callback to tell of it."""
    if outcome.callback is None:
        return []
    if outcome.length is None:
        return [] if outcome.trouble else ["the file was not fetched"]
    reported = outcome.callback.params.get("RecordingDurationMs", "")
    if not reported.isdigit() or not outcome.length.agrees(int(reported)):
        return [f"the file is {outcome.length} ms long, RecordingDurationMs says {reported}"]
    length, channels = outcome.length, outcome.scene.channels
    if length.channels != channels:
        return [f"the file has {length.channels} channels, not {channels}"]
    sides = ("left (the caller)", "right (the far side)") if channels == 2 else ("only",)
    return [f"the {sides[each]} channel is silent" for each in length.silent]
