"""The command line of the rig."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from . import calls, debian, instance, lifecycle, state
from .errors import RigError


def _up(given: argparse.Namespace) -> int:
    print(lifecycle.describe(lifecycle.up(given.release, given.pick_ports)))
    return 0


def _down(_: argparse.Namespace) -> int:
    print("The rig is down." if lifecycle.down() else "The rig was not up.")
    return 0


def _status(_: argparse.Namespace) -> int:
    rig = state.load(state.state_folder())
    if rig is None:
        raise RigError("The rig is not up: run asterisk/rig up.")
    print(lifecycle.describe(rig))
    return 0 if rig.alive() else 1


def _env(_: argparse.Namespace) -> int:
    print(lifecycle.exports(lifecycle.current()))
    return 0


def _cli(given: argparse.Namespace) -> int:
    rig = lifecycle.current()
    if given.instance not in rig.names:
        raise RigError(f"This rig does not run the {given.instance}: it is your own Asterisk.")
    print(instance.console(rig, given.instance, given.command), end="")
    return 0


def _call(given: argparse.Namespace) -> int:
    rig = lifecycle.current()
    variables = [_pair(each) for each in given.set]
    variables += [(f"PJSIP_HEADER(add,{name})", value) for name, value in map(_pair, given.header)]
    if given.count < 1 or given.rate <= 0:
        raise RigError("--count and --rate must be more than 0.")
    order = calls.Order(
        given.number, given.script, given.count, given.rate, given.caller, tuple(variables)
    )

    def report(call: calls.Call) -> None:
        if given.wait:
            print(call.record() if given.json else call.line(), flush=True)

    placed = calls.place(rig, order, given.wait, report)
    if given.wait:
        return 0 if all(call.answered for call in placed) else 1
    for call in placed:
        print(call.record() if given.json else f"{given.number}  {given.script}  {call.id}")
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise RigError(f"{text}: write NAME=VALUE.")
    return name, value


def _add_call(call: argparse.ArgumentParser) -> None:
    call.add_argument("number", metavar="NUMBER")
    call.add_argument("--as", dest="script", choices=calls.SCRIPTS, default="talk")
    call.add_argument("--count", type=int, default=1, help="how many calls")
    call.add_argument("--rate", type=float, default=10.0, help="calls a second (default 10)")
    call.add_argument("--from", dest="caller", default="15551230001", help="the caller's number")
    call.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    call.add_argument("--header", action="append", default=[], metavar="NAME=VALUE")
    call.add_argument("--wait", action="store_true", help="until all calls have ended")
    call.add_argument("--json", action="store_true", help="a JSON object a line")
    call.set_defaults(run=_call)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rig", description="A real Asterisk, and calls to it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start pbx and carrier")
    up.add_argument("--release", choices=sorted(debian.RELEASES))
    up.add_argument("--pick-ports", action="store_true", help="use free ports, whatever they are")
    up.set_defaults(run=_up)
    commands.add_parser("down", help="end both").set_defaults(run=_down)
    commands.add_parser("status", help="show processes and ports").set_defaults(run=_status)
    commands.add_parser("env", help="print the rig as shell variables").set_defaults(run=_env)
    cli = commands.add_parser("cli", help="run an Asterisk console command")
    cli.add_argument("instance", choices=("pbx", "carrier"))
    cli.add_argument("command", metavar="COMMAND")
    cli.set_defaults(run=_cli)
    _add_call(commands.add_parser("call", help="place calls from the carrier"))
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run a command; an error is one sentence on stderr."""
    signal.signal(signal.SIGTERM, _interrupt)
    given = _parser().parse_args()
    try:
        return int(given.run(given))
    except (RigError, OSError) as error:
        print(f"rig: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
