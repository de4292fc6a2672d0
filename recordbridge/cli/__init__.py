"""The commands: nothing but arguments, output and exit codes (O-4).

0 good, 1 failed or not found, 2 bad usage or configuration, 3 Asterisk or database not reachable.
With `--json` one object goes to stdout; words for people go to stderr. A mistake of the user's
never shows a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence

from recordbridge.cli.arguments import parser
from recordbridge.cli.output import FAILED, UNREACHABLE, USAGE, say
from recordbridge.errors import (
    ConfigError,
    PbxUnavailableError,
    RecordbridgeError,
    ServiceAwayError,
    StorageError,
)

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; `argv` without the program's name.

    Raises SystemExit(2) for bad usage and SystemExit(0) for `--help`, as argparse does.
    """
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except ConfigError as error:
        say(*error.mistakes)
        return USAGE
    except (PbxUnavailableError, ServiceAwayError, StorageError) as error:
        say(f"recordbridge: {error}")
        return UNREACHABLE
    except RecordbridgeError as error:
        say(f"recordbridge: {error}")
        return FAILED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        say(f"recordbridge: {where}{error.strerror or error}")
        return FAILED
    except KeyboardInterrupt:
        say("recordbridge: interrupted")
        return FAILED
    return code
