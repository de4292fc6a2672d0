"""What is asked of the running service without any SDK: over HTTP, and by its own commands."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aiohttp

from tests.service.service import ACCOUNT, TOKEN, Service


async def ask(
    method: str,
    url: str,
    auth_id: str = ACCOUNT,
    token: str = TOKEN,
    **options: Any,
) -> tuple[int, Any, Any]:
    """A request without any SDK."""
    headers = options.pop("headers", {})
    if auth_id:
        headers["Authorization"] = aiohttp.encode_basic_auth(auth_id, token)
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, headers=headers, **options) as response,
    ):
        data = await response.read()
        return response.status, response.headers, json.loads(data) if data else None


async def cli(service: Service, *argv: str) -> tuple[int, Any]:
    """A command beside the running service: its exit code, and its JSON."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recordbridge", *argv, "-c", str(service.program.file)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, json.loads(said)


def api(service: Service, path: str) -> str:
    return f"{service.program.url}/v1/Account/{ACCOUNT}/{path}"
