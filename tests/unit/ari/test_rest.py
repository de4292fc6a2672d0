"""Refusals as typed errors, and which requests are sent again."""

from __future__ import annotations

import pytest

from recordbridge.ari.rest import RestClient
from recordbridge.errors import (
    PbxConflictError,
    PbxError,
    PbxGoneError,
    PbxRefusedError,
    PbxUnavailableError,
)
from tests.fakeari import FakeAsterisk

PING = "asterisk/ping"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, PbxRefusedError),
        (404, PbxGoneError),
        (409, PbxConflictError),
        (500, PbxRefusedError),
        (503, PbxUnavailableError),
    ],
)
async def test_refusals_are_typed_and_keep_asterisks_words(
    fake: FakeAsterisk, status: int, error: type[PbxError]
) -> None:
    fake.faults.refuse("GET *", status, "because of the weather")
    async with RestClient(fake.url, fake.username, fake.password) as rest:
        with pytest.raises(error, match="because of the weather") as caught:
            await rest.request("GET", PING)
        if isinstance(caught.value, PbxRefusedError):
            assert caught.value.status == status


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_a_broken_connection_is_tried_once_more(fake: FakeAsterisk, method: str) -> None:
    fake.faults.lose_answer("*")
    async with RestClient(fake.url, fake.username, fake.password) as rest:
        reply = await rest.exchange(method, PING, repeatable=True)
    assert b"pong" in reply.body
    assert fake.requests == [f"{method} {PING}"] * 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_not_twice(fake: FakeAsterisk, method: str) -> None:
    fake.faults.lose_answer("*")
    fake.faults.lose_answer("*")
    async with RestClient(fake.url, fake.username, fake.password) as rest:
        with pytest.raises(PbxUnavailableError):
            await rest.exchange(method, PING, repeatable=True)
    assert len(fake.requests) == 2


async def test_what_may_not_be_repeated_is_not(fake: FakeAsterisk) -> None:
    fake.faults.lose_answer("POST *")
    async with RestClient(fake.url, fake.username, fake.password) as rest:
        with pytest.raises(PbxUnavailableError):
            await rest.exchange("POST", "channels/c/play/p")
    assert len(fake.requests) == 1


async def test_nobody_there_is_unavailable() -> None:
    async with RestClient("http://127.0.0.1:1", "u", "p") as rest:
        with pytest.raises(PbxUnavailableError):
            await rest.request("GET", PING)


async def test_before_and_after_its_life_it_is_unavailable() -> None:
    rest = RestClient("http://127.0.0.1:1", "u", "p")
    with pytest.raises(PbxUnavailableError, match="not connected"):
        await rest.request("GET", PING)
