"""One FastAGI connection: reads what Asterisk says, gives it commands one after the other.

It is an `engine.lines.Line`: orders of the call's machine are queued here and carried out by
`orders`, which ends with the result, or with None when the connection is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from recordbridge.agi import protocol
from recordbridge.agi.protocol import Answer, Greeting
from recordbridge.machine.intents import Agi, AgiResult

GREETING_S = 5.0
"""How long the greeting may take."""
ANSWER_S = 60.0
"""How long Asterisk may take for a command: longer than any beep."""
HANGUP = "HANGUP"


class GoneError(Exception):
    """The connection is gone, or does not speak AGI."""


class Connection:
    """Lives for one `AGI()` of a dialplan."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._answers: asyncio.Queue[str | None] = asyncio.Queue()
        self._orders: asyncio.Queue[Agi | None] = asyncio.Queue()

    async def greeting(self) -> Greeting:
        """What Asterisk says first. Raises GoneError."""
        values: dict[str, str] = {}
        try:
            async with asyncio.timeout(GREETING_S):
                for _ in range(protocol.MOST_LINES):
                    line = await self._line()
                    if not line:
                        return Greeting(values)
                    name, value = protocol.greeting_line(line)
                    values[name] = value
        except TimeoutError:
            raise GoneError(f"no greeting within {GREETING_S:.0f} s") from None
        raise GoneError("the greeting does not end")

    async def read(self) -> None:
        """Take in what Asterisk says from then on, until the connection is gone."""
        try:
            while True:
                line = await self._line()
                if line and line != HANGUP:
                    self._answers.put_nowait(line)
        except GoneError:
            self._answers.put_nowait(None)
            self._orders.put_nowait(None)

    async def _line(self) -> str:
        """Raises GoneError at the end of the stream, and for a line without end."""
        try:
            data = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
            raise GoneError(str(error)) from error
        return data.decode("utf-8", "replace").rstrip("\r\n")

    async def command(self, text: str) -> Answer:
        """Let Asterisk do something. Raises GoneError, also when it does not answer for long."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._exchange(text)
        except TimeoutError:
            raise GoneError(f"no answer within {ANSWER_S:.0f} s") from None

    async def _exchange(self, text: str) -> Answer:
        try:
            self._writer.write(text.encode() + b"\n")
            await self._writer.drain()
        except OSError as error:
            raise GoneError(str(error)) from error
        line = await self._answers.get()
        while line is not None and line.startswith("520-"):  # usage, in several lines
            line = await self._answers.get()
        if line is None:
            raise GoneError("the connection broke")
        return Answer(line)

    def perform(self, intent: Agi) -> None:
        """See `engine.lines.Line`."""
        self._orders.put_nowait(intent)

    async def orders(self) -> AsyncIterator[Agi]:
        """What shall be done, the result at last. Raises GoneError when the connection is gone."""
        while True:
            order = await self._orders.get()
            if order is None:
                raise GoneError("the connection broke")
            yield order
            if isinstance(order, AgiResult):
                return

    def close(self) -> None:
        self._writer.close()
