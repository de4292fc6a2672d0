"""Calls through the engine, from the first event to the last request, at its ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from recordbridge import ids
from recordbridge.engine.applications import Application
from recordbridge.engine.deliveries import Deliveries
from recordbridge.engine.pipeline import Pipeline
from recordbridge.engine.recovery import Recovery
from recordbridge.engine.router import Router
from recordbridge.errors import FenceError, StorageError
from recordbridge.instant import SystemClock
from recordbridge.machine import facts as f
from recordbridge.machine import intents as i
from recordbridge.machine import life
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Document, Record, Speak, Wait
from recordbridge.plivo.retry import Target
from recordbridge.ports.http import Outcome
from recordbridge.telemetry.metrics import Metrics
from tests.unit.engine.doubles import (
    MemoryBlobs,
    MemoryStore,
    OneApplication,
    PlainAudio,
    ReadyPrompts,
    RecordingPbx,
    ScriptedSender,
)

CALL = ids.call_uuid("pbx", "c1")
ACTION = Target(url="http://app.example/action")
CALLBACK = Target(url="http://app.example/callback")
VOICEMAIL = Document(
    elements=(
        Record(
            action=ACTION, redirect=False, callback=CALLBACK, play_beep=False, file_format="wav"
        ),
        Wait(length_s=600),
    )
)


class Bench:
    """An engine on doubles."""

    def __init__(self, folder: Path, application: Application) -> None:
        clock = SystemClock()
        metrics = Metrics("test")
        self.clock = clock
        self.metrics = metrics
        self.store = MemoryStore()
        self.sender = ScriptedSender()
        self.blobs = MemoryBlobs()
        self.audio = PlainAudio()
        self.pbx = RecordingPbx(folder)
        work = folder / "work"
        work.mkdir(exist_ok=True)
        self.pipeline = Pipeline(audio=self.audio, blobs=self.blobs, work=work)
        self.applications = OneApplication(application)
        self.router = Router(
            store=self.store,
            pipeline=self.pipeline,
            prompts=ReadyPrompts(),
            applications=self.applications,
            clock=clock,
            metrics=metrics,
        )
        self.router.deliveries = Deliveries(
            store=self.store,
            sender=self.sender,
            clock=clock,
            tokens=self.applications.tokens,
            file_url=lambda account, name: f"http://files/{account}/{name}",
            settled=self.router.settled,
            schedule_s=(0,),
            metrics=metrics,
            commits=self.router.commits,
        )
        self.router.attach(self.pbx)
        self.recovery = Recovery(router=self.router, store=self.store, pipeline=self.pipeline)

    def feed(self, fact: f.Fact) -> None:
        self.router.fact("pbx", CALL, fact)

    async def enter(self, **args: str) -> None:
        entered = f.CallEntered(
            at=self.clock(), channel_id="c1", caller="1", dialled="100", args=args
        )
        self.feed(entered)
        await self._first_commit()

    async def _first_commit(self) -> None:
        """Nothing is asked of Asterisk before; a store that holds commits back is not awaited."""
        if isinstance(self.router._store, MemoryStore) and self.store.held is not None:
            return
        actor = self.router.calls.get(CALL)
        async with asyncio.timeout(5):
            while actor is not None and not actor.closed and not actor.stored:
                await asyncio.sleep(0.001)

    def told(self, kind: type[i.Pbx]) -> list[i.Pbx]:
        return [intent for intent in self.pbx.done if isinstance(intent, kind)]

    @property
    def snoop(self) -> str:
        begun = self.told(i.BeginSnoop)[-1]
        assert isinstance(begun, i.BeginSnoop)
        return begun.snoop_id

    @property
    def capture(self) -> str:
        return life.capture_name(self.router.calls[CALL].state.recordings[-1].taps[0])

    def flush(self) -> None:
        """Commit what waits for company."""
        self.router.commits.now(lambda: None)

    def run_recording(self, audio: bytes = b"\1\0" * 8000) -> None:
        """Bring the recording to where it runs, with Asterisk's file in place."""
        self.feed(f.SnoopEntered(snoop_id=self.snoop))
        self.feed(f.CaptureBegan(name=self.capture, at=self.clock()))
        self.feed(f.CallAnswered(at=self.clock()))
        (self.pbx.folder / f"{self.capture}.wav").write_bytes(audio)

    async def until(self, url: str) -> dict[str, str]:
        """The parameters of the first request to the URL."""
        async with asyncio.timeout(20):
            while url not in self.sender.urls():
                await asyncio.sleep(0.005)
        return next(p for t, p, _ in self.sender.sent if t.url == url)

    async def until_released(self) -> None:
        async with asyncio.timeout(20):
            while self.router.calls or self.pipeline.active:
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        for actor in list(self.router.calls.values()):
            actor.close()
        await self.pipeline.close(0)
        assert self.router.deliveries is not None
        await self.router.deliveries.close(0)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    profile = Profile(account="M", application="voicemail")
    made = Bench(tmp_path, Application(profile=profile, flow=VOICEMAIL))
    yield made
    await made.close()


