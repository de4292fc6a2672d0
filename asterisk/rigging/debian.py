"""Making the root: Debian's Asterisk and the libraries it needs, unpacked into a cache folder.

mmdebstrap fetches and unpacks the packages (nothing is configured, no package script runs), so it
needs neither root nor a chroot. A root is made once, under a temporary name, and then renamed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import jail
from .errors import RigError

MIRROR = "http://deb.debian.org/debian"
ARCHIVE = "http://archive.debian.org/debian"
RELEASES = {"forky": "Asterisk 22", "bullseye": "Asterisk 16"}
_PACKAGES = "asterisk,asterisk-modules,asterisk-core-sounds-en-wav"
_RECIPE = "4"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT = (
    'Acquire::Check-Valid-Until "false"',
    'Acquire::Languages "none"',
    'Apt::Install-Recommends "false"',
)
_UNWANTED = ("usr/share/doc", "usr/share/man", "usr/share/perl", "usr/share/locale", "usr/include")


def cache_folder() -> Path:
    """Return where roots are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "recordbridge" / "rig"


def root_folder(release: str) -> Path:
    """Return the folder of a release's root; it changes with the recipe."""
    recipe = "\n".join((_RECIPE, release, _PACKAGES, *_APT, *_UNWANTED, str(os.geteuid() == 0)))
    return cache_folder() / f"{release}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, waiting for whoever has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure_root(release: str) -> Path:
    """Return the root of a release, making it first if it is not there."""
    root = root_folder(release)
    with locked(cache_folder() / f"{root.name}.lock"):
        if not root.exists():
            _make(release, root)
    return root


def _make(release: str, root: Path) -> None:
    began = time.monotonic()
    _install_mmdebstrap()
    _say(f"Unpacking Debian {release} ({RELEASES[release]}) into {root} (once, about 250 MB)")
    draft = root.with_name(f"{root.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    _unpack(release, draft)
    _finish(draft)
    draft.rename(root)
    _say(f"Root ready after {time.monotonic() - began:.0f} s")


def _install_mmdebstrap() -> None:
    wanted = [] if jail.tool("mmdebstrap") else ["mmdebstrap"]
    if not _KEYRING.exists():
        wanted.append("debian-archive-keyring")
    if not wanted:
        return
    names = " ".join(wanted)
    apt = jail.tool("apt-get")
    if os.geteuid() != 0 or apt is None:
        raise RigError(
            f"The rig needs the package(s) {names}: install with apt-get install {names}."
        )
    _say(f"Installing on this machine with apt-get: {names}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "-y", "--no-install-recommends", *wanted]
    for command in ([apt, "update"], install):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RigError(f"apt-get install {names} failed: {_last_line(done.stderr)}")


def _unpack(release: str, draft: Path) -> None:
    mirrors = [os.environ.get("RIG_MIRROR") or MIRROR]
    if release == "bullseye":
        mirrors.append(ARCHIVE)
    for mirror in mirrors:
        words = _mmdebstrap(release, draft, mirror, _PACKAGES, _KEYRING)
        if words and "NO_PUBKEY" in words:
            words = _mmdebstrap(release, draft, mirror, _PACKAGES, _newer_keyring(draft, mirror))
        if not words:
            return
    raise RigError(f"mmdebstrap could not unpack {release}: {_last_line(words)}")


def _newer_keyring(draft: Path, mirror: str) -> Path:
    """Fetch newer archive keys through a release that this machine's keys can verify."""
    folder = draft.with_name(f"{draft.name}.keys")
    shutil.rmtree(folder, ignore_errors=True)
    words = _mmdebstrap("bookworm", folder, mirror, "debian-archive-keyring", _KEYRING)
    if words:
        raise RigError(
            "This machine's debian-archive-keyring is too old to verify Debian's archive: "
            "upgrade that package."
        )
    return folder / _KEYRING.relative_to("/")


def _mmdebstrap(release: str, target: Path, mirror: str, packages: str, keyring: Path) -> str:
    """Unpack packages into a folder; return nothing, or the words of a failure."""
    shutil.rmtree(target, ignore_errors=True)
    tool = jail.tool("mmdebstrap") or "mmdebstrap"
    command = [tool, "--mode=chrootless", "--variant=extract", "--format=directory"]
    command += [f"--include={packages}", f"--keyring={keyring}"]
    command += [f"--aptopt={option}" for option in _APT]
    command += [release, str(target), f"deb {mirror} {release} main"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr or "it gave no reason"


def _finish(root: Path) -> None:
    """Do what package scripts would have done, as far as Asterisk needs it."""
    for name in ("bin", "sbin", "lib", "lib64"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name in ("dev", "proc", "srv/rig"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for texts in (root / "usr/share/doc").glob("asterisk-core-sounds-*"):
        shutil.copytree(texts, root / "usr/share/asterisk/texts", dirs_exist_ok=True)
    for name in _UNWANTED:
        shutil.rmtree(root / name, ignore_errors=True)
    for device in jail.DEVICES:
        (root / "dev" / device).touch()  # bound in a namespace; root has the devices themselves
    sounds = root / "usr/share/asterisk/sounds"
    (sounds / "en").symlink_to("en_US_f_Allison")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    ldconfig = jail.tool("ldconfig") or "ldconfig"
    command = [ldconfig, "-r", str(root)]
    if os.geteuid() != 0:
        command = [jail.tool("unshare") or "unshare", "--user", "--map-root-user", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RigError(f"ldconfig failed in the new root: {_last_line(done.stderr)}")


def _last_line(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "W: GPG"))]
    return (errors or lines or ["no reason given"])[-1]


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
