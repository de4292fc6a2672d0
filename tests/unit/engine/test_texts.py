"""Transcriptions that REST asks for: what is promised to others is kept first (E-5)."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest

from recordbridge.engine import rows, texts
from recordbridge.engine.texts import Refused, Texts
from recordbridge.errors import StorageError
from recordbridge.instant import SystemClock
from recordbridge.machine import transcription
from recordbridge.machine.transcription import Again
from recordbridge.plivo.retry import Target
from recordbridge.ports.rows import RecordingRow, TranscriptRow
from tests.unit.engine.doubles import MemoryStore

pytestmark = pytest.mark.rule("E-5")
URL = Target("https://app.example.com/text", "GET")


class Desk:
    """`Texts` on doubles."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.added: list[TranscriptRow] = []
        self.missing = ""
        self.texts = Texts(
            store=self.store,
            listener=self,
            add=self.added.append,
            rate=Decimal(1),
            clock=SystemClock(),
        )

    def trouble(self, model: str) -> str:
        return self.missing and f"no {model}"

    async def again(self, model: str = "", target: Target | None = None) -> Refused | None:
        return await self.texts.again(recording(), model, target)


def recording(**values: object) -> RecordingRow:
    row = RecordingRow(
        *("r1", "c1", "a1", "app", "plain", "ready", "wav"), channels=1, caller="", dialled="",
        added_at=1, duration_ms=2000, size=32_044,
    )  # fmt: skip
    return msgspec.structs.replace(row, **values)


def done(row: TranscriptRow) -> TranscriptRow:
    return msgspec.structs.replace(row, state="done", text="said", spoken=b'[{"at_ms":0}]')


async def test_a_recording_is_transcribed_though_nobody_asked_for_it_when_it_was_made() -> None:
    desk = Desk()
    assert await desk.again("small.en", URL) is None
    (row,) = desk.added
    assert (row.state, row.model, row.due_at - row.added_at) == ("waiting", "small.en", 2000)
    assert rows.asked_again(row) == Again(row.request_id, URL)
    assert desk.store.transcripts["r1"] == row


async def test_the_same_wish_is_one_wish_and_another_has_to_wait() -> None:
    """The official SDK sends a POST again after a 5xx."""
    desk = Desk()
    assert await desk.again("small.en", URL) is None
    assert await desk.again("small.en", URL) is None
    assert await desk.again("tiny.en", URL) == Refused(texts.BUSY, lasting=False)
    assert await desk.again("small.en") == Refused(texts.BUSY, lasting=False)
    assert len(desk.added) == 1


async def test_what_the_document_asked_for_is_told_before_anything_else() -> None:
    desk = Desk()
    await desk.again()
    desk.store.transcripts["r1"] = msgspec.structs.replace(desk.added[0], request_id="")
    assert await desk.again() == Refused(texts.BUSY, lasting=False)
    assert not await desk.texts.erase("r1")


async def test_the_earlier_text_stays_until_there_is_another() -> None:
    desk = Desk()
    await desk.again()
    desk.store.transcripts["r1"] = done(desk.added[0])
    await desk.again("small.en")
    found = await desk.texts.find("r1")
    assert found is not None
    assert (found.state, found.text) == ("waiting", "said")
    assert desk.added[1].text == "said"
    assert desk.added[1].request_id != desk.added[0].request_id


async def test_a_deleted_one_is_not_there_and_can_be_made_anew() -> None:
    desk = Desk()
    await desk.again()
    desk.store.transcripts["r1"] = done(desk.added[0])
    assert await desk.texts.erase("r1")
    assert await desk.texts.find("r1") is None
    assert await desk.again() is None
    assert desk.added[1].text == ""


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"duration_ms": 500}, transcription.TOO_SHORT),
        ({"duration_ms": 14_400_000}, transcription.TOO_LONG),
        ({"size": 2_000_000_000}, transcription.TOO_LARGE),
        ({"duration_ms": 14_400_000, "size": 2_000_000_000}, transcription.TOO_LONG),
        ({"size": None}, transcription.NOTHING),
    ],
)
@pytest.mark.rule("T-1")
async def test_the_limits_are_those_of_the_document(values: dict[str, object], why: str) -> None:
    desk = Desk()
    refused = await desk.texts.again(recording(**values), "", None)
    assert refused == Refused(why, lasting=True)


@pytest.mark.rule("T-1")
@pytest.mark.parametrize(
    ("duration_ms", "size"), [(501, 1), (14_399_999, 1), (2000, 1_999_999_999)]
)
async def test_just_within_the_limits(duration_ms: int, size: int) -> None:
    desk = Desk()
    assert await desk.texts.again(recording(duration_ms=duration_ms, size=size), "", None) is None


async def test_a_model_that_is_not_there_is_a_mistake_an_engine_that_is_not_is_no_state() -> None:
    desk = Desk()
    desk.missing = "yes"
    assert await desk.again("huge") == Refused("no huge", lasting=True)
    assert await desk.again() == Refused("no ", lasting=False)
    assert desk.added == []


async def test_a_database_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "ANSWER_S", 0.01)
    desk = Desk()
    pending: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(desk.store, "transcribe_again", lambda _: pending)
    with pytest.raises(StorageError, match="ask again"):
        await desk.again()
    assert not pending.cancelled()
    assert desk.added == []
