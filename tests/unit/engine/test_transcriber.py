"""From a committed wish to a request: whatever fails or is killed, one result under one id."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from recordbridge.engine import rows, transcriber
from recordbridge.engine.transcriber import Transcriber
from recordbridge.errors import (
    ListenerAwayError,
    ListenerError,
    ListenerRefusedError,
    MediaError,
    StorageError,
)
from recordbridge.instant import SystemClock
from recordbridge.machine import transcription
from recordbridge.machine.intents import Transcribe
from recordbridge.machine.transcription import Spoken
from recordbridge.plivo.retry import Target
from recordbridge.ports.rows import RequestRow, TranscriptRow, Unit
from recordbridge.telemetry.metrics import Metrics
from tests.unit.engine.doubles import MemoryBlobs, MemoryStore
from tests.unit.machine.drive import Drive, voicemail

pytestmark = pytest.mark.rule("T-1")
TEXT = Target(url="https://app.example.com/text")


class Listening:
    """Says what it is told to say, or fails so."""

    def __init__(self) -> None:
        self.missing = ""
        self.failures: list[Exception] = []
        self.heard: list[str] = []
        self.gate: asyncio.Event | None = None
        self.begun = asyncio.Event()

    def name(self, model: str) -> str:
        return f"a listener{model and f' with {model}'}"

    def trouble(self, model: str) -> str:
        return self.missing

    async def listen(
        self, recording: Path, *, stereo: bool, duration_ms: int, model: str
    ) -> list[Spoken]:
        self.heard.append(recording.name)
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        return [Spoken(0, f"{duration_ms} ms")]

    async def rest(self) -> None:
        pass


class Files(MemoryBlobs):
    """Every file is there, unless it is `gone`."""

    gone = False

    async def fetch(self, name: str, into: Path) -> Path | None:
        if self.failures:
            raise self.failures.pop(0)
        return None if self.gone else into


class Desk:
    """A transcriber on doubles."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.listener = Listening()
        self.files = Files()
        self.folder = folder
        self.sent: asyncio.Queue[RequestRow] = asyncio.Queue()
        self.clock = SystemClock()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Transcriber]:
        working = Transcriber(
            store=self.store,
            blobs=self.files,
            listener=self.listener,
            work=self.folder,
            rate=Decimal("0.5"),
            clock=self.clock,
            submit=self.sent.put_nowait,
            metrics=Metrics("test"),
        )
        async with working.running():
            yield working

    async def asked(self, ms: int = 2000, url: Target | None = TEXT) -> TranscriptRow:
        """A call with a recording that waits for its text."""
        drive = Drive(
            voicemail(transcribe=True, transcription=url, file_format="wav"), answered=True
        )
        name = f"c{len(self.store.calls)}"
        drive.state = msgspec.structs.replace(drive.state, seed=f"{len(self.store.calls):032}")
        drive.record(ms=ms)
        drive.hang_up()
        drive.store(frames=ms * 8)
        state = msgspec.structs.replace(drive.state, call_uuid=name)
        held = msgspec.structs.replace(drive.recording, recording_id=f"r-{name}")
        state = msgspec.structs.replace(state, recordings=(held,))
        wish = Transcribe(recording_id=held.recording_id, at=self.clock())
        row = rows.transcript_row(state, wish)
        await self.store.commit(
            Unit(call=rows.call_row(state, 1, 0, open_=False), transcripts=(row,))
        )
        return row

    async def told(self) -> dict[str, str]:
        return msgspec.json.decode(
            (await asyncio.wait_for(self.sent.get(), 5)).body, type=dict[str, str]
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_the_text_is_kept_and_told_and_has_its_price(desk: Desk) -> None:
    async with desk.working() as working:
        row = await desk.asked(61_000)
        working.add(row)
        said = await desk.told()
    assert said["transcription"] == "61000 ms"
    assert (said["transcription_charge"], said["transcription_rate"]) == ("1.00000", "0.50000")
    assert said["error"] == ""
    kept = desk.store.transcripts[row.recording_id]
    assert (kept.state, kept.text, kept.engine) == ("done", "61000 ms", "a listener")
    assert msgspec.json.decode(kept.spoken, type=list[Spoken]) == [Spoken(0, "61000 ms")]
    (unit,) = [unit for unit in desk.store.units if unit.transcribed]
    assert unit.requests, "H-3: text and request are one transaction"


async def test_the_type_alone_keeps_the_text_and_sends_nothing(desk: Desk) -> None:
    async with desk.working() as working:
        silent = await desk.asked(url=None)
        working.add(silent)
        working.add(await desk.asked(3000))
        await desk.told()
    assert desk.store.transcripts[silent.recording_id].text == "2000 ms"
    assert desk.sent.empty()
    assert len(desk.store.rows) == 1


@pytest.mark.rule("M-5")
async def test_short_ones_come_first(desk: Desk) -> None:
    desk.listener.gate = asyncio.Event()
    async with desk.working() as working:
        working.add(await desk.asked(60_000))
        await desk.listener.begun.wait()
        for ms in (50_000, 1000, 9000):
            working.add(await desk.asked(ms))
        desk.listener.gate.set()
        told = [(await desk.told())["transcription"] for _ in range(4)]
    assert told == ["60000 ms", "1000 ms", "9000 ms", "50000 ms"]


async def test_more_than_memory_may_hold_are_found_in_the_database(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcriber, "QUEUE", 2)
    desk.listener.gate = asyncio.Event()
    async with desk.working() as working:
        for _ in range(6):
            working.add(await desk.asked())
        assert len(working._queue) <= 2
        desk.listener.gate.set()
        for _ in range(6):
            await desk.told()
    assert len(set(desk.listener.heard)) == 6


@pytest.mark.rule("M-5")
async def test_a_short_one_overtakes_all_that_memory_is_full_of(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is due last makes room, and is found in the database later."""
    monkeypatch.setattr(transcriber, "QUEUE", 2)
    desk.listener.gate = asyncio.Event()
    async with desk.working() as working:
        working.add(await desk.asked(60_000))
        await desk.listener.begun.wait()
        for ms in (50_000, 40_000, 30_000, 1000):
            working.add(await desk.asked(ms))
            assert len(working._queue) <= 2
        desk.listener.gate.set()
        told = [(await desk.told())["transcription"] for _ in range(5)]
    assert told == ["60000 ms", "1000 ms", "30000 ms", "40000 ms", "50000 ms"]


@pytest.mark.rule("N-1")
async def test_a_fault_of_ours_costs_one_recording_its_text_and_no_other(desk: Desk) -> None:
    """Three tries, as when the engine breaks down; what cannot even be kept waits for a start."""
    with capture_logs() as logged:
        async with desk.working() as working:
            desk.listener.failures = [ZeroDivisionError("a fault")] * 3
            working.add(await desk.asked())
            assert (await desk.told())["error"] == transcription.BROKEN
            lost = await desk.asked()
            state = desk.store.calls.pop(lost.call_uuid)
            desk.store.calls[lost.call_uuid] = msgspec.structs.replace(state, state=b"{")
            working.add(lost)
            working.add(await desk.asked(3000))
            assert (await desk.told())["transcription"] == "3000 ms"
            working.add(lost)
            assert not working._queue
    faults = [line["event"] for line in logged if line["log_level"] == "error"]
    assert faults == ["transcription_broke"] * 3 + ["transcript_not_kept"]
    desk.store.calls[lost.call_uuid] = state
    async with desk.working():
        assert (await desk.told())["transcription"] == "2000 ms"


@pytest.mark.rule("N-1")
@pytest.mark.rule("H-3")
async def test_whoever_is_stopped_meanwhile_it_is_done_after_the_next_start(desk: Desk) -> None:
    row = await desk.asked()
    desk.listener.gate = asyncio.Event()
    async with desk.working():
        await desk.listener.begun.wait()
    assert desk.sent.empty()
    desk.listener.gate = None
    async with desk.working():
        request = await asyncio.wait_for(desk.sent.get(), 5)
    state = rows.decode(desk.store.calls[row.call_uuid].state)
    assert request.request_id == state.recordings[0].transcription_id
    async with desk.working():
        pass
    assert desk.sent.empty()


async def test_a_crash_costs_one_try_and_the_third_is_the_last(desk: Desk) -> None:
    desk.listener.failures = [ListenerError("died")] * 2
    async with desk.working() as working:
        working.add(await desk.asked())
        assert (await desk.told())["error"] == ""
        desk.listener.failures = [ListenerError("died")] * 3
        working.add(await desk.asked())
        said = await desk.told()
    assert said["error"] == transcription.BROKEN
    assert said["transcription_charge"] == "0.00000"
    assert len(desk.listener.heard) == 6


@pytest.mark.rule("T-3")
async def test_what_cannot_be_had_is_told_in_a_sentence(desk: Desk) -> None:
    async with desk.working() as working:
        desk.listener.missing = "not installed"
        working.add(await desk.asked())
        assert (await desk.told())["error"] == transcription.UNAVAILABLE
        desk.listener.missing = ""
        desk.listener.failures = [MediaError("no audio")]
        working.add(await desk.asked())
        assert (await desk.told())["error"] == transcription.UNHEARD
        desk.files.gone = True
        working.add(await desk.asked())
        assert (await desk.told())["error"] == transcription.DELETED


@pytest.mark.rule("N-5")
async def test_a_store_that_is_away_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next look it is tried again; after a day that is the result."""
    monkeypatch.setattr(transcriber, "LOOK_S", 0.01)
    monkeypatch.setattr(transcriber, "PAUSE_S", 0)
    desk.files.failures = [StorageError("away")] * 3
    async with desk.working() as working:
        working.add(await desk.asked())
        assert (await desk.told())["error"] == ""
        desk.files.failures = [StorageError("away")]
        old = await desk.asked()
        working.add(msgspec.structs.replace(old, added_at=old.added_at - 86_400_000))
        assert (await desk.told())["error"] == transcription.UNREACHABLE


async def test_an_engine_that_is_away_is_waited_for_and_one_that_refuses_is_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcriber, "LOOK_S", 0.01)
    monkeypatch.setattr(transcriber, "PAUSE_S", 0)
    async with desk.working() as working:
        desk.listener.failures = [ListenerAwayError("503")] * 5
        working.add(await desk.asked())
        assert (await desk.told())["error"] == ""
        desk.listener.failures = [ListenerAwayError("503")]
        old = await desk.asked()
        working.add(msgspec.structs.replace(old, added_at=old.added_at - 86_400_000))
        assert (await desk.told())["error"] == transcription.AWAY
        desk.listener.failures = [ListenerRefusedError("413")]
        working.add(await desk.asked())
        assert (await desk.told())["error"] == transcription.REFUSED


@pytest.mark.rule("E-5")
async def test_what_rest_asked_for_is_told_to_whom_it_said_and_by_the_model_it_said(
    desk: Desk,
) -> None:
    """A text that cannot be made anew stays as it was."""
    target = rows.target_text(Target("https://app.example.com/again", "GET"))
    async with desk.working() as working:
        row = await desk.asked()
        working.add(row)
        await desk.told()
        wish = {"state": "waiting", "request_id": "q", "target": target, "model": "small.en"}
        again = msgspec.structs.replace(desk.store.transcripts[row.recording_id], **wish)
        working.add(again)
        request = await asyncio.wait_for(desk.sent.get(), 5)
        assert (request.request_id, request.url, request.method) == (
            "q",
            "https://app.example.com/again",
            "GET",
        )
        assert desk.store.transcripts[row.recording_id].engine == "a listener with small.en"
        desk.listener.failures = [MediaError("no audio")]
        working.add(msgspec.structs.replace(again, request_id="r", text="before"))
        said = await desk.told()
    assert said["error"] == transcription.UNHEARD
    kept = desk.store.transcripts[row.recording_id]
    assert (kept.state, kept.text, kept.error) == ("failed", "before", transcription.UNHEARD)
