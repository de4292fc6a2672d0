"""The delivered files: both formats, the signed address, parts of a file (A-4, E-4)."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.service.audio import RATE, Samples, Sound, hear, known, read_mp3, read_wav
from tests.service.service import ACCOUNT, Service, true
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SPOKEN = [speak(1), press("#")]


@pytest.mark.rule("A-4", "D-4", "M-1", "Q-1")
async def test_an_mp3_holds_the_same_words(service: Service) -> None:
    """16 kHz; every second sample is like the known signal, but for the encoder's delay."""
    line = service.line()
    line.answers(line.record(fileFormat="mp3"))
    call = await line.call(SPOKEN)
    delivered = await line.delivered()
    assert urlsplit(delivered.callback["RecordUrl"]).path.endswith(".mp3")
    assert delivered.sound.rate == 16000
    said = int(delivered.callback["RecordingDurationMs"])
    assert said <= delivered.sound.ms <= said + 3 * 72
    assert likeness(delivered.sound) > 0.95
    await call.ended()


def likeness(sound: Sound) -> float:
    """How like the known signal's first second a sound at 16 kHz is, at its best place."""
    whole = twice_as_fine(known()[:RATE])
    piece = sound.samples[4000:12000].astype(float)
    best = int(np.argmax(np.correlate(whole, piece, "valid")))
    return float(np.corrcoef(whole[best : best + len(piece)], piece)[0, 1])


def twice_as_fine(samples: Samples) -> NDArray[np.float64]:
    """The same sound at twice the rate."""
    return np.fft.irfft(np.fft.rfft(samples.astype(float)), 2 * len(samples))


@pytest.mark.rule("A-4", "D-4", "E-4", "D-20")
async def test_a_wav_in_parts_is_the_wav(service: Service) -> None:
    line = service.line()
    line.answers(line.record(fileFormat="wav"))
    call = await line.call(SPOKEN)
    delivered = await line.delivered()
    true(delivered)
    url = delivered.callback["RecordUrl"]
    path = f"/v1/Account/{ACCOUNT}/Recording/{delivered.callback['RecordingID']}.wav"
    assert urlsplit(url).path == path
    status, headers, whole = await service.get(url)
    assert (status, headers["Accept-Ranges"]) == (200, "bytes")
    assert hear(read_wav(whole)).voice_ms > 900
    half = len(whole) // 2
    first, second = await asyncio.gather(
        service.get(url, Range=f"bytes=0-{half - 1}"), service.get(url, Range=f"bytes={half}-")
    )
    assert (first[0], second[0]) == (206, 206)
    assert first[1]["Content-Range"] == f"bytes 0-{half - 1}/{len(whole)}"
    assert first[2] + second[2] == whole
    again = await service.get(url, **{"If-None-Match": headers["ETag"]})
    assert (again[0], again[2]) == (304, b"")
    await call.ended()


@pytest.mark.rule("E-4")
async def test_only_the_signed_address_opens_the_file(service: Service) -> None:
    line = service.line()
    line.answers(line.record(action=None))
    call = await line.call(SPOKEN)
    url = (await line.next("callback")).params["RecordUrl"]
    bare, _, query = url.partition("?")
    assert (await service.get(url))[0] == 200
    for wrong in (bare, f"{url[:-1]}{'A' if url[-1] != 'A' else 'B'}", f"{bare[:-3]}mp3?{query}"):
        assert (await service.get(wrong))[0] == 403
    await call.ended()


@pytest.mark.rule("P-11", "A-4")
async def test_an_empty_mp3_can_be_decoded(service: Service) -> None:
    """A key at once: whatever little there is, the numbers are those of the audio."""
    line = service.line()
    line.answers(line.record(fileFormat="mp3", timeout=1))
    call = await line.call([press("#")])
    callback = (await line.next("callback")).params
    status, _, data = await service.get(callback["RecordUrl"])
    assert status == 200
    assert read_mp3(data).ms <= int(callback["RecordingDurationMs"]) + 3 * 72
    await call.ended()
