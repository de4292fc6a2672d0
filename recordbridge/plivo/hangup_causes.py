"""Why a call or a Dial ended, in the words of the hosted product: F-3, F-4, F-6.

`HangupCause` is the Q.850 cause as a token, `HangupCauseCode` and `HangupCauseName` say what
that meant for the application, `HangupSource` who did it. `DialStatus` follows from the same
codes, so that the two never disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

DialStatus = Literal["completed", "busy", "failed", "cancel", "timeout", "no-answer"]

TOKENS: Mapping[int, str] = {
    0: "NONE",
    1: "UNALLOCATED_NUMBER",
    2: "NO_ROUTE_TRANSIT_NET",
    3: "NO_ROUTE_DESTINATION",
    6: "CHANNEL_UNACCEPTABLE",
    7: "CALL_AWARDED_DELIVERED",
    16: "NORMAL_CLEARING",
    17: "USER_BUSY",
    18: "NO_USER_RESPONSE",
    19: "NO_ANSWER",
    20: "SUBSCRIBER_ABSENT",
    21: "CALL_REJECTED",
    22: "NUMBER_CHANGED",
    23: "REDIRECTION_TO_NEW_DESTINATION",
    25: "EXCHANGE_ROUTING_ERROR",
    26: "LOSE_RACE",  # Asterisk: answered elsewhere
    27: "DESTINATION_OUT_OF_ORDER",
    28: "INVALID_NUMBER_FORMAT",
    29: "FACILITY_REJECTED",
    30: "RESPONSE_TO_STATUS_ENQUIRY",
    31: "NORMAL_UNSPECIFIED",
    34: "NORMAL_CIRCUIT_CONGESTION",
    38: "NETWORK_OUT_OF_ORDER",
    41: "NORMAL_TEMPORARY_FAILURE",
    42: "SWITCH_CONGESTION",
    43: "ACCESS_INFO_DISCARDED",
    44: "REQUESTED_CHAN_UNAVAIL",
    45: "PRE_EMPTED",
    50: "FACILITY_NOT_SUBSCRIBED",
    52: "OUTGOING_CALL_BARRED",
    54: "INCOMING_CALL_BARRED",
    57: "BEARERCAPABILITY_NOTAUTH",
    58: "BEARERCAPABILITY_NOTAVAIL",
    63: "SERVICE_UNAVAILABLE",
    65: "BEARERCAPABILITY_NOTIMPL",
    66: "CHAN_NOT_IMPLEMENTED",
    69: "FACILITY_NOT_IMPLEMENTED",
    79: "SERVICE_NOT_IMPLEMENTED",
    81: "INVALID_CALL_REFERENCE",
    88: "INCOMPATIBLE_DESTINATION",
    95: "INVALID_MSG_UNSPECIFIED",
    96: "MANDATORY_IE_MISSING",
    97: "MESSAGE_TYPE_NONEXIST",
    98: "WRONG_MESSAGE",
    99: "IE_NONEXIST",
    100: "INVALID_IE_CONTENTS",
    101: "WRONG_CALL_STATE",
    102: "RECOVERY_ON_TIMER_EXPIRE",
    103: "MANDATORY_IE_LENGTH_ERROR",
    111: "PROTOCOL_ERROR",
    127: "INTERWORKING",
}
"""Q.850 numbers as Asterisk gives them, by FreeSWITCH's tokens."""

CANCELED = "ORIGINATOR_CANCEL"
"""The token of a caller who gave up before anybody answered; no Q.850 number stands for it."""

