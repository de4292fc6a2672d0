"""Requests to the application as it receives them: attempts, signatures, the guard (H rules)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.receiver import Receiver, Reply, Reset
from tests.service.service import TOKEN, Service
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SPOKEN = [speak(0.4), press("#")]


@pytest.mark.rule("H-1")
@pytest.mark.parametrize(
    ("fragment", "answer", "attempts"),
    [
        ("", Reply(status=503), 1),
        ("#rc=2&amp;rp=5xx", Reply(status=503), 3),
        ("#rc=2&amp;rp=5xx", Reply(status=404), 1),
        ("#rc=1&amp;rp=4xx", Reply(status=404), 2),
        ("", Reset(), 2),
        ("#rc=0", Reset(), 1),
        ("#rt=200&amp;rc=1&amp;rp=rt", Reply(delay_s=2), 2),
    ],
    ids=["default 503", "5xx", "404 is no 5xx", "4xx", "default reset", "rc=0", "rt"],
)
async def test_the_fragment_says_how_often_it_is_tried(
    service: Service, fragment: str, answer: Any, attempts: int
) -> None:
    """An action that decides the call: when its attempts are used up, the call ends.

    It has a server of its own, so that a reset never hits a connection that was idle (such a
    request is sent again at once, which is no attempt).
    """
    line = service.line()
    async with Receiver() as other:
        url = other.url("/action") + fragment
        line.answers(line.record(action=url, redirect="true", callbackUrl=None))
        other.script("/action", answer)
        call = await line.call(SPOKEN)
        assert (await line.next("hangup")).params["HangupCauseCode"] == "7012"
        await call.ended()
        assert len(other.requests) == attempts
    assert len({each.headers["X-Recordbridge-Delivery"] for each in other.requests}) == 1
    assert all("#" not in each.url for each in other.requests)


@pytest.mark.rule("H-2", "A-3", "A-17", "D-3", "D-16")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("query", ["", "?shop=7&amp;lang=en"], ids=["no query", "query"])
async def test_the_official_sdk_accepts_the_signatures(
    service: Service, method: str, query: str
) -> None:
    """On action, callback and hangup, live, by GET and POST, with and without a query."""
    line = service.line()
    urls = {name: line.url(name) + query for name in ("action", "callback")}
    attributes = {"method": method, "callbackMethod": method}
    line.answers(line.record(action=urls["action"], callbackUrl=urls["callback"], **attributes))
    call = await line.call(SPOKEN)
    for name in ("action", "callback"):
        request = await line.next(name)
        assert request.method == method
        assert request.params["RecordingDurationMs"]
        assert request.signed_with(TOKEN)
        assert not request.v3_accepts("another-token-0002-abcdef")
        assert ("lang" in request.query) == bool(query)
    assert (await line.next("hangup")).signed_with(TOKEN)
    await call.ended()


@pytest.mark.rule("H-3", "H-4", "H-6")
async def test_a_callback_goes_on_after_its_own_attempts(service: Service) -> None:
    """By the schedule (1 s in this configuration), always under the same delivery id."""
    line = service.line()
    line.answers(line.record(action=None, callbackUrl=line.url("callback") + "#rc=0"))
    line.script("callback", Reply(status=500, body="later"), Reply(status=403), Reply())
    call = await line.call(SPOKEN)
    heard = [await line.next("callback") for _ in range(3)]
    assert len({each.headers["X-Recordbridge-Delivery"] for each in heard}) == 1
    assert all(b.at - a.at >= 800 for a, b in itertools.pairwise(heard))
    told = [{**each.params, "RecordUrl": "", "RecordFile": ""} for each in heard]
    assert told[0] == told[1] == told[2], "only the address is signed anew"
    rows = await service.attempts(heard[0].headers["X-Recordbridge-Delivery"], 3)
    assert [row["status"] for row in rows] == [500, 403, 200]
    assert rows[0]["reply"] == b"later"
    assert rows[0]["sent"] == heard[0].body
    await call.ended()
