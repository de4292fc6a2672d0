"""The lanes of the laboratory: on what a service runs, and what is done to it there."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

from tests import postgres
from tests.chaos.lane import Lane
from tests.objectstore import ObjectStore
from tests.rigged.disk import small_disk
from tests.service.program import free_port
from tests.service.team import OFFERED

KILOBYTES = {"storage": 300_000, "spool": 24_000}


class Alone(Lane):
    """A worker on SQLite, with small disks."""

    faults = ("application", "line cut", "line slow", "clock", "storage full", "spool full")

    def _equip(self, settings: dict[str, Any], stack: ExitStack | AsyncExitStack) -> None:
        places = {"storage": self._folder / "disk", "spool": Path(self.rig["RIG_RECORDINGS"])}
        for name, path in places.items():
            self.disks[name] = stack.enter_context(small_disk(path, KILOBYTES[name]))
        settings["storage"]["path"] = str(places["storage"])


class Servers(Lane):
    """A worker on PostgreSQL and an object store."""

    faults = ("application", "asterisk", "postgresql", "object store", "line cut")

    def _equip(self, settings: dict[str, Any], stack: ExitStack | AsyncExitStack) -> None:
        self.postgres = stack.enter_context(postgres.running(fsync=True))
        settings["database"]["url"] = self.postgres.fresh()
        self.store = ObjectStore(self._folder / "objectstore")
        stack.callback(self.store.close)
        settings["storage"] |= self.store.settings()


class Pair(Lane):
    """Two workers on one PostgreSQL, to which every call is offered; `lease` takes calls away."""

    faults = ("lease",)
    before_number = OFFERED
    explained = frozenset({"fence_lost"})

    def _equip(self, settings: dict[str, Any], stack: ExitStack | AsyncExitStack) -> None:
        self.postgres = stack.enter_context(postgres.running(fsync=True))
        settings["database"]["url"] = url = self.postgres.fresh()
        self.database = url.rpartition("/")[2]

    def _workers(self, settings: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
        made = []
        for nth in (1, 2):
            folder = self._folder / f"rb-{nth}"
            folder.mkdir()
            service = settings["service"] | {"worker": f"rb-{nth}"}
            if nth > 1:  # files are asked for at the first one's door: it is never killed
                service["listen"] = f"127.0.0.1:{free_port()}"
            asterisk = settings["asterisk"][0] | {"app": f"recordbridge-{nth}"}
            made.append((folder, settings | {"service": service, "asterisk": [asterisk]}))
        return made


LANES: dict[str, type[Lane]] = {"plain": Lane, "alone": Alone, "servers": Servers, "pair": Pair}
