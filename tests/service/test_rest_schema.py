"""The OpenAPI document holds: schemathesis asks what it allows, and what it does not (E-5, E-6)."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.service.service import ACCOUNT, TOKEN, Service
from tests.service.steps import speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

EXAMPLES = 12
"""Of each operation and kind: the whole takes some 20 s."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)
MOST_S = 300


@pytest.mark.rule("E-5", "E-6")
async def test_the_document_is_true(service: Service) -> None:
    """On a service with a call, a recording and a delivery, whose ids it is told."""
    line = service.line()
    line.answers(line.record(maxLength=2), "<GetDigits timeout='120'/>")
    call = await line.call([speak(3)])
    told = (await line.next("callback")).params
    delivery = line.requests("callback")[0].headers["X-Recordbridge-Delivery"]
    known = service.program.folder / "schemathesis.toml"
    known.write_text(
        "[parameters]\n"
        f'auth_id = "{ACCOUNT}"\n'
        f'call_uuid = "{told["CallUUID"]}"\n'
        f'recording_id = "{told["RecordingID"]}"\n'
        f'delivery_id = "{delivery}"\n'
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", f"--config-file={known}", "run"),
        *(f"{service.program.url}/v1/openapi.json", f"--auth={ACCOUNT}:{TOKEN}"),
        *(f"--checks={','.join(CHECKS)}", f"--max-examples={EXAMPLES}", "--seed=1"),
        *("--phases=examples,coverage,fuzzing", "--no-color", "--generation-database=none"),
        cwd=service.program.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(MOST_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()[-8000:]
    if not call.is_over:
        await call.hang_up()
    await call.ended()
