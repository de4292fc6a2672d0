"""Bringing a rig up, taking it down, and saying how it is."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from . import debian, instance, jail, ports, speech, state
from .errors import RigError
from .process import Process
from .state import Rig


def up(release: str | None, pick_ports: bool) -> Rig:
    """Bring the rig up; one that runs already is left as it is."""
    wanted = release or os.environ.get("RIG_RELEASE") or "forky"
    if wanted not in debian.RELEASES:
        raise RigError(f"RIG_RELEASE={wanted}: it is one of {', '.join(debian.RELEASES)}.")
    folder = state.state_folder()
    with debian.locked(debian.cache_folder() / f"{state.identity(folder)}.lock"):
        rig = state.load(folder)
        if rig is not None and rig.alive():
            if release not in (None, rig.release):
                raise RigError(f"The rig is up with {rig.release}: run rig down first.")
            print("The rig is up already.", file=sys.stderr)
            return rig
        if rig is not None:
            _end(rig)
        jail.check()
        root = debian.ensure_root(wanted)
        with debian.locked(debian.cache_folder() / "ports.lock"):
            state.sweep()
            return _bring_up(_plan(folder, root, wanted, pick_ports))


def _plan(folder: Path, root: Path, release: str, pick_ports: bool) -> Rig:
    others = [rig for rig in state.every() if rig.state != folder]
    password = state.password(folder)
    foreign = _own_asterisk({password, *(other.password for other in others)})
    if pick_ports:
        taken = {other.ports.rtp_base for other in others if other.any_alive()}
        chosen = ports.pick(_port_names(own_pbx=foreign is not None), taken)
    else:
        chosen = ports.from_environment()
    pbx = foreign or (f"http://{ports.LOOPBACK}:{chosen.pbx_ari}", state.USER, password)
    return Rig(
        folder, root, release, chosen, state.USER, password, *pbx, own_pbx=foreign is not None
    )


def _own_asterisk(rigs: set[str]) -> tuple[str, str, str] | None:
    """Return URL, user and password of the user's own Asterisk, if the environment names one.

    `rig env` sets the same variables for a rig's pbx: the password tells them apart.
    """
    url = os.environ.get("RECORDBRIDGE_ASTERISK_URL", "")
    user = os.environ.get("RECORDBRIDGE_ASTERISK_USER", "")
    secret = os.environ.get("RECORDBRIDGE_ASTERISK_PASSWORD", "")
    if not url or secret in rigs:
        return None
    if not (user and secret):
        raise RigError(
            "RECORDBRIDGE_ASTERISK_URL is set: set RECORDBRIDGE_ASTERISK_USER and _PASSWORD too."
        )
    return url, user, secret


def _port_names(own_pbx: bool) -> tuple[str, ...]:
    carrier = ("carrier_ari", "carrier_ami", "carrier_sip")
    return carrier if own_pbx else ("pbx_ari", "pbx_sip", *carrier)


def _bring_up(rig: Rig) -> Rig:
    ports.check_free(rig.ports, _port_names(rig.own_pbx))
    with debian.locked(rig.root / "srv" / "sounds.lock"):
        speech.prepare(rig.sounds, rig.root / "usr/share/asterisk/sounds/en")
    started: dict[str, Process] = {}
    try:
        for name in rig.names:
            instance.prepare(rig, name)
            started[name] = instance.start(rig, name)
            state.save(rig.running(started))
        connect(rig)
    except BaseException:
        _end(rig.running(started))
        raise
    return rig.running(started)


def connect(rig: Rig) -> None:
    """Wait until each side's SIP OPTIONS is answered by the other."""
    for name, peer in (("carrier", "pbx"), ("pbx", "carrier")):
        if name not in rig.names:
            continue

        def reachable(name: str = name, peer: str = peer) -> bool:
            instance.console(rig, name, f"pjsip qualify {peer}")
            return " Avail " in instance.console(rig, name, f"pjsip show aor {peer}")

        failure = f"The {name} gets no answer to SIP OPTIONS from the {peer}."
        instance.wait_for(reachable, 10, failure, rig, name)


def down() -> bool:
    """End the rig's processes, only those; say whether there were any."""
    folder = state.state_folder()
    with debian.locked(debian.cache_folder() / f"{state.identity(folder)}.lock"):
        rig = state.load(folder)
        if rig is None:
            return False
        ran = rig.any_alive()
        _end(rig)
        return ran


def _end(rig: Rig) -> None:
    for each in rig.processes.values():
        each.end()
    if not rig.state.exists():
        shutil.rmtree(rig.folder, ignore_errors=True)
    elif rig.folder.exists():
        state.save(rig.running({}))


def current() -> Rig:
    """Return the rig that runs, or say how to start it."""
    rig = state.load(state.state_folder())
    if rig is None or not rig.alive():
        raise RigError("The rig is not up: run asterisk/rig up.")
    return rig


def variables(rig: Rig) -> dict[str, str]:
    """Return what programs and tests need to know about a running rig."""
    values = {name: str(port) for name, port in rig.ports.variables().items()}
    values |= {
        "RECORDBRIDGE_ASTERISK_URL": rig.pbx_url,
        "RECORDBRIDGE_ASTERISK_USER": rig.pbx_user,
        "RECORDBRIDGE_ASTERISK_PASSWORD": rig.pbx_password,
        "ARI_PASSWORD": rig.pbx_password,
        "RIG_CARRIER_URL": rig.carrier_url,
        "RIG_CARRIER_USER": rig.user,
        "RIG_CARRIER_PASSWORD": rig.password,
        "RIG_STATE": str(rig.state),
        "RIG_RELEASE": rig.release,
        "RIG_PROMPTS": str(rig.root / "usr/share/asterisk/sounds/en"),
    }
    if not rig.own_pbx:
        values["RIG_RECORDINGS"] = str(rig.recordings)
    return values


def exports(rig: Rig) -> str:
    """Return the variables as lines for a shell."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables(rig).items()]
    return "\n".join(lines)


def describe(rig: Rig) -> str:
    """Return a rig's state in a few lines."""
    ports_ = rig.ports
    rows = [f"release     {rig.release} ({debian.RELEASES[rig.release]})"]
    for name in rig.names:
        process = rig.processes.get(name)
        word = f"pid {process.pid}" if process and process.alive() else "not running"
        sip, http = (
            (ports_.pbx_sip, ports_.pbx_ari)
            if name == "pbx"
            else (ports_.carrier_sip, ports_.carrier_ari)
        )
        rows.append(f"{name:<11} {word}, SIP udp {sip}, ARI http://{ports.LOOPBACK}:{http}")
    if rig.own_pbx:
        rows.append(f"pbx         your own at {rig.pbx_url}")
    else:
        rows.append(f"recordings  {rig.recordings}")
    rows.append(f"logs        {rig.state}/NAME/log/messages.log")
    return "\n".join(rows)
