"""The command line of the rig."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from . import debian, instance, lifecycle, state
from .errors import RigError


def _up(given: argparse.Namespace) -> int:
    print(lifecycle.describe(lifecycle.up(given.release, given.pick_ports)))
    return 0


def _down(given: argparse.Namespace) -> int:
    print("The rig is down." if lifecycle.down() else "The rig was not up.")
    return 0


def _status(given: argparse.Namespace) -> int:
    rig = state.load(state.state_folder())
    if rig is None:
        raise RigError("The rig is not up: run asterisk/rig up.")
    print(lifecycle.describe(rig))
    return 0 if rig.alive() else 1


def _env(given: argparse.Namespace) -> int:
    print(lifecycle.exports(lifecycle.current()))
    return 0


def _cli(given: argparse.Namespace) -> int:
    rig = lifecycle.current()
    if given.instance not in rig.names:
        raise RigError(f"This rig does not run the {given.instance}: it is your own Asterisk.")
    print(instance.console(rig, given.instance, given.command), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rig", description="A real Asterisk, and calls to it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start pbx and carrier")
    up.add_argument("--release", choices=sorted(debian.RELEASES), default="forky")
    up.add_argument("--pick-ports", action="store_true", help="use free ports, whatever they are")
    up.set_defaults(run=_up)
    commands.add_parser("down", help="end both").set_defaults(run=_down)
    commands.add_parser("status", help="show processes and ports").set_defaults(run=_status)
    commands.add_parser("env", help="print the rig as shell variables").set_defaults(run=_env)
    cli = commands.add_parser("cli", help="run an Asterisk console command")
    cli.add_argument("instance", choices=("pbx", "carrier"))
    cli.add_argument("command", metavar="COMMAND")
    cli.set_defaults(run=_cli)
    return parser


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run a command; an error is one sentence on stderr."""
    signal.signal(signal.SIGTERM, _interrupt)
    given = _parser().parse_args()
    try:
        return int(given.run(given))
    except RigError as error:
        print(f"rig: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
