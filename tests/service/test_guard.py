"""The guard as an operator meets it: with nothing allowed, nothing is requested (H-5)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import judge, running
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.rule("H-5", "H-6", "F-6")
async def test_loopback_is_refused_unless_it_is_allowed(
    rig: Mapping[str, str], tmp_path: Path
) -> None:
    """With the setting as it is by default: a local flow runs, its requests go nowhere."""
    flow = tmp_path / "flow.xml"

    def change(settings: dict[str, Any]) -> None:
        settings["webhooks"] = {"allow_networks": []}
        settings["applications"]["app7000"].pop("answer_url")
        settings["applications"]["app7000"]["flow"] = str(flow)
        base = settings["applications"]["app7000"]["hangup_url"].rpartition("/")[0]
        flow.write_text(
            f'<Response><Record redirect="false" fileFormat="wav" playBeep="false"'
            f' action="{base}/action" callbackUrl="{base}/callback"/></Response>',
            encoding="utf-8",
        )

    async with running(rig, tmp_path / "service", change) as service:
        line = service.line()
        call = await line.call([speak(0.4), press("#")])
        for kind in ("action", "callback", "hangup"):
            refused = await service.program.said("request_attempted", kind=kind)
            assert "webhooks.allow_networks" in refused["error"]
            (row, *_) = await service.attempts(refused["request_id"], 1)
            assert "webhooks.allow_networks" in row["error"]
        await call.ended()
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)
        assert not service.application.requests
