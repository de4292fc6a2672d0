"""FastAGI: a dialplan asks for a recording and keeps the call (section 6)."""

from recordbridge.agi.server import AgiServer, Door

__all__ = ["AgiServer", "Door"]
