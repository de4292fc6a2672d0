"""Placing the calls and gathering what comes of them, all at the same time."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from tests.demo import lengths
from tests.demo.scenes import SCENES, Scene
from tests.demo.verdict import Outcome
from tests.receiver import Received, Receiver

PATIENCE_S = 30.0
"""From the first call on; the longest call takes about 8 s."""
ROOT = Path(__file__).resolve().parents[2]


async def gather(app: Receiver, rig: Mapping[str, str]) -> list[Outcome]:
    """Place every call and wait for everything it is to lead to."""
    outcomes = [Outcome(each) for each in SCENES]
    until = asyncio.get_running_loop().time() + PATIENCE_S
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        for outcome in outcomes:
            tasks.create_task(_place(outcome, rig, until))
            tasks.create_task(_follow(outcome, app, http, until))
    return outcomes


def command(scene: Scene) -> str:
    """The command line that places the call, for people."""
    return shlex.join(scene.command())


async def _place(outcome: Outcome, rig: Mapping[str, str], until: float) -> None:
    words = [sys.executable, *outcome.scene.command(), "--wait", "--json"]
    child = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, env=dict(rig),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout_at(until):
            told, complaint = await child.communicate()
    except TimeoutError:
        outcome.trouble.append("the call did not end")
        return
    finally:
        if child.returncode is None:
            child.terminate()  # it hangs its call up
            await child.wait()
    if child.returncode:
        cause = json.loads(told)["cause_text"] if told else complaint.decode().strip()
        outcome.trouble.append(f"the call was not answered ({cause})")


async def _follow(
    outcome: Outcome, app: Receiver, http: aiohttp.ClientSession, until: float
) -> None:
    outcome.action = await _next(app, outcome.scene.path("action"), until)
    outcome.callback = await _next(app, outcome.scene.path("callback"), until)
    if outcome.callback is not None and outcome.callback.params.get("RecordUrl"):
        await _fetch(outcome, http, outcome.callback.params["RecordUrl"])
    for what in ("action", "callback"):
        if (came := len(app.to(outcome.scene.path(what)))) > 1:
            outcome.trouble.append(f"the {what} request came {came} times")


async def _next(app: Receiver, path: str, until: float) -> Received | None:
    left = until - asyncio.get_running_loop().time()
    try:
        return await app.next(path, timeout=max(0.1, left))
    except TimeoutError:
        return None


async def _fetch(outcome: Outcome, http: aiohttp.ClientSession, url: str) -> None:
    """The callback says that the file can be fetched: so it is, at once and only once."""
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(10)) as reply:
            outcome.data = await reply.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        outcome.trouble.append(f"RecordUrl cannot be fetched: {error or type(error).__name__}")
        return
    if reply.status != 200:
        outcome.trouble.append(f"RecordUrl answers {reply.status}")
        return
    try:
        outcome.length = lengths.measure(outcome.data, outcome.scene.file_format)
    except ValueError as error:
        outcome.trouble.append(f"the fetched file is damaged: {error}")
