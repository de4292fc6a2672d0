"""Look-ups of host names by the system's own rules (hosts file, search domains, name servers).

The law: a name server that does not answer delays only those who ask for that name (H-4), and
never the end of the process (N-7). So each look-up has a thread of its own, which nobody joins;
the pool of the event loop has few threads, serves the whole program and is waited for at exit.
Look-ups are rare, because answers are kept and the same question is asked once at a time.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

from aiohttp.abc import AbstractResolver, ResolveResult

MOST_AT_ONCE = 128
"""Look-ups under way; more wait, within their request's connect timeout."""


class SystemNames(AbstractResolver):
    """getaddrinfo for aiohttp. Raises OSError with the system's words."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All stream addresses of the name, in the system's order of preference."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[ResolveResult]] = loop.create_future()
        question = _Question(host, port, family, loop, answer, self._places)
        threading.Thread(target=question.ask, name=f"names-{host}", daemon=True).start()
        return await answer

    async def close(self) -> None:
        """Nothing is held; look-ups under way end unheard."""


class _Question:
    def __init__(
        self,
        host: str,
        port: int,
        family: socket.AddressFamily,
        loop: asyncio.AbstractEventLoop,
        answer: asyncio.Future[list[ResolveResult]],
        places: asyncio.Semaphore,
    ) -> None:
        self._query = (host, port, family)
        self._loop = loop
        self._answer = answer
        self._places = places

    def ask(self) -> None:
        """Find the addresses and tell the loop, if there still is one."""
        found: list[ResolveResult] | OSError
        try:
            found = _addresses(*self._query)
        except UnicodeError:
            found = socket.gaierror(socket.EAI_NONAME, "not a name")
        except OSError as error:
            found = error
        with suppress(RuntimeError):  # the loop was closed while the name server was silent
            self._loop.call_soon_threadsafe(self._tell, found)

    def _tell(self, found: list[ResolveResult] | OSError) -> None:
        self._places.release()
        if self._answer.done():
            return
        if isinstance(found, OSError):
            self._answer.set_exception(found)
        else:
            self._answer.set_result(found)


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    return [
        ResolveResult(
            hostname=host,
            host=socket.getnameinfo(address, numeric)[0],  # with the zone, if there is one
            port=port,
            family=found,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for found, _, protocol, _, address in socket.getaddrinfo(
            host, port, family, socket.SOCK_STREAM
        )
    ]
