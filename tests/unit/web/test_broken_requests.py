"""A stranger's broken HTTP is not an error of the service."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.unit.web.conftest import Client


async def test_what_is_no_http_is_a_warning(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Bad: \x00\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.0 400")
    writer.close()
    await writer.wait_closed()
    (told,) = [each for each in caplog.records if each.name == "aiohttp.server"]
    assert (told.levelno, told.getMessage()) == (logging.WARNING, "broken_request")
    assert told.exc_info is None
