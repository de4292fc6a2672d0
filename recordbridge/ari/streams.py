"""Whether a recording hears callees one after the other on this Asterisk (S-1).

Debian's and Ubuntu's builds drop a packet as late by its sequence number, also when it is another
party's: a snoop that has heard one callee is deaf to the next in half of all cases, for minutes.
They are not when bridges pass audio on as signed linear (codecs.conf), or mix it. Which of them
holds is known from the version and, once a channel is there to ask, from the configuration.
"""

from __future__ import annotations

import asyncio

import structlog

from recordbridge.ari import variables
from recordbridge.ari.variables import Ask
from recordbridge.ari.version import loses_other_streams
from recordbridge.errors import PbxError

SETTINGS = {"genericplc": True, "genericplc_on_equal_codecs": False}
"""Of codecs.conf, section plc, with Asterisk's defaults: both must be on."""
ADVICE = (
    "this build of Asterisk does not record a second callee reliably: set"
    " genericplc_on_equal_codecs=true under [plc] in its codecs.conf and restart it; until then"
    " a Dial in a session recording is mixed, which makes the callee's voice up to 20 ms later"
)
_TRUE = frozenset(("yes", "true", "y", "t", "1", "on"))


class Streams:
    """What is known of one Asterisk. `must_mix` is true as long as nothing better is known."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self.must_mix = True
        self.unknown = False
        """A channel should be asked."""

    def connected(self, version: str) -> None:
        """Asterisk may be another one than before, or be configured anew."""
        self.must_mix = self.unknown = loses_other_streams(version)

    async def look(self, ask: Ask, channel_id: str) -> None:
        """Ask that channel how Asterisk is configured."""
        self.unknown = False
        try:
            told = await asyncio.gather(
                *(
                    variables.read(ask, channel_id, f"AST_CONFIG(codecs.conf,plc,{each})")
                    for each in SETTINGS
                )
            )
        except PbxError as error:
            self.unknown = True
            self._log.debug("ari_configuration_not_read", reason=str(error))
            return
        self.must_mix = not all(
            value.lower() in _TRUE if value else default
            for value, default in zip(told, SETTINGS.values(), strict=True)
        )
        if self.must_mix:
            self._log.warning("ari_streams_mixed", reason=ADVICE)
