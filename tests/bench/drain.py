"""A backlog, as an outage of the applications leaves it, and the service that drains it (H-4).

The rows are written into the database; then the shipped service is started on it, and the
receiver's own ledger tells when the last one came. No Asterisk is needed, and none is there.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from recordbridge.instant import SystemClock
from recordbridge.plivo.retry import Retry
from recordbridge.ports.rows import RequestRow, Unit
from recordbridge.store import open_store
from tests.bench.receiving import Receiving
from tests.bench.rigged import cpu_s, rss_mb

ACCOUNT, TOKEN = "MAEXAMPLEACCOUNT0001", "example-token-of-the-benchmark"
WORKER = "rb-1"
UNIT = 200
"""Rows in one unit while the backlog is written."""
LONGEST_S = 900


class Drained(NamedTuple):
    """What a drain came to."""

    deliveries: int
    seconds: float
    cpu_s: float
    rss_mb: float
    """The most that was seen."""
    idle_mb: float
    """Before the first request."""
    twice: int
    undelivered: int


def callback(url: str, now: int) -> RequestRow:
    """A callback of a recording, as large as they are, whose fragment is used up."""
    recording_id, call_uuid = str(uuid.uuid4()), str(uuid.uuid4())
    parameters = {
        "RecordUrl": f"recording:{recording_id}.mp3",
        "RecordFile": f"recording:{recording_id}.mp3",
        "RecordingDuration": "12",
        "RecordingDurationMs": "11860",
        "RecordingStartMs": str(now - 20_000),
        "RecordingEndMs": str(now - 8140),
        "RecordingID": recording_id,
        "RecordingEndReason": "hangup",
        "RecordingStoppedMs": str(now - 8140),
        "CallUUID": call_uuid,
        "From": "15550001111",
        "To": "100",
        "Direction": "inbound",
        "CallStatus": "completed",
        "Event": "Record",
        "HangupCause": "NORMAL_CLEARING",
        "HangupCauseName": "Normal Hangup",
        "HangupCauseCode": "4000",
        "HangupSource": "Caller",
        "Duration": "14",
        "BillDuration": "13",
    }
    return RequestRow(
        request_id=str(uuid.uuid4()),
        kind="callback",
        call_uuid=call_uuid,
        recording_id=recording_id,
        account=ACCOUNT,
        method="POST",
        url=url,
        retry=msgspec.msgpack.encode(Retry()),
        body=msgspec.json.encode(parameters),
        wants_document=False,
        durable=True,
        after=None,
        state="waiting",
        created_at=now,
        due_at=now,
        step=3,
        settled=True,
        attempts=5,
    )


async def _fill(database: Path, deliveries: int, url: str) -> None:
    now = SystemClock()()
    async with open_store(f"sqlite:///{database}", worker=WORKER) as store:
        for done in range(0, deliveries, UNIT):
            size = min(UNIT, deliveries - done)
            await store.commit(Unit(requests=tuple(callback(url, now) for _ in range(size))))


def drain(folder: Path, receiver: Receiving, deliveries: int) -> Drained:
    """Fill a database, start the service on it, wait until all has come."""
    database = folder / "recordbridge.db"
    asyncio.run(_fill(database, deliveries, f"http://127.0.0.1:{receiver.fast[0]}/callback"))
    config = folder / "recordbridge.yaml"
    config.write_text(json.dumps(_settings()))
    with (folder / "service.log").open("wb") as log:
        command = [sys.executable, "-m", "recordbridge", "serve", "-c", str(config)]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            return _watch(process, database, receiver, deliveries)
        finally:
            process.terminate()
            process.wait(20)


def _watch(
    process: subprocess.Popen[bytes], database: Path, receiver: Receiving, deliveries: int
) -> Drained:
    idle, most = 0.0, 0.0
    for _ in _until(lambda: _delivered(database, deliveries)):
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        most = max(most, rss_mb(process.pid))
        idle = idle or most
    requests, first = receiver.ledger()
    return Drained(
        deliveries=len(first),
        seconds=max(first.values()) - min(first.values()),
        cpu_s=cpu_s(process.pid),
        rss_mb=most,
        idle_mb=idle,
        twice=requests - len(first),
        undelivered=deliveries - len(first),
    )


def _until(done: Callable[[], bool]) -> Iterator[None]:
    """Once a second until it is done, or the time is up."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        yield
        time.sleep(1)
        if done():
            return


def _delivered(database: Path, deliveries: int) -> bool:
    """Looks at the end of the backlog first: counting all of it would be work for the machine."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as reader:
        (waits,) = reader.execute(
            "SELECT EXISTS (SELECT 1 FROM requests WHERE state = 'waiting')"
        ).fetchone()
        if waits:
            return False
        (number,) = reader.execute(
            "SELECT count(*) FROM requests WHERE state = 'delivered'"
        ).fetchone()
    if number != deliveries:
        raise RuntimeError(f"{number} of {deliveries} were delivered, and none waits")
    return True


def _settings() -> dict[str, object]:
    """As shipped, but for addresses, and the log at the level of a busy service: warnings."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    return {
        "service": {"listen": "127.0.0.1:0", "public_url": "http://127.0.0.1:8080"},
        "accounts": [{"auth_id": ACCOUNT, "auth_token": TOKEN}],
        "asterisk": [{"url": f"http://127.0.0.1:{port}", "password": "nobody-listens"}],
        "applications": {"one": {"account": ACCOUNT, "answer_url": "http://127.0.0.1:9/"}},
        "default_application": "one",
        "storage": {"path": "recordings"},
        "database": {"url": "sqlite:///recordbridge.db"},
        "agi": None,
        "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        "log": {"format": "json"},
    }
