"""The longer texts of the demo: what it is about to do, where to look, how to go on."""

from __future__ import annotations

import os
from pathlib import Path

from asterisk.rigging import debian, jail
from tests.demo import calls
from tests.demo.scenes import SCENES
from tests.demo.service import Service

ROOT = calls.ROOT
LEGEND = (
    'DurationMs is what the requests said, "file, ms" the length of the fetched file by its own\n'
    "samples. An MP3 consists of frames of 36 ms: its length is told to a frame."
)


def short(path: Path) -> str:
    """Relative to the checkout where it is in it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def before(folder: Path, state: Path, *, own_asterisk: bool) -> str:
    """What is used, said before it is."""
    release = os.environ.get("RIG_RELEASE") or "forky"
    root = debian.root_folder(release)
    there = "there already" if root.exists() else "about 250 MB, downloaded now, once"
    needed = "" if root.exists() else _packages()
    lines = [
        "Seven calls over SIP to a real Asterisk: five voicemails that end in five ways, a whole",
        "call recorded in the background, and a conversation recorded from the callee's answer on.",
        "",
        "What this uses",
        f"  in this folder   .venv, {short(folder)} (made anew), {short(state)}",
        f"  outside of it    {root} ({there})",
        "                   It holds Debian's Asterisk, unpacked, not installed. Delete it when",
        "                   you like.",
        *([needed] if needed else []),
        "  network          ports of 127.0.0.1 that are free",
    ]
    if own_asterisk:
        lines.append(f"  your Asterisk    {os.environ['RECORDBRIDGE_ASTERISK_URL']}")
    return "\n".join([*lines, ""])


def _packages() -> str:
    wanted = [] if jail.tool("mmdebstrap") else ["mmdebstrap"]
    wanted += (
        []
        if Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists()
        else ["debian-archive-keyring"]
    )
    return f"                   Debian packages: {' '.join(wanted)} (apt-get)" if wanted else ""


def placing() -> str:
    """The calls as command lines."""
    lines = [f"  {calls.command(each)}\n      {each.title}" for each in SCENES]
    return "\n".join(["Calls, all at the same time:", *lines, ""])


def checked(*, sdk: bool) -> str:
    """What judged the signatures."""
    judge = "the official SDK" if sdk else "our own rules, because the official SDK is missing"
    return f"Signatures were checked by {judge}."


def after(service: Service) -> str:
    """Where everything is, with commands to copy."""
    folder = short(service.folder)
    query = "select recording_id, end_reason, duration_ms, digits from recordings"
    return "\n".join([
        "Where to look",
        f"  recordings     {folder}/var/recordings/*/*",
        f"  database       {folder}/var/recordbridge.db, for example:",
        f'                 sqlite3 {folder}/var/recordbridge.db "{query}"',
        f"  service's log  {folder}/service.log",
        f"  its settings   {folder}/recordbridge.yaml",
        "",
    ])  # fmt: skip


def kept(service: Service) -> str:
    """How to go on with what still runs, and how to end it."""
    folder = short(service.folder)
    return "\n".join([
        f"Still running (DEMO_KEEP=1): the service at {service.url}, the application, Asterisk.",
        f"  another call   RIG_STATE={os.environ['RIG_STATE']} "
        + calls.command(SCENES[0]) + " --wait",
        f"  its requests   tail -f {folder}/application.log",
        f"  state          curl {service.url}/readyz ; curl {service.url}/metrics",
        "  files          the RecordUrl values above",
        "  stop it all    make demo-stop",
    ])  # fmt: skip
