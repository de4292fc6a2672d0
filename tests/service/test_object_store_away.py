"""The object store killed and started again during calls (N-5)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.objectstore import ObjectStore
from tests.service import conftest
from tests.service.audio import hear
from tests.service.conftest import in_store
from tests.service.service import true
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SPOKEN = [speak(1), press("#")]


@pytest.mark.rule("N-5", "Q-3", "N-1")
async def test_a_store_that_is_killed_during_calls_loses_nothing(
    rig: Mapping[str, str], store: ObjectStore, tmp_path: Path
) -> None:
    """Callbacks come all the same, the files can be fetched at once, after a kill -9 of the
    service too; when the store is back it has them all.
    """
    async with conftest.running(rig, tmp_path, in_store(store)) as service:
        first, second, third = (service.line() for _ in range(3))
        for line in (first, second, third):
            line.answers(line.record(fileFormat="wav"))
        call = await first.call([speak(2), press("#")])
        await asyncio.sleep(0.5)  # it is recorded
        store.kill()
        try:
            kept = await first.delivered()
            assert hear(kept.sound).voice_ms > 1800
            true(kept)
            await call.ended()
            lost = await service.program.said("object_store_away", level="error")
            assert "the store cannot be reached" in lost["reason"]
            call = await second.call(SPOKEN)
            await second.delivered()
            await call.ended()
            await service.program.kill()
            await service.program.start()
            assert (await service.get(kept.callback["RecordUrl"]))[0] == 200
            call = await third.call(SPOKEN)
            await third.delivered()
            await call.ended()
        finally:
            await asyncio.to_thread(store.start)
        back = await service.program.said("object_store_back", timeout=60)
        assert back["files"] == 3
        assert not list(service.program.folder.glob("recordings/??/*"))
        sound = await service.sound(kept.callback["RecordUrl"])
        assert sound.samples.tobytes() == kept.sound.samples.tobytes()
        await service.program.stop()
