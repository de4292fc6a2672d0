"""Stand-ins for the world at the engine's ports: they remember, and answer when told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from recordbridge import ids
from recordbridge.engine.applications import Application
from recordbridge.engine.pipeline import Tell
from recordbridge.errors import PbxGoneError, PbxUnavailableError, StorageError
from recordbridge.instant import Instant
from recordbridge.machine.facts import CallEntered, Fact, MediaReady, PbxSeen
from recordbridge.machine.intents import Collect, FetchMedia, Synthesise
from recordbridge.machine.intents import Pbx as PbxIntent
from recordbridge.plivo.retry import Target
from recordbridge.ports.audio import Keep, Measured, Opened, Stored
from recordbridge.ports.http import Outcome
from recordbridge.ports.pbx import Pbx, Survey
from recordbridge.ports.rows import (
    CallRow,
    Due,
    Queue,
    RecordingRow,
    RequestRow,
    TranscriptRow,
    Unit,
)


class MemoryStore:
    """Commits at once, or when `release` is called; `broken` fails the next ones."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.held: list[tuple[asyncio.Future[None], Unit]] | None = None
        self.broken: StorageError | None = None
        self.unreadable: list[StorageError] = []
        """The next reads of what is due fail with these."""
        self.rows: dict[str, RequestRow] = {}
        self.calls: dict[str, CallRow] = {}
        self.deleted: list[str] = []
        self.transcripts: dict[str, TranscriptRow] = {}
        self.recordings: dict[str, RecordingRow] = {}

    @property
    def available(self) -> bool:
        return self.broken is None

    def commit(self, unit: Unit, *, quiet: bool = False) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.held is not None:
            self.held.append((future, unit))
        else:
            self._keep(future, unit)
        return future

    def _keep(self, future: asyncio.Future[None], unit: Unit) -> None:
        if self.broken is not None:
            future.set_exception(self.broken)
            return
        self.units.append(unit)
        if unit.call is not None:
            self.calls[unit.call.call_uuid] = unit.call
        self.recordings |= {row.recording_id: row for row in unit.recordings}
        for asked in unit.transcripts:
            self.transcripts.setdefault(asked.recording_id, asked)
        self.transcripts |= {row.recording_id: row for row in unit.transcribed}
        for row in unit.requests:
            self.rows[row.request_id] = row
        for update in unit.updates:
            changed = {n: v for n, v in msgspec.structs.asdict(update).items() if v is not None}
            self.rows[update.request_id] = msgspec.structs.replace(
                self.rows[update.request_id], **changed
            )
        future.set_result(None)

    def hold(self) -> None:
        self.held = []

    def release(self) -> None:
        held, self.held = self.held or [], None
        for future, unit in held:
            self._keep(future, unit)

    async def take_calls(self, asterisk: str) -> list[CallRow]:
        return [row for row in self.calls.values() if row.open and row.asterisk == asterisk]

    async def call(self, call_uuid: str) -> CallRow | None:
        return self.calls.get(call_uuid)

    async def delete_recording(self, recording_id: str, at: int) -> None:
        self.deleted.append(recording_id)

    async def recording(self, recording_id: str) -> RecordingRow | None:
        return self.recordings.get(recording_id)

    async def take_requests(self) -> list[RequestRow]:
        return [row for row in self._waiting() if not row.settled]

    def _waiting(self) -> list[RequestRow]:
        found = (row for row in self.rows.values() if row.state == "waiting")
        return sorted(found, key=lambda row: row.due_at)

    async def queues(self) -> list[Queue]:
        lanes: dict[str, list[RequestRow]] = {}
        for row in self._waiting():
            lanes.setdefault(row.lane, []).append(row)
        await asyncio.sleep(0)  # the answer takes time
        return [Queue(lane, len(found), found[0].due_at) for lane, found in lanes.items()]

    async def due_requests(self, lane: str, until: Instant, most: int) -> Due:
        if self.unreadable:
            raise self.unreadable.pop()
        mine = [row for row in self._waiting() if row.lane == lane]
        due = [row for row in mine if row.settled and row.due_at <= until][:most]
        later = [row.due_at for row in mine if row.due_at > until]
        if len(due) == most:
            return Due(tuple(due), due[-1].due_at)
        return Due(tuple(due), min(later, default=None))

    async def replay_requests(self, ids: list[str], now: Instant) -> None:
        for each in ids:
            if not self.rows[each].wants_document:
                self.rows[each] = msgspec.structs.replace(
                    self.rows[each], state="waiting", due_at=now, step=0, settled=True, durable=True
                )

    async def take_transcripts(self, most: int) -> list[TranscriptRow]:
        waiting = (row for row in self.transcripts.values() if row.state == "waiting")
        return sorted(waiting, key=lambda row: row.due_at)[:most]

    async def transcript(self, recording_id: str) -> TranscriptRow | None:
        return self.transcripts.get(recording_id)

    def transcribe_again(self, row: TranscriptRow) -> asyncio.Future[bool]:
        return self._unless_waiting(row.recording_id, row)

    def erase_transcript(self, recording_id: str) -> asyncio.Future[bool]:
        held = self.transcripts[recording_id]
        erased = msgspec.structs.replace(held, state="deleted", text="", spoken=b"[]")
        return self._unless_waiting(recording_id, erased)

    def _unless_waiting(self, recording_id: str, row: TranscriptRow) -> asyncio.Future[bool]:
        held = self.transcripts.get(recording_id)
        free = held is None or held.state != "waiting"
        if free:
            self.transcripts[recording_id] = row
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        future.set_result(free)
        return future

    async def secret(self, name: str, fresh: str) -> str:
        return fresh