@pytest.mark.rule("P-8")
@pytest.mark.rule("Q-3")
@pytest.mark.rule("M-1")
async def test_a_voicemail_from_the_first_event_to_the_last_request(bench: Bench) -> None:
    await bench.enter()
    bench.run_recording()
    recording = bench.router.calls[CALL].state.recordings[0]
    capture = bench.capture
    bench.feed(f.KeyPressed(at=bench.clock(), key="#"))
    bench.feed(f.CaptureEnded(name=capture, at=bench.clock()))
    said = await bench.until(CALLBACK.url)
    assert said["RecordingDurationMs"] == "1000"
    assert said["RecordUrl"] == f"http://files/M/{recording.recording_id}.wav"
    assert bench.sender.urls() == [ACTION.url, CALLBACK.url]
    bench.feed(f.CallDestroyed(at=bench.clock(), cause=16))
    await bench.until_released()
    await bench.pipeline.close(5)
    assert bench.pbx.deleted == [capture]
    assert not bench.store.calls[CALL].open


@pytest.mark.rule("H-3")
async def test_what_others_see_waits_for_the_commit_and_what_can_be_undone_does_not(
    bench: Bench,
) -> None:
    await bench.enter()
    bench.store.hold()
    bench.run_recording()
    assert bench.told(i.Answer)
    capture = bench.capture
    bench.feed(f.HangupRequested(at=bench.clock()))
    bench.feed(f.CaptureEnded(name=capture, at=bench.clock()))
    bench.feed(f.CallDestroyed(at=bench.clock()))
    await asyncio.sleep(0.1)
    assert bench.blobs.kept
    assert not bench.sender.sent
    assert not bench.pbx.deleted, "Asterisk's copy stays until the row says that ours is there"
    bench.store.release()
    await bench.until(CALLBACK.url)


async def test_entering_and_a_local_document_are_one_commit(bench: Bench) -> None:
    await bench.enter()
    bench.flush()
    assert [unit.call.version for unit in bench.store.units if unit.call] == [1]
    assert bench.store.units[0].recordings


@pytest.mark.rule("N-6")
async def test_a_lost_fence_drops_the_call_without_another_word(bench: Bench) -> None:
    bench.store.broken = FenceError("another owner")
    await bench.enter()
    bench.flush()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert CALL not in bench.router.calls


async def test_a_fault_in_one_call_hangs_that_call_up_and_leaves_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.enter()
    bench.flush()

    def broken(*_: object) -> None:
        raise ValueError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr("recordbridge.machine.call.step", broken)
        bench.feed(f.KeyPressed(at=bench.clock(), key="#"))
    assert bench.told(i.HangUp)
    assert CALL not in bench.router.calls
    assert bench.store.calls[CALL].open, "a restart finds its recordings"


async def test_a_commit_that_fails_for_good_hangs_up(bench: Bench) -> None:
    bench.store.broken = StorageError("the disk is full", full=True)
    await bench.enter()
    bench.flush()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert bench.told(i.HangUp)


@pytest.mark.rule("F-1")
@pytest.mark.rule("F-6")
async def test_a_call_for_an_application_that_does_not_exist_is_hung_up(bench: Bench) -> None:
    await bench.enter(application="unknown")
    assert bench.told(i.HangUp)


