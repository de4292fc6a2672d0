"""What is known about a rig: its folder, ports, password and processes.

The truth is `rig.json` in the rig's folder inside the root (that is where the other rigs on the
machine find it); RIG_STATE, in the checkout, holds links to it and to the two instances.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from . import debian
from .ports import LOOPBACK, Ports
from .process import Process

USER = "recordbridge"
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Rig:
    """One rig, running or not."""

    state: Path
    root: Path
    release: str
    ports: Ports
    user: str
    password: str
    pbx_url: str
    pbx_user: str
    pbx_password: str
    own_pbx: bool
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The rig's folder as the host sees it."""
        return self.root / "srv" / "rig" / identity(self.state)

    def instance(self, name: str) -> Path:
        """The folder of pbx or carrier as the host sees it."""
        return self.folder / name

    def inner(self, path: Path) -> str:
        """The same path as Asterisk sees it."""
        return f"/{path.relative_to(self.root)}"

    @property
    def sounds(self) -> Path:
        """What the carrier plays; all rigs of a root share it."""
        return self.root / "srv" / "sounds"

    @property
    def recordings(self) -> Path:
        """The pbx's recording folder."""
        return self.instance("pbx") / "spool" / "recording"

    @property
    def names(self) -> tuple[str, ...]:
        """The instances this rig runs itself."""
        return ("carrier",) if self.own_pbx else ("pbx", "carrier")

    @property
    def carrier_url(self) -> str:
        """The carrier's ARI."""
        return f"http://{LOOPBACK}:{self.ports.carrier_ari}"

    def alive(self) -> bool:
        """Say whether every instance of the rig runs."""
        return all(name in self.processes and self.processes[name].alive() for name in self.names)

    def any_alive(self) -> bool:
        """Say whether any process of the rig runs."""
        return any(each.alive() for each in self.processes.values())

    def running(self, processes: dict[str, Process]) -> Rig:
        """Return the same rig with these processes."""
        return replace(self, processes=processes)


def identity(state: Path) -> str:
    """Return the name of a rig's folder inside a root."""
    return hashlib.sha256(str(state).encode()).hexdigest()[:10]


def state_folder() -> Path:
    """Return RIG_STATE, absolute; a relative one is relative to the checkout."""
    return (CHECKOUT / (os.environ.get("RIG_STATE") or "var/rig")).resolve()


def password(state: Path) -> str:
    """Return the rig's password, the same each time it comes up."""
    path = state / "password"
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(12))
    return path.read_text().strip()


def save(rig: Rig) -> None:
    """Write the rig down, and link to it from RIG_STATE."""
    path = rig.folder / "rig.json"
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(rig), default=str, indent=1))
    draft.replace(path)
    for name in ("rig.json", *rig.names):
        _link(rig.state / name, rig.folder / name)


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def load(state: Path) -> Rig | None:
    """Return the rig of a RIG_STATE, or nothing; it is found even if its links were deleted."""
    rigs = [rig for rig in every() if rig.state == state]
    linked = _read(state / "rig.json")
    if linked is not None:
        rigs.insert(0, linked)
    return next((rig for rig in rigs if rig.processes), rigs[0] if rigs else None)


def every() -> Iterator[Rig]:
    """Return all rigs of this user, running or not."""
    for path in debian.cache_folder().glob("*/srv/rig/*/rig.json"):
        rig = _read(path)
        if rig is not None:
            yield rig


def sweep() -> None:
    """Remove the folders of rigs that do not run and whose RIG_STATE is gone."""
    for rig in every():
        if not rig.state.exists() and not rig.any_alive():
            shutil.rmtree(rig.folder, ignore_errors=True)


def _read(path: Path) -> Rig | None:
    try:
        saved: dict[str, Any] = json.loads(path.read_text())
        processes = {name: Process(**each) for name, each in saved["processes"].items()}
        saved |= {"ports": Ports(**saved["ports"]), "processes": processes}
        return Rig(**saved | {name: Path(saved[name]) for name in ("state", "root")})
    except (OSError, ValueError, KeyError, TypeError):
        return None
