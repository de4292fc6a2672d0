"""Why a call ended, in the product's words."""

import pytest

from recordbridge.plivo.hangup_causes import (
    NAMES,
    TOKENS,
    HangupCause,
    dial_status,
    hangup_cause,
)


@pytest.mark.rule("F-3")
@pytest.mark.parametrize(
    ("source", "q850", "expected"),
    [
        ("Caller", 16, ("NORMAL_CLEARING", "Normal Hangup", 4000)),
        ("Callee", 31, ("NORMAL_UNSPECIFIED", "Normal Hangup", 4000)),
        ("Caller", 0, ("NORMAL_CLEARING", "Normal Hangup", 4000)),
        ("API Request", 127, ("NORMAL_CLEARING", "Normal Hangup", 4000)),
        ("Carrier", 17, ("USER_BUSY", "Busy Line", 3010)),
        ("Carrier", 19, ("NO_ANSWER", "No Answer", 3000)),
        ("Carrier", 21, ("CALL_REJECTED", "Rejected", 3020)),
        ("Carrier", 1, ("UNALLOCATED_NUMBER", "Unallocated number", 3050)),
        ("Carrier", 38, ("NETWORK_OUT_OF_ORDER", "Network Error", 5000)),
        ("Unknown", 0, ("NONE", "Unknown", 0)),
        ("Unknown", 126, ("UNSPECIFIED", "Unknown", 0)),
    ],
)
def test_a_cause_of_the_network(source: str, q850: int, expected: tuple[str, str, int]) -> None:
    assert hangup_cause(source, q850) == HangupCause(*expected, source)


@pytest.mark.rule("F-3", "F-5", "F-6")
@pytest.mark.parametrize(
    ("code", "name", "source"),
    [
        (4010, "End Of XML Instructions", "Answer XML"),
        (6000, "Scheduled Hangup", "Answer XML"),
        (7011, "Error Reaching Answer URL", "Error"),
        (7012, "Error Reaching Action URL", "Error"),
        (7014, "Error Reaching Redirect URL", "Error"),
        (8011, "Invalid Answer XML", "Error"),
        (8012, "Invalid Action XML", "Error"),
        (8014, "Invalid Redirect XML", "Error"),
        (5010, "Internal Error", "Plivo"),
        (3999, "Unknown", "Unknown"),
    ],
)
def test_a_call_that_we_ended(code: int, name: str, source: str) -> None:
    assert hangup_cause("", 16, code) == HangupCause("NORMAL_CLEARING", name, code, source)
    assert hangup_cause("Caller", 0, code).source == "Caller"


def test_a_caller_who_gives_up_before_the_answer_has_cancelled() -> None:
    expected = HangupCause("ORIGINATOR_CANCEL", "Canceled", 1000, "Caller")
    assert hangup_cause("Caller", 16, answered=False) == expected
    assert hangup_cause("Caller", 0, answered=False) == expected
    assert hangup_cause("Callee", 17, answered=False).code == 3010


def test_no_value_is_ever_blank() -> None:
    for q850 in [*TOKENS, 5, 200, -1]:
        for code in [*NAMES, None]:
            assert all(str(part) for part in hangup_cause("", q850, code))


@pytest.mark.rule("F-4")
@pytest.mark.parametrize(
    ("q850", "status"),
    [
        (17, "busy"),
        (21, "busy"),
        (18, "no-answer"),
        (19, "no-answer"),
        (16, "no-answer"),
        (31, "no-answer"),
        (26, "no-answer"),
        *((q850, "failed") for q850 in (0, 1, 2, 3, 20, 22, 27, 28, 34, 38, 41, 42, 44, 102, 127)),
        *((q850, "failed") for q850 in (-1, 5, 200)),
    ],
)
def test_a_dial_that_nobody_answered_ends_as_its_last_leg_did(q850: int, status: str) -> None:
    assert dial_status(q850) == status


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("q850", [0, 16, 17, 19, 21, 27, 127])
def test_whoever_ended_a_dial_counts_more_than_the_cause(q850: int) -> None:
    assert dial_status(q850, ended_by="caller") == "cancel"
    assert dial_status(q850, ended_by="timer") == "timeout"
    assert dial_status(q850, answered=True) == "completed"
    assert dial_status(q850, answered=True, ended_by="caller") == "completed"
    assert dial_status(q850, answered=True, ended_by="timer") == "completed"


@pytest.mark.rule("F-4")
@pytest.mark.parametrize("q850", [*TOKENS, 200])
def test_the_status_and_the_code_of_a_leg_agree(q850: int) -> None:
    code = hangup_cause("Callee", q850, answered=False).code
    status = dial_status(q850)
    assert (status == "busy") == (code in {3010, 3020})
    if status == "no-answer":
        assert code in {3000, 4000, 9000}
