"""The engine behind HTTP: what it hears, and what every kind of trouble with it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from recordbridge.errors import (
    ListenerAwayError,
    ListenerError,
    ListenerRefusedError,
    MediaError,
)
from recordbridge.machine.transcription import Spoken
from recordbridge.ports.transcripts import Listener
from recordbridge.speech import pieces, remote
from recordbridge.speech.remote import Remote
from tests.hearing.server import KEY, MODEL, Hearing, refused
from tests.hearing.words import CONFERENCE, PASSWORD, understood
from tests.unit.speech.test_whisper import prompt, write

pytestmark = pytest.mark.rule("M-5")
NOISE = np.random.default_rng(1).integers(-9000, 9000, 8000).astype(np.int16)


@pytest.fixture
async def server() -> AsyncIterator[Hearing]:
    async with Hearing() as server:
        yield server


@pytest.fixture
async def engine(server: Hearing, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Remote]:
    monkeypatch.setattr(remote, "BACK_OFF_S", (0.01, 0.01))
    engine = Remote(server.url, MODEL, api_key=KEY, timeout_s=30)
    yield engine
    await engine.rest()


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    return write(tmp_path / "noise.wav", NOISE)


async def heard(engine: Listener, file: Path, *, model: str = "") -> list[Spoken]:
    return await engine.listen(file, stereo=False, duration_ms=1000, model=model)


def said(text: str = "hello", **more: object) -> web.Response:
    return web.json_response({"text": text} | more)


@pytest.mark.asterisk
@pytest.mark.rule("T-1")
async def test_who_says_what_and_when_and_silence_is_not_sent(
    rig: Mapping[str, str], server: Hearing, engine: Remote, tmp_path: Path
) -> None:
    spoken = prompt(rig, "agent-pass")[: 8 * 8000]
    silence = np.zeros(len(spoken), np.int16)
    both = write(
        tmp_path / "both.wav",
        np.concatenate((spoken, silence)),
        np.concatenate((silence, prompt(rig, "conf-waitforleader"))),
    )
    found = await engine.listen(both, stereo=True, duration_ms=10_000, model="")
    caller = " ".join(each.text for each in found if each.side == "Caller")
    callee = " ".join(each.text for each in found if each.side == "Callee")
    assert understood(caller, PASSWORD)
    assert understood(callee, CONFERENCE)
    assert all(each.at_ms >= len(spoken) // 8 - 500 for each in found if each.side == "Callee")
    assert [asked.fields for asked in server.asked] == 2 * [
        {
            "model": MODEL,
            "language": "en",
            "response_format": "verbose_json",
            "timestamp_granularities[]": "segment",
        }
    ]
    quiet = write(tmp_path / "quiet.wav", silence)
    assert await heard(engine, quiet) == []
    assert len(server.asked) == 2


async def test_a_long_recording_goes_out_in_pieces(
    server: Hearing, engine: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their times are those of the recording."""
    monkeypatch.setattr(pieces.read, "__defaults__", (4,))
    long = write(tmp_path / "long.wav", np.tile(NOISE, 10))
    server.replies = [
        said(segments=[{"start": 1.5, "end": 2, "text": f" piece {n} "}]) for n in range(9)
    ]
    found = await heard(engine, long)
    assert [each.text for each in found] == [f"piece {n}" for n in range(len(found))]
    assert found[0].at_ms == 1500
    assert found[1].at_ms > 3000
    assert len(found) == 9 - len(server.replies) >= 3


async def test_a_server_that_tells_no_times(server: Hearing, engine: Remote, noise: Path) -> None:
    server.replies = [said(" all of\n it "), said(segments=[]), said(segments=None)]
    assert await heard(engine, noise) == [Spoken(0, "all of it")]
    assert await heard(engine, noise) == []
    assert await heard(engine, noise) == [Spoken(0, "hello")]


async def test_what_passes_is_tried_again(server: Hearing, engine: Remote, noise: Path) -> None:
    server.replies = [refused(503, "loading"), refused(429, "slow down"), said()]
    assert await heard(engine, noise) == [Spoken(0, "hello")]


async def test_a_server_that_asks_for_time_gets_it(
    server: Hearing, engine: Remote, noise: Path
) -> None:
    server.replies = [refused(429, "slow down", **{"Retry-After": "1"}), said()]
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert await heard(engine, noise) == [Spoken(0, "hello")]
    assert loop.time() - begun >= 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, ListenerAwayError),
        (401, ListenerAwayError),
        (302, ListenerAwayError),
        (400, ListenerRefusedError),
        (413, ListenerRefusedError),
        (415, ListenerRefusedError),
    ],
)
async def test_a_refusal_says_what_the_server_said(
    server: Hearing, engine: Remote, noise: Path, status: int, kind: type[Exception]
) -> None:
    server.replies = [refused(status, "that\nwill not do", Location=server.url) for _ in range(3)]
    with pytest.raises(kind) as told:
        await heard(engine, noise)
    assert str(told.value) == (
        f"the transcription engine at {server.url}/audio/transcriptions"
        f" answered {status}: that will not do"
    )


async def test_a_key_or_a_model_that_is_wrong_is_the_operator_s_to_mend(
    server: Hearing, engine: Remote, noise: Path
) -> None:
    stranger = Remote(server.url, MODEL, api_key="sk-wrong")
    with pytest.raises(ListenerAwayError, match="401: Incorrect API key") as told:
        await heard(stranger, noise)
    await stranger.rest()
    assert "sk-wrong" not in str(told.value)
    with pytest.raises(ListenerAwayError, match="404: The model huge does not exist"):
        await heard(engine, noise, model="huge")


async def test_a_server_that_is_away(server: Hearing, engine: Remote, noise: Path) -> None:
    await server.close()
    with pytest.raises(ListenerAwayError, match=r"cannot be asked: .*127\.0\.0\.1"):
        await heard(engine, noise)
    await server.open()
    server.replies = [said()]
    assert await heard(engine, noise) == [Spoken(0, "hello")]


async def test_a_server_that_hangs(server: Hearing, noise: Path, engine: Remote) -> None:
    del engine  # for its short pauses
    server.hold = asyncio.Event()
    impatient = Remote(server.url, MODEL, api_key=KEY, timeout_s=0.1)
    with pytest.raises(ListenerAwayError, match="did not answer in time"):
        await heard(impatient, noise)
    await impatient.rest()
    server.hold.set()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"text": 3}', b'{"segments": []}'])
async def test_an_answer_that_is_none(
    server: Hearing, engine: Remote, noise: Path, body: bytes
) -> None:
    server.replies = [web.Response(body=body)]
    with pytest.raises(ListenerError, match="answered something else"):
        await heard(engine, noise)


async def test_an_answer_without_end_is_not_read(
    server: Hearing, engine: Remote, noise: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_BYTES", 10_000)
    server.replies = [said("x" * 20_000)]
    with pytest.raises(ListenerError, match="more than 10000 bytes"):
        await heard(engine, noise)


async def test_a_file_that_is_no_audio(engine: Remote, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    with pytest.raises(MediaError, match="cannot be decoded"):
        await heard(engine, broken)


@pytest.mark.rule("O-3")
async def test_it_can_be_proved(server: Hearing, engine: Remote) -> None:
    await engine.prove()
    with pytest.raises(ListenerError, match="401"):
        await Remote(server.url, MODEL).prove()
