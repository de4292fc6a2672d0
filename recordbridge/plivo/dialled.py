"""Whom a Dial calls and what it tells them: numbers, users, caller ids, and SIP headers.

The law: an address becomes part of an Asterisk dial string and a header part of an INVITE, so
nothing passes here that could end or extend either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

HEADER = "X-PH-"
LONGEST_HEADER_NAME = 24
LONGEST_HEADER_VALUE = 120
MOST_HEADERS = 50

_FORMATTING = re.compile(r"[ ().-]")
_NUMBER = re.compile(r"\+?[0-9*#]{1,40}")
_CALLER = re.compile(r"\+?[A-Za-z0-9_.:@*#-]{1,80}")
_USER = re.compile(
    r"(?:sips?:)?[A-Za-z0-9_.+*#%!~-]{1,64}"
    r"(?:@(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?)?"
    r"(?:;[A-Za-z0-9_.-]{1,32}(?:=[A-Za-z0-9_.+%-]{1,64})?){0,8}"
)
_HEADER_NAME = re.compile(rf"[A-Za-z0-9]{{1,{LONGEST_HEADER_NAME}}}")
_HEADER_VALUE = re.compile(rf"[!-~](?:[ -~]{{0,{LONGEST_HEADER_VALUE - 1}}})")
_RESERVED = re.compile(r"PH-|Plivo|FS-|SipAuth|ZT-|Twilio|ClientRegion$", re.IGNORECASE)


def number(text: str, _warnings: list[str]) -> str:
    """A number as it is dialled: without the spaces, dots, dashes and brackets that group it."""
    bare = _FORMATTING.sub("", text)
    if _NUMBER.fullmatch(bare) is None:
        raise ValueError("must be a number of 1 to 40 of 0-9 * #, which may begin with +")
    return bare


def user(text: str, _warnings: list[str]) -> str:
    """The name of a SIP user or a SIP URI, as written."""
    if _USER.fullmatch(text) is None:
        raise ValueError("must be the name of a SIP user or sip:USER@HOST")
    return text


def caller_id(text: str, _warnings: list[str]) -> str | None:
    """The number that callees see; empty counts as absent."""
    bare = _FORMATTING.sub("", text)
    if _NUMBER.fullmatch(bare):
        return bare
    if text and _CALLER.fullmatch(text) is None:
        raise ValueError("must be a number or name of 1 to 80 letters, digits and + _ . : @ * # -")
    return text or None


def sip_headers(text: str, warnings: list[str]) -> Mapping[str, str]:
    """`name=value,name=value` as headers `X-PH-name`; a pair that is not allowed is dropped."""
    headers: dict[str, str] = {}
    pairs = text.split(",") if text.strip() else []
    if len(pairs) > MOST_HEADERS:
        warnings.append(f"only the first {MOST_HEADERS} of {len(pairs)} headers are looked at")
    for pair in pairs[:MOST_HEADERS]:
        name, _, value = (part.strip(" ") for part in pair.partition("="))
        if name.upper().startswith(HEADER):  # as it comes in requests, and is passed on by many
            name = name[len(HEADER) :]
        wrong = _wrong(name, value)
        if wrong:
            warnings.append(f"the header {_shown(name)} is dropped: {wrong}")
        else:
            headers = merged(headers, {HEADER + name: value})
    return headers


def merged(headers: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """Both; the others win. SIP does not distinguish capitals in names."""
    taken = {name.lower() for name in others}
    return {name: value for name, value in headers.items() if name.lower() not in taken} | dict(
        others
    )


def _wrong(name: str, value: str) -> str:
    if _RESERVED.match(name):
        return "its name is reserved"
    if _HEADER_NAME.fullmatch(name) is None:
        return f"a name must be 1 to {LONGEST_HEADER_NAME} ASCII letters and digits"
    if _HEADER_VALUE.fullmatch(value) is None:
        return f"a value must be 1 to {LONGEST_HEADER_VALUE} printable ASCII characters"
    return ""


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else f"{name[:40]}...")