@pytest.mark.rule("F-6", "A-19")
@pytest.mark.parametrize(
    ("outcome", "code", "kind"),
    [
        (Outcome(failure="ct", error="refused"), 7011, ""),
        (Outcome(failure="", status=200, body=b"hello"), 8011, "syntax"),
        (
            Outcome(failure="", status=200, body=b"<Response><Nope/></Response>"),
            8011,
            "unknown_element",
        ),
        (Outcome(failure="", status=200, body=b"<Response/>"), 4010, ""),
    ],
)
async def test_the_reply_to_the_answer_url_becomes_a_document_or_a_cause(
    tmp_path: Path, outcome: Outcome, code: int, kind: str
) -> None:
    answer = Target(url="http://app.example/answer")
    profile = Profile(account="M", application="sales", answer=answer)
    bench = Bench(tmp_path, Application(profile=profile))
    bench.sender.replies[answer.url] = [outcome]
    await bench.enter()
    await bench.until(answer.url)
    async with asyncio.timeout(5):
        while not bench.told(i.HangUp):
            await asyncio.sleep(0.005)
    assert bench.router.calls[CALL].state.ending.code == code
    told = bench.metrics.exposition().decode().splitlines()
    counted = [line for line in told if line.startswith("recordbridge_document_errors_total")]
    line = f'recordbridge_document_errors_total{{kind="{kind}"}} 1.0'
    assert counted == ([line] if kind else [])
    await bench.close()


@pytest.mark.rule("N-1")
@pytest.mark.rule("N-3")
async def test_a_new_process_takes_up_the_call_and_finishes_its_recording(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.enter()
    bench.run_recording()
    recording = bench.router.calls[CALL].state.recordings[0]
    bench.router.calls[CALL].close()
    after = Bench(tmp_path, bench.applications.application)
    after.store = bench.store
    after.router._store = after.recovery._store = bench.store
    assert after.router.deliveries is not None
    deliveries: Any = after.router.deliveries
    for each in (deliveries, deliveries._backlog, deliveries._results):
        each._store = bench.store
    assert await after.recovery.load("pbx") == 1
    after.pbx.seen = f.PbxSeen(at=after.clock(), channel=False)
    await after.recovery.reconcile(after.pbx)
    after.feed(f.CaptureEnded(name=life.capture_name(recording.taps[0]), at=after.clock()))
    said = await after.until(CALLBACK.url)
    assert said["RecordingID"] == recording.recording_id
    assert said["RecordingEndReason"] == "hangup"
    await after.until_released()
    await after.close()


@pytest.mark.rule("F-2")
async def test_speech_is_prepared_and_then_played(tmp_path: Path) -> None:
    profile = Profile(account="M", application="voicemail")
    flow = Document(elements=(Speak(text="hello"), Wait(length_s=600)))
    bench = Bench(tmp_path, Application(profile=profile, flow=flow))
    await bench.enter()
    async with asyncio.timeout(5):
        while not bench.told(i.BeginPlayback):
            await asyncio.sleep(0.005)
    (playback,) = bench.told(i.BeginPlayback)
    assert isinstance(playback, i.BeginPlayback)
    assert playback.media == "sound:prepared"
    await bench.close()


@pytest.mark.rule("P-8")
async def test_a_disk_that_is_full_for_a_moment_costs_nothing(bench: Bench) -> None:
    bench.blobs.failures = [StorageError("the disk is full", full=True)]
    await bench.enter()
    bench.run_recording()
    capture = bench.capture
    bench.feed(f.KeyPressed(at=bench.clock(), key="#"))
    bench.feed(f.CaptureEnded(name=capture, at=bench.clock()))
    said = await bench.until(CALLBACK.url)
    assert said["RecordingEndReason"] == "finishOnKey"


@pytest.mark.rule("Q-2")
async def test_a_file_that_is_gone_is_reported_as_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordbridge.engine.pipeline.PAUSES_S", (0,))
    await bench.enter()
    bench.run_recording()
    capture = bench.capture
    (bench.pbx.folder / f"{capture}.wav").unlink()
    bench.feed(f.KeyPressed(at=bench.clock(), key="#"))
    bench.feed(f.CaptureEnded(name=capture, at=bench.clock()))
    said = await bench.until(CALLBACK.url)
    assert said["RecordingEndReason"] == "failed"
    assert "RecordUrl" not in said


@pytest.mark.rule("N-5")
@pytest.mark.rule("N-8")
async def test_a_call_that_cannot_be_kept_goes_back_to_the_dialplan(bench: Bench) -> None:
    """One that is with us already goes on."""
    bench.router.accepting = lambda: False
    await bench.enter()
    assert bench.pbx.done == [
        i.SetVariable(channel_id="c1", name="RECORDBRIDGE_OFFER", value="REFUSED"),
        i.SendBack(channel_id="c1"),
    ]
    assert not bench.router.calls
    assert not bench.store.units
    bench.router.accepting = lambda: True
    await bench.enter()
    bench.router.accepting = lambda: False
    bench.run_recording()
    assert bench.told(i.BeginCapture)
