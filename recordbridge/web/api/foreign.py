"""Filters of the SDKs for what does not exist here: subaccounts, conferences, storage fees.

No recording and no call belongs to one, so nothing matches; 400 would make an application that asks
for a conference's recordings fail where the truthful answer is that there are none.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from recordbridge.web.api import checks
from recordbridge.web.api.checks import TEXT
from recordbridge.web.api.fields import Field

STORED_DAYS = 0
"""`recording_storage_duration` of every recording: storage costs nothing here."""
_MOST_DAYS = 1_000_000
_DAYS = {"type": "integer", "minimum": 0, "maximum": _MOST_DAYS}
_COMPARE = {
    "": operator.eq,
    "__gt": operator.gt,
    "__gte": operator.ge,
    "__lt": operator.lt,
    "__lte": operator.le,
}

SUBACCOUNT = Field("subaccount", checks.text, TEXT, "There are none: nothing matches")
PARENT = Field("parent_call_uuid", checks.text, TEXT, "No call has one: nothing matches")
CONFERENCES = tuple(
    Field(name, checks.text, TEXT, "No recording has one: nothing matches")
    for name in ("conference_name", "conference_uuid", "mpc_name", "mpc_uuid")
)
STORAGE = tuple(
    Field(
        f"recording_storage_duration{suffix}",
        checks.whole(0, _MOST_DAYS),
        _DAYS,
        "Compared with 0, which it is for every recording",
    )
    for suffix in _COMPARE
)
_NOTHING = frozenset(field.name for field in (SUBACCOUNT, PARENT, *CONFERENCES))


def exclude_all(values: Mapping[str, Any]) -> bool:
    """Whether the filters let nothing through, whatever there is."""
    if _NOTHING & values.keys():
        return True
    days = "recording_storage_duration"
    return any(
        not compare(STORED_DAYS, values[days + suffix])
        for suffix, compare in _COMPARE.items()
        if days + suffix in values
    )
