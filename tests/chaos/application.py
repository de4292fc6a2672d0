"""The application: a real receiver in a process that may be killed.

    python -m tests.chaos.application PORT FOLDER

Each request is a line of FOLDER/requests before it is answered. FOLDER/documents holds what is
answered, in files named like the path with `+` for `/`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.receiver import Received, Receiver, Reply

DELIVERY = "X-Recordbridge-Delivery"


async def _serve(port: int, folder: Path) -> None:
    journal = os.open(folder / "requests", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(request: Received) -> None:
        line = {
            "path": request.path,
            "params": request.params,
            "delivery": request.headers.get(DELIVERY, ""),
            "at": request.at,
        }
        os.write(journal, json.dumps(line).encode() + b"\n")

    async with Receiver(port=port) as receiver:
        for document in (folder / "documents").iterdir():
            receiver.script(document.name.replace("+", "/"), Reply(body=document.read_text()))
        receiver.listen(write)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
