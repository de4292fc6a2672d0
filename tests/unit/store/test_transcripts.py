"""Transcripts: asked for once, taken in their order, told once, and gone with their recording."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from recordbridge.ports.rows import TranscriptRow, Unit
from recordbridge.store import Database, open_store
from tests.unit.store.places import PostgresPlace
from tests.unit.store.rows import NOON, a_recording, a_request

pytestmark = pytest.mark.rule("T-1")


@pytest.fixture
async def other(postgres_place: PostgresPlace) -> AsyncIterator[Database]:
    """A second worker on the same database."""
    async with open_store(postgres_place.url, worker="rb-2") as opened:
        yield opened


@pytest.fixture
async def ours(postgres_place: PostgresPlace) -> AsyncIterator[Database]:
    async with open_store(postgres_place.url, worker="rb-1") as opened:
        yield opened


def a_wish(recording_id: str = "r1", due_s: int = 0) -> TranscriptRow:
    return TranscriptRow(
        recording_id=recording_id,
        call_uuid="c1",
        account="MA1",
        file_format="mp3",
        channels=2,
        duration_ms=1000,
        state="waiting",
        added_at=NOON,
        due_at=NOON + due_s,
        owner="rb-1",
    )


def done(row: TranscriptRow) -> TranscriptRow:
    return replace(row, state="done", done_at=NOON + 9, text="Hello.", spoken=b"[1]", engine="e")


async def test_they_are_taken_in_their_order_until_they_are_done(store: Database) -> None:
    wishes = [a_wish("late", 9), a_wish("soon", 1), a_wish("middle", 5)]
    await store.commit(Unit(transcripts=tuple(wishes)))
    taken = await store.take_transcripts(2)
    assert taken == [wishes[1], wishes[2]]
    await store.commit(Unit(transcribed=(done(wishes[1]),), requests=(a_request(),)))
    assert await store.transcript("soon") == done(wishes[1])
    assert await store.take_transcripts(9) == [wishes[2], wishes[0]]


async def test_a_commit_that_is_repeated_changes_nothing(store: Database) -> None:
    """It may be unknown whether it was kept."""
    await store.commit(Unit(transcripts=(a_wish(),)))
    await store.commit(Unit(transcribed=(done(a_wish()),)))
    await store.commit(Unit(transcripts=(a_wish(),)))
    assert await store.transcript("r1") == done(a_wish())
    assert await store.take_transcripts(9) == []


@pytest.mark.rule("E-3")
async def test_the_text_goes_with_its_recording(store: Database) -> None:
    await store.commit(Unit(recordings=(a_recording("r1"),), transcripts=(a_wish(), a_wish("r2"))))
    await store.commit(Unit(transcribed=(done(a_wish()),)))
    await store.delete_recording("r1", NOON)
    await store.delete_recording("r2", NOON)
    assert await store.transcript("r1") == replace(done(a_wish()), text="", spoken=b"[]")
    assert [row.recording_id for row in await store.take_transcripts(9)] == ["r2"], "still told"


@pytest.mark.rule("N-6")
async def test_those_of_a_dead_worker_are_taken_by_another(
    ours: Database, other: Database, postgres_place: PostgresPlace
) -> None:
    await other.leases.beat()
    await other.commit(Unit(transcripts=(a_wish(),)))
    assert await ours.take_transcripts(9) == []
    postgres_place.execute("UPDATE workers SET expires_at = 0 WHERE worker = 'rb-2'")
    assert await ours.take_transcripts(9) == [a_wish()]
    assert await other.take_transcripts(9) == []


@pytest.mark.rule("E-5")
async def test_asked_for_again_it_waits_once_and_keeps_its_text_meanwhile(store: Database) -> None:
    again = replace(done(a_wish()), state="waiting", model="m", request_id="q", target="t")
    assert await store.transcribe_again(a_wish()), "it need not have been asked for before"
    assert not await store.transcribe_again(again), "it waits"
    assert not await store.erase_transcript("r1"), "it waits"
    await store.commit(Unit(transcribed=(done(a_wish()),)))
    assert await store.transcribe_again(again)
    (waiting,) = await store.take_transcripts(9)
    assert (waiting.text, waiting.model, waiting.request_id) == (done(a_wish()).text, "m", "q")
    assert waiting.target == "t"


@pytest.mark.rule("E-5")
async def test_a_deleted_text_is_gone(store: Database) -> None:
    await store.commit(Unit(transcripts=(a_wish(),)))
    await store.commit(Unit(transcribed=(done(a_wish()),)))
    assert await store.erase_transcript("r1")
    assert not await store.erase_transcript("nobody")
    row = await store.transcript("r1")
    assert row is not None
    assert (row.state, row.text, row.spoken) == ("deleted", "", b"[]")
    assert await store.take_transcripts(9) == []
