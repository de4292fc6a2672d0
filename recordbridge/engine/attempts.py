"""One attempt of a request: what is sent, and what follows from the answer (H-1, H-2)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from recordbridge import failpoints
from recordbridge.engine.lanes import Delivery
from recordbridge.instant import Clock, Instant
from recordbridge.machine import delivery
from recordbridge.machine.reports import FILE
from recordbridge.plivo import unlogged
from recordbridge.plivo.retry import Retry, Target
from recordbridge.ports.http import Outcome, Sender

HOPS = 5
"""F-6: HTTP redirects followed for a document."""
HEADER = "X-Recordbridge-Delivery"
FILE_NAMES = ("RecordUrl", "RecordFile", "record_url", "response")
"""Carry the same URL (section 2.4, E-1), which is made when the request is sent."""

_retry = msgspec.msgpack.Decoder(Retry)
_body = msgspec.json.Decoder(dict[str, str])

FileUrl = Callable[[str, str], str]
"""(account, `{recording id}.{ext}`) -> the signed URL of the file."""


class Made(NamedTuple):
    """An attempt that was made."""

    started: Instant
    outcome: Outcome
    verdict: delivery.Verdict


class Attempts:
    """Makes them. `tokens` are those of an account."""

    def __init__(
        self,
        sender: Sender,
        clock: Clock,
        tokens: Callable[[str], tuple[str, ...]],
        file_url: FileUrl,
        schedule_s: tuple[int, ...],
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._tokens = tokens
        self._file_url = file_url
        self._schedule_s = schedule_s
        self._chance = random.Random().random  # noqa: S311 - it only spreads repeats

    async def attempt(self, request: Delivery) -> Made:
        """Send it once, and note in it where it stands now."""
        row = request.row
        target = Target(url=row.url, method=row.method, retry=_retry.decode(row.retry))
        started = self._clock()
        outcome = await self._reach(request, target)
        return Made(started, outcome, self._judge(request, target.retry, outcome, started))

    async def _reach(self, request: Delivery, target: Target) -> Outcome:
        if failpoints.ON:
            failpoints.reach(f"sending.{request.row.kind}")
        outcome = await self._send(request, target)
        if failpoints.ON:
            failpoints.reach(f"answered.{request.row.kind}")
        return outcome

    async def _send(self, request: Delivery, target: Target) -> Outcome:
        row = request.row
        parameters = _body.decode(row.body)
        file = parameters.get("RecordUrl") or parameters.get("record_url", "")
        if file.startswith(FILE):
            url = self._file_url(row.account, file.removeprefix(FILE))
            parameters |= {
                name: parameters[name].replace(file, url)
                for name in FILE_NAMES
                if name in parameters
            }
        spent = self._clock() - request.progress.first_at if request.progress.attempts else 0
        in_burst = request.progress.step == 0
        outcome = await self._sender.send(
            target,
            unlogged.sent(parameters),
            {HEADER: row.request_id},
            tokens=self._tokens(row.account),
            follow=HOPS if request.wants_document else 0,
            budget_ms=target.retry.total_ms - spent if in_burst else None,
        )
        if not unlogged.is_marked(parameters):
            return outcome
        return msgspec.structs.replace(outcome, sent=unlogged.masked(outcome.sent))

    def _judge(
        self, request: Delivery, retry: Retry, outcome: Outcome, started: int
    ) -> delivery.Verdict:
        progress = request.progress
        request.attempts += 1
        request.progress = progress = delivery.Progress(
            attempts=progress.attempts + (not outcome.stale),
            first_at=progress.first_at or started,
            step=progress.step,
        )
        verdict = delivery.judge(
            retry,
            progress,
            failure=outcome.failure,
            status=outcome.status,
            retry_after_s=outcome.retry_after_s,
            durable=request.durable,
            stale=outcome.stale,
            schedule_s=self._schedule_s,
            chance=self._chance(),
            now=self._clock(),
        )
        request.progress = delivery.Progress(progress.attempts, progress.first_at, verdict.step)
        return verdict
