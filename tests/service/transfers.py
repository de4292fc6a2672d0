"""Transfers as phones do them: REFER to a number, or to whom the phone talks on another call.

The carrier's Asterisk is the phone: to redirect an answered channel, it sends a REFER.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.service.callees import Callees
from tests.service.carrier import Call
from tests.service.steps import Step, silence, speak

PARTS = ("call-id", "remote_tag", "local_tag")
BESIDE = "*4"
"""The prefix of numbers that the pbx rings at the carrier without recordbridge."""


def phone(transferer: str) -> list[Step]:
    """A caller who says something and then sends silence, as a phone does.

    The carrier tells a channel to transfer when what it plays is over, so one that shall transfer
    (`caller`) sends nothing instead.
    """
    return [speak(0.5)] if transferer == "caller" else [speak(0.5), silence(60)]


async def blind(call: Call, number: str) -> None:
    """Transfer the other party of the call to that number of the pbx."""
    await _refer(call, f"sip:{number}@{_pbx(call)}")


async def attended(call: Call, consulted: Call) -> None:
    """Connect the other party of the call with that of a second call, and drop out of both."""
    call_id, remote, local = [await _dialog(consulted, part) for part in PARTS]
    replaces = f"{quote(call_id, safe='')}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}"
    await _refer(call, f"<sip:consulted@{_pbx(call)}?Replaces={replaces}>")


async def _refer(call: Call, target: str) -> None:
    query = {"endpoint": f"PJSIP/{target}"}
    await call.carrier.ask("POST", f"channels/{call.id}/redirect", query)


async def _dialog(call: Call, part: str) -> str:
    query = {"variable": f"CHANNEL(pjsip,{part})"}
    told = await call.carrier.ask("GET", f"channels/{call.id}/variable", query)
    return str(json.loads(told)["value"])


def _pbx(call: Call) -> str:
    return f"127.0.0.1:{call.carrier.facts['RIG_PBX_SIP']}"


async def third(callees: Callees, number: str) -> Call:
    """Who is rung by a transfer to `BESIDE` + number, and answers."""
    callee = await callees.next(number)
    await callee.answer()
    return callee
