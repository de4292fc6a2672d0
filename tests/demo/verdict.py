"""What is missing of a voicemail, in plain sentences: an empty list is the only good verdict."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

from recordbridge.plivo import signatures
from tests.demo.lengths import Length
from tests.demo.voicemails import Voicemail
from tests.receiver import Received

DOCUMENTED = (
    "RecordUrl",
    "RecordingID",
    "RecordingDuration",
    "RecordingDurationMs",
    "RecordingStartMs",
    "RecordingEndMs",
)
EXTENSIONS = ("Digits", "RecordingEndReason", "RecordingStoppedMs", "RecordingError", "RecordFile")
STANDARD = ("CallUUID", "From", "To", "Direction", "CallStatus", "Event")
SDK = importlib.util.find_spec("plivo") is not None
"""Whether the official SDK is installed (`make test` installs it)."""


@dataclass
class Outcome:
    """All that came of one voicemail."""

    voicemail: Voicemail
    action: Received | None = None
    callback: Received | None = None
    data: bytes | None = None
    length: Length | None = None
    trouble: list[str] = field(default_factory=list)
    """What went wrong on the way: a call that was not answered, a file that is none."""

    @property
    def params(self) -> Mapping[str, str]:
        """Of the recording: as `action` told them, or at least the callback."""
        request = self.action or self.callback
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
        wrong += _between(outcome.action.params, outcome.callback.params)
    return wrong + _of_file(outcome)


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
    params, voicemail = request.params, outcome.voicemail
    wrong = [f"no {name}" for name in (*DOCUMENTED, *STANDARD) if not params.get(name)]
    digits = voicemail.digits if what == "action" else None
    expected = {"RecordingEndReason": voicemail.reason, "Digits": digits, "To": voicemail.number}
    wrong += [
        f"{name} is {params.get(name) or 'missing'}, not {value or 'left out'}"
        for name, value in expected.items()
        if params.get(name) != value
    ]
    method = voicemail.record.get("method" if what == "action" else "callbackMethod", "POST")
    if request.method != method:
        wrong.append(f"it came by {request.method}, not {method}")
    if not signed(request, token):
        wrong.append("the signature is not valid")
    if not request.headers.get("X-Recordbridge-Delivery"):
        wrong.append("no X-Recordbridge-Delivery header")
    return wrong or _numbers(params)


def _numbers(params: Mapping[str, str]) -> list[str]:
    names = ("RecordingDurationMs", "RecordingStartMs", "RecordingEndMs", "RecordingDuration")
    wrong = [f"{name} is {params[name]}" for name in names if not params[name].isdigit()]
    if wrong:
        return wrong
    length, start, end, seconds = (int(params[name]) for name in names)
    if end - start != length:
        wrong.append(f"RecordingEndMs - RecordingStartMs is {end - start}, not {length}")
    if seconds != (length + 500) // 1000:
        wrong.append(f"RecordingDuration is {seconds} for {length} ms")
    return wrong


def _between(action: Mapping[str, str], callback: Mapping[str, str]) -> list[str]:
    names = [name for name in DOCUMENTED if name != "RecordUrl"]
    return [
        f"{name} is {action.get(name)} to action, {callback.get(name)} to callback"
        for name in names
        if action.get(name) != callback.get(name)
    ]


def _of_file(outcome: Outcome) -> list[str]:
    if outcome.callback is None:
        return []
    if outcome.length is None:
        return [] if outcome.trouble else ["the file was not fetched"]
    reported = outcome.callback.params.get("RecordingDurationMs", "")
    if not reported.isdigit() or not outcome.length.agrees(int(reported)):
        return [f"the file is {outcome.length} ms long, RecordingDurationMs says {reported}"]
    return []
