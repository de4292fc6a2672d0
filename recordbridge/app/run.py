"""`recordbridge serve`: the loop, the signals, the exit code."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvloop

from recordbridge.app import memory
from recordbridge.app.service import Service
from recordbridge.errors import ListenError, StorageError
from recordbridge.settings import Settings
from recordbridge.telemetry import logs

log = structlog.get_logger()

FAILED, UNREACHABLE = 1, 3


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP has the file read again (O-4). 0, 3 when the database or
    a folder cannot be used, or 1 when `service.listen` is taken: nothing is wrong with the file,
    and everything can be reached.
    """
    memory.keep_together()
    logs.configure(settings.log.format, settings.log.level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, signals.put_nowait, number)
    try:
        async with Service(settings).running() as service:
            memory.settle()
            with memory.trimmed():
                while await signals.get() is signal.SIGHUP:
                    await service.reload()
            log.info("stopping")
    except StorageError as error:
        return _cannot_start(str(error), UNREACHABLE)
    except ListenError as error:
        return _cannot_start(str(error), FAILED)
    return 0


def _cannot_start(reason: str, code: int) -> int:
    log.error("cannot_start", reason=reason)
    return code
