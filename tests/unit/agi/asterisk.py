"""The other end of a FastAGI connection: what Asterisk says, and what it is told to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

GOOD = "200 result=0 endpos=3404"


class Channel:
    """A channel that stands in AGI(). `answers` are given in order, then all is good."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.commands: list[str] = []
        self.variables: dict[str, str] = {}
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> Channel:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def greet(self, arguments: Sequence[str] = (), *, script: str = "record") -> None:
        lines = [
            "agi_network: yes",
            f"agi_network_script: {script}",
            "agi_uniqueid: pbx-1.1",
            "agi_extension: 100",
            "agi_accountcode:: ",
        ]
        lines += [f"agi_arg_{at}: {each}" for at, each in enumerate(arguments, 1)]
        self.say(*lines, "")

    def say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\n" for line in lines).encode())

    async def obey(self, *answers: str) -> None:
        """Do what is asked for until the connection is closed."""
        left = list(answers)
        while line := await self.line():
            self.commands.append(line)
            if line.startswith("SET VARIABLE"):
                _, _, name, value = line.split(" ", 3)
                self.variables[name] = value[1:-1]
            self.say(left.pop(0) if left else GOOD)

    async def line(self) -> str:
        """The next command; empty at the end."""
        return (await self._reader.readline()).decode().rstrip("\n")

    def close(self) -> None:
        self._writer.close()
