"""The one error the rig shows: a clear sentence, never a traceback."""

from __future__ import annotations


class RigError(Exception):
    """Something the user can act on; the text is the whole message."""
