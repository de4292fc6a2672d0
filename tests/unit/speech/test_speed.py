"""T-2: what an hour's recording takes on two cores, told by the CPU that a shorter one takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from recordbridge.speech.whisper import Whisper
from tests.bench.rigged import cpu_s
from tests.bench.spoken import joined

HOUR_S, MOST_S, CORES = 3600, 300, 2


@pytest.mark.asterisk
@pytest.mark.rule("T-2")
@pytest.mark.parametrize("stereo", [False, True])
async def test_an_hour_takes_less_than_five_minutes_and_growth_is_linear(
    rig: Mapping[str, str], tmp_path: Path, stereo: bool
) -> None:
    """CPU is counted, not time: it is the same however busy the machine is. `make transcription`
    measures the whole hour by the clock.
    """
    folder = Path(rig["RIG_PROMPTS"])
    engine = Whisper("tiny.en", gives_way=False)
    try:
        spent = {}
        for seconds in (2, 40, 120):  # the first one loads the model
            file = joined(folder, tmp_path / f"{seconds}.wav", seconds, stereo=stereo)
            before = 0.0 if engine._process is None else cpu_s(engine._process.pid)
            async with asyncio.timeout(240):
                await engine.listen(file, stereo=stereo, duration_ms=seconds * 1000, model="")
            assert engine._process is not None
            spent[seconds] = cpu_s(engine._process.pid) - before
    finally:
        await engine.rest()
    assert spent[120] * HOUR_S / 120 < MOST_S * CORES
    assert spent[120] < 1.5 * 3 * spent[40]
