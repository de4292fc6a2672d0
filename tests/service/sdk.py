"""The official Python SDK, pointed at the service by the code that docs/sdk.md gives."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.service.service import ACCOUNT, TOKEN, Service

GUIDE = Path(__file__).parents[2] / "docs" / "sdk.md"
Result = TypeVar("Result")


def example(language: str) -> str:
    """The first piece of code in that language."""
    text = GUIDE.read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


class Sdk:
    """The SDK's client; its calls run in a thread."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def __call__(self, do: Callable[[Any], Result]) -> Result:
        return await asyncio.to_thread(do, self.client)


@contextlib.asynccontextmanager
async def sdk(
    service: Service, auth_id: str = ACCOUNT, auth_token: str = TOKEN
) -> AsyncIterator[Sdk]:
    """As an application would make it."""
    names: dict[str, Any] = {}
    exec(compile(example("python"), str(GUIDE), "exec"), names)
    client = names["client"](auth_id, auth_token, service.program.url)
    if service.program.tls is not None:
        client.session.verify = str(service.program.tls.authority)
    try:
        yield Sdk(client)
    finally:
        client.session.close()
        client.multipart_session.close()
