"""The line between service and Asterisk: cut in the middle of a frame, or slow."""

from __future__ import annotations

import asyncio

from tests.contract.cable import Cable


class FaultyCable(Cable):
    """Whoever cuts it mends it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.delay_s = 0.0
        """How much later everything arrives."""
        self._half = False

    async def cut_mid_frame(self) -> None:
        """Of what comes next only a half arrives; then all connections break."""
        self._half = True
        await asyncio.sleep(0.2)
        self._half = False
        await self.cut()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await super()._forward(reader, writer)
        except OSError:  # nobody listens there
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(1 << 16):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self._half:
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    break
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()
