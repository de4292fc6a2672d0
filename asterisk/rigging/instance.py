"""One Asterisk of the rig: its folder, its configuration, its start, and whether it answers."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from . import jail, process, render
from .errors import RigError
from .ports import LOOPBACK, RTP_PER_INSTANCE
from .state import Rig

_FOLDERS = ("etc", "lib/keys", "run", "log", "cache", "spool/recording", "spool/tmp")
_START_S = 60.0


def prepare(rig: Rig, name: str) -> None:
    """Make an instance's folders afresh (recordings stay) and write its configuration."""
    folder = rig.instance(name)
    for old in ("etc", "run", "log"):
        shutil.rmtree(folder / old, ignore_errors=True)
    for new in _FOLDERS:
        (folder / new).mkdir(parents=True, exist_ok=True)
    modules = next(rig.root.glob("usr/lib/**/asterisk/modules"), None)
    if modules is None:
        raise RigError(f"{rig.root} holds no Asterisk: delete that folder and run `rig up` again.")
    values = _values(rig, name) | {"AST_MODULES": rig.inner(modules)}
    render.render(name, folder / "etc", values, modules)
    _name_host(rig.root)


def _values(rig: Rig, name: str) -> dict[str, str]:
    ports = rig.ports
    pbx = name == "pbx"
    pbx_host = urlsplit(rig.pbx_url).hostname or LOOPBACK
    first = ports.rtp_base + (0 if pbx else RTP_PER_INSTANCE)
    peer = (LOOPBACK, ports.carrier_sip) if pbx else (pbx_host, ports.pbx_sip)
    return {
        "AST_NAME": name,
        "AST_ENTITY": "02:00:00:00:00:01" if pbx else "02:00:00:00:00:02",
        "AST_DIR": rig.inner(rig.instance(name)),
        "AST_APP": "recordbridge",
        "AST_AGI": os.environ.get("RIG_AGI") or f"agi://{LOOPBACK}:4573",
        "AST_HTTP_ADDRESS": LOOPBACK,
        "AST_HTTP_PORT": str(ports.pbx_ari if pbx else ports.carrier_ari),
        "AST_AMI_PORT": str(ports.carrier_ami),
        "AST_ARI_USER": rig.user,
        "AST_ARI_PASSWORD": rig.password,
        "AST_SIP_ADDRESS": _own_address(rig),
        "AST_SIP_PORT": str(ports.pbx_sip if pbx else ports.carrier_sip),
        "AST_MEDIA_ADDRESS": _own_address(rig),
        "AST_CONTEXT": "from-carrier" if pbx else "scripts",
        "AST_PEER": f"{peer[0]}:{peer[1]}",
        "AST_PEER_ADDRESS": peer[0],
        "AST_RTP_START": str(first),
        "AST_RTP_END": str(first + RTP_PER_INSTANCE - 1),
        "AST_SOUNDS": rig.inner(rig.sounds),
    }


def _own_address(rig: Rig) -> str:
    """Return loopback, or the address from which an Asterisk elsewhere is reached."""
    host = urlsplit(rig.pbx_url).hostname or LOOPBACK
    if not rig.own_pbx or host in (LOOPBACK, "localhost"):
        return LOOPBACK
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, rig.ports.pbx_sip))
        except OSError as error:
            raise RigError(f"{host}, your own Asterisk, is not reachable: {error}.") from error
        return str(probe.getsockname()[0])


def _name_host(root: Path) -> None:
    """Name this machine: else each outgoing call waits half a second for DNS."""
    line = f"{LOOPBACK} localhost {socket.gethostname()}\n"
    hosts = root / "etc/hosts"
    if not hosts.exists() or hosts.read_text() != line:
        hosts.write_text(line)


def start(rig: Rig, name: str) -> process.Process:
    """Start an instance and wait until it is fully booted."""
    folder = rig.instance(name)
    conf = rig.inner(folder / "etc" / "asterisk.conf")
    command = jail.inside(rig.root, "/usr/sbin/asterisk", "-f", "-C", conf)
    started, child = process.start(command, folder / "log" / "console.log")

    def ready() -> bool:
        if child.poll() is not None:
            raise RigError(f"The {name} ended while it started.{tail(rig, name)}")
        return "has fully booted" in console(rig, name, "core waitfullybooted")

    try:
        wait_for(ready, _START_S, f"The {name} did not start within {_START_S:.0f} s.", rig, name)
        wait_for(lambda: answers(rig, name), 10, f"The {name}'s ARI does not answer.", rig, name)
    except BaseException:
        started.end()
        raise
    return started


def wait_for(check: Callable[[], bool], limit: float, failure: str, rig: Rig, name: str) -> None:
    """Ask until something is true; the failure shows the instance's last words."""
    deadline = time.monotonic() + limit
    while not check():
        if time.monotonic() > deadline:
            raise RigError(f"{failure}{tail(rig, name)}")
        time.sleep(0.1)


def console(rig: Rig, name: str, command: str) -> str:
    """Run a command on an instance's console and return what it says."""
    conf = rig.inner(rig.instance(name) / "etc" / "asterisk.conf")
    line = jail.inside(rig.root, "/usr/sbin/asterisk", "-C", conf, "-rx", command)
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False)
    words = done.stdout if done.returncode == 0 else done.stdout + done.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", words)


def answers(rig: Rig, name: str) -> bool:
    """Say whether an instance answers on ARI."""
    port = rig.ports.pbx_ari if name == "pbx" else rig.ports.carrier_ari
    return "system" in ari(f"http://{LOOPBACK}:{port}", rig.user, rig.password, "asterisk/info")


def ari(url: str, user: str, password: str, path: str) -> dict[str, object]:
    """GET a resource of an ARI; nothing if it does not answer."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(f"{url.rstrip('/')}/ari/{path}")
    request.add_header("Authorization", f"Basic {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by a proxy
    try:
        with opener.open(request, timeout=5) as response:
            reply = json.load(response)
    except (OSError, ValueError, urllib.error.URLError):
        return {}
    return reply if isinstance(reply, dict) else {}


def tail(rig: Rig, name: str) -> str:
    """Return the last lines an instance logged, to be put behind an error."""
    lines: list[str] = []
    for log in ("console.log", "messages.log"):
        path = rig.instance(name) / "log" / log
        if path.exists():
            last = path.read_text(errors="replace").splitlines()[-6:]
            lines += [f"  {log}: {line}" for line in last]
    return "\n" + "\n".join(lines) if lines else ""
