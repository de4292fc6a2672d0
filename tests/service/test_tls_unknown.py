"""Applications with certificates of an authority that nobody named (H-5, H-6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.service.certificates import Certificates
from tests.service.conftest import judge, running
from tests.service.service import TOKEN
from tests.service.steps import speak
from tests.service.test_tls import secure

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.rule("H-5", "H-6", "F-6")
@pytest.mark.parametrize("verify", [True, False])
async def test_an_authority_that_nobody_named(
    rig: Mapping[str, str], certificates: Certificates, tmp_path: Path, verify: bool
) -> None:
    """Its application is not spoken to, unless no certificate is looked at: there is a warning."""
    change = secure(certificates, tls_verify=verify)
    async with running(rig, tmp_path / "service", change, certificates) as service:
        line = service.line()
        line.answers("<Hangup/>")
        call = await line.call([speak(1)])
        if verify:
            told = await service.program.said("request_attempted", kind="answer")
            (row, *_) = await service.attempts(told["request_id"], 1)
            assert row["error"].startswith("no TLS with 127.0.0.1 port ")
            assert "certificate" in row["error"]
        else:
            assert (await line.next("answer")).signed_with(TOKEN)
            await service.program.said("tls_not_verified", level="warning")
        await call.ended()
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)
        assert bool(service.application.requests) is not verify
