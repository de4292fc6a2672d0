"""Running a program inside the root: chroot for root, an unprivileged namespace for anyone else."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from .errors import RigError

DEVICES = ("null", "zero", "random", "urandom")
_ENTER = (
    f"for device in {' '.join(DEVICES)}; do "
    'mount --bind "/dev/$device" "$1/dev/$device" 2>/dev/null; done; '
    'mount --rbind /proc "$1/proc" 2>/dev/null; exec "$0" "$@"'
)
_SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
NEITHER = (
    "The rig needs root, or unprivileged user namespaces (package util-linux, and as root: "
    "sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, "
    "sysctl kernel.unprivileged_userns_clone=1 on old Debian); or use Docker: "
    "docker compose -f asterisk/compose.yaml up."
)


def tool(name: str) -> str | None:
    """Find a program, also where only root's PATH looks."""
    return shutil.which(name, path=_SEARCH)


@cache
def namespaces() -> bool:
    """Say whether this user may make namespaces."""
    unshare = tool("unshare")
    if unshare is None:
        return False
    probe = [unshare, "--user", "--map-root-user", "--mount", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def check() -> None:
    """Refuse a machine on which nothing can be run inside a root."""
    if tool("chroot") is None or not (os.geteuid() == 0 or namespaces()):
        raise RigError(NEITHER)


def inside(root: Path, *command: str) -> list[str]:
    """Return the command line that runs a command inside the root, keeping its process id."""
    chroot = tool("chroot") or "chroot"
    if os.geteuid() == 0:
        return [chroot, str(root), *command]
    unshare = tool("unshare") or "unshare"
    shell = ["sh", "-c", _ENTER, chroot, str(root), *command]
    return [unshare, "--user", "--map-root-user", "--mount", *shell]
