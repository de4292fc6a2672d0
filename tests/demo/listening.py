"""The application in a process of its own, for `DEMO_KEEP=1`: it goes on printing requests."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import yaml

from tests.demo import scenes, screen
from tests.receiver import Receiver


async def listen(port: int, token: str) -> None:
    """Answer as in the demo until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Receiver(port=port) as app:
        scenes.teach(app)
        app.listen(lambda received: screen.say(screen.request(received, token), ""))
        await stop.wait()


if __name__ == "__main__":
    folder, port = sys.argv[1:]
    config = yaml.safe_load((Path(folder) / "recordbridge.yaml").read_text(encoding="utf-8"))
    account = config["accounts"][0]
    asyncio.run(listen(int(port), account["auth_token"]))