NAMES: Mapping[int, str] = {
    0: "Unknown",
    1000: "Canceled",
    2000: "Invalid Destination Address",
    2010: "Out Of Service",
    2020: "Endpoint Not Registered",
    2060: "Loop Detected",
    3000: "No Answer",
    3010: "Busy Line",
    3020: "Rejected",
    3040: "Forbidden",
    3050: "Unallocated number",
    4000: "Normal Hangup",
    4010: "End Of XML Instructions",
    5000: "Network Error",
    5010: "Internal Error",
    5020: "Routing Error",
    6000: "Scheduled Hangup",
    6010: "Ring Timeout Reached",
    6020: "Media Timeout",
    7011: "Error Reaching Answer URL",
    7012: "Error Reaching Action URL",
    7013: "Error Reaching Transfer URL",
    7014: "Error Reaching Redirect URL",
    8011: "Invalid Answer XML",
    8012: "Invalid Action XML",
    8013: "Invalid Transfer XML",
    8014: "Invalid Redirect XML",
    9000: "Lost Race",
    9110: "Confirm Key Challenge Failed",
}
"""The product's codes that this service uses."""

_CODES: Mapping[int, int] = {
    1: 3050,
    2: 5020,
    3: 5020,
    16: 4000,
    17: 3010,
    18: 3000,
    19: 3000,
    20: 2020,
    21: 3020,
    25: 2060,
    26: 9000,
    27: 2010,
    28: 2000,
    31: 4000,
    34: 5000,
    38: 5000,
    41: 5000,
    42: 5000,
    44: 5000,
    52: 3040,
    54: 3040,
    57: 3040,
    102: 5000,
}
_STATUSES: Mapping[int, DialStatus] = {
    3000: "no-answer",
    3010: "busy",
    3020: "busy",  # declined: somebody is there and does not want to, as with most phones' 486
    4000: "no-answer",  # cleared without an answer, and nothing had failed
    9000: "no-answer",
}
"""By code, of a leg that was never connected; any other has failed."""
# Asterisk often tells no cause of a channel that somebody hung up in the normal way.
_UNTOLD = frozenset({0, 127})
_DELIBERATE = frozenset({"Caller", "Callee", "API Request", "Answer XML"})


class HangupCause(NamedTuple):
    """The four values of F-3: `HangupCause`, `-Name`, `-Code`, `HangupSource`."""

    cause: str
    name: str
    code: int
    source: str


def hangup_cause(
    source: str, q850: int, code: int | None = None, *, answered: bool = True
) -> HangupCause:
    """What is reported of a call that ended.

    `source` is who ended it: `Caller`, `Callee`, `Carrier`, `API Request`, `Answer XML`, `Plivo`
    (the service itself), `Error`, `Unknown`; empty = as the code tells. `code` is the product's
    when we ended the call (7011, 4010, ...), None to derive it from the Q.850 number. A caller who
    gives up before the answer has `Canceled` the call.
    """
    if q850 in _UNTOLD and (code is not None or source in _DELIBERATE):
        q850 = 16
    token = TOKENS.get(q850, "UNSPECIFIED")
    if code is None and not answered and source == "Caller" and q850 in {16, 31}:
        token, code = CANCELED, 1000
    if code is None:
        code = _CODES.get(q850, 0)
    return HangupCause(token, NAMES.get(code, NAMES[0]), code, source or _source(code))


def dial_status(
    q850: int,
    *,
    answered: bool = False,
    ended_by: Literal["callee", "caller", "timer"] = "callee",
) -> DialStatus:
    """F-4: how a Dial ended, by who ended it and the Q.850 number of the leg that was the last.

    `answered`: a callee was connected, then nothing else counts. `caller`: the caller hung up, or
    the call was moved or ended for it, while it rang. `timer`: the Dial's own timeout. `callee`:
    the callees or the network; a callee that did not confirm cleared normally.
    """
    if answered:
        return "completed"
    if ended_by == "caller":
        return "cancel"
    if ended_by == "timer":
        return "timeout"
    return _STATUSES.get(_CODES.get(q850, 0), "failed")


def _source(code: int) -> str:
    if code in {4010, 6000}:
        return "Answer XML"
    if 7000 <= code < 9000:
        return "Error"
    return "Plivo" if 5000 <= code < 7000 else "Unknown"