class ScriptedSender:
    """Answers by URL from a list of outcomes (the last one again and again), or when released."""

    def __init__(self) -> None:
        self.sent: list[tuple[Target, dict[str, str], dict[str, str]]] = []
        self.replies: dict[str, list[Outcome]] = {}
        self.gate: asyncio.Event | None = None
        self.gates: dict[str, asyncio.Event] = {}
        """For one URL."""

    async def send(
        self,
        target: Target,
        parameters: dict[str, str],
        headers: dict[str, str],
        *,
        tokens: tuple[str, ...],
        follow: int = 0,
        budget_ms: int | None = None,
    ) -> Outcome:
        self.sent.append((target, parameters, headers))
        if self.gate is not None:
            await self.gate.wait()
        if target.url in self.gates:
            await self.gates[target.url].wait()
        known = self.replies.get(target.url, [Outcome(failure="", status=200)])
        return known.pop(0) if len(known) > 1 else known[0]

    def urls(self) -> list[str]:
        return [target.url for target, _, _ in self.sent]


class RecordingPbx:
    """Remembers what it was told."""

    def __init__(self, folder: Path) -> None:
        self.name = "pbx"
        self.connected = True
        self.done: list[PbxIntent] = []
        self.deleted: list[str] = []
        self.adopted: list[tuple[str, str, list[str], list[str]]] = []
        self.folder = folder
        self.channels: dict[str, CallEntered] = {}
        self.brought: list[tuple[list[str], list[str], list[str]]] = []
        self.waiting: dict[str, list[str]] = {}
        self.sent_on: list[tuple[str, str, dict[str, str]]] = []
        self.seen = PbxSeen(at=0, channel=False)
        self.surveyed = Survey(up_since=0, ours=set(), channels={}, calls={}, belongings={})

    def perform(self, intent: PbxIntent) -> None:
        self.done.append(intent)

    def adopt(self, call_uuid: str, channel_id: str, former: list[str], legs: list[str]) -> None:
        self.adopted.append((call_uuid, channel_id, former, legs))

    async def survey(self) -> Survey:
        return self.surveyed

    async def look(
        self, channel_id: str, survey: Survey, *, captures: list[str], playbacks: list[str]
    ) -> PbxSeen:
        return self.seen

    async def bring_in(self, channels: list[str], others: list[str], bridges: list[str]) -> None:
        self.brought.append((channels, others, bridges))
        self.surveyed.ours.update(channels, others)

    async def send_on(self, channel_id: str, app: str, args: Mapping[str, str]) -> None:
        self.sent_on.append((channel_id, app, dict(args)))

    async def in_application(self, app: str) -> list[str]:
        return self.waiting.get(app, [])

    async def calls_present(self, survey: Survey) -> list[tuple[str, Fact]]:
        return [
            (ids.call_uuid(self.name, each), CallEntered(at=0, channel_id=each, answered=up))
            for each, up in survey.calls.items()
        ]

    async def find(self, call: str) -> CallEntered | None:
        if not self.connected:
            raise PbxUnavailableError("away")
        return self.channels.get(call)

    def recording_file(self, name: str) -> Path | None:
        return None

    async def fetch_recording(self, name: str, into: Path) -> Path:
        path = self.folder / f"{name}.wav"
        if not path.exists():
            raise PbxGoneError(f"there is no recording {name}")
        return path

    async def delete_recordings(self, names: list[str]) -> None:
        self.deleted.extend(names)


class ReadyPrompts:
    """Everything can be played at once."""

    def prepare(self, pbx: Pbx, intent: FetchMedia | Synthesise, tell: Tell) -> None:
        asyncio.get_running_loop().call_soon(
            tell, MediaReady(media_id=intent.media_id, media="sound:prepared")
        )


class PlainAudio:
    """Measures by size; `failures` are raised first."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []

    async def measure(
        self,
        collect: Collect,
        sources: Sequence[Path | None],
        into: Path,
        keep: Keep | None = None,
    ) -> tuple[Measured, Stored | None]:
        if self.failures:
            raise self.failures.pop(0)
        there = [source for source in sources if source is not None]
        frames = sum(source.stat().st_size for source in there) // 2
        into.write_bytes(b"".join(source.read_bytes() for source in there))
        measured = Measured(
            frames=frames, rate=8000, channels=1, skipped_frames=0, repaired=False, pcm=into
        )
        return measured, None if keep is None else keep(into)

    async def encode(self, measured: Measured, file_format: str, into: Path) -> Path:
        return measured.pcm


class MemoryBlobs:
    """Keeps bytes; `failures` are raised first."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.failures: list[Exception] = []

    def keeper(self, name: str) -> Keep:
        return lambda source: self._keep(name, source)

    async def put(self, name: str, source: Path) -> Stored:
        return self._keep(name, source)

    def _keep(self, name: str, source: Path) -> Stored:
        if self.failures:
            raise self.failures.pop(0)
        self.kept[name] = source.read_bytes()
        source.unlink()
        return Stored(size=len(self.kept[name]), digest="d")

    async def open(self, name: str) -> Opened | None:
        return None

    async def link(self, name: str, method: str) -> str | None:
        return None

    async def fetch(self, name: str, into: Path) -> Path | None:
        return None

    async def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    async def free_bytes(self) -> int:
        return 1 << 40


class OneApplication:
    """Every call belongs to it."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def match(self, named: str | None, dialled: str) -> Application | None:
        return None if named == "unknown" else self.application

    def named(self, name: str) -> Application | None:
        return self.application if name == self.application.profile.application else None

    def tokens(self, account: str) -> tuple[str, ...]:
        return ("token-of-the-account",)
