"""Filters of the SDKs for what does not exist here: subaccounts and conferences.

No recording and no call belongs to one, so nothing matches; 400 would make an application that asks
for a conference's recordings fail where the truthful answer is that there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recordbridge.web.api import checks
from recordbridge.web.api.checks import TEXT
from recordbridge.web.api.fields import Field

SUBACCOUNT = Field("subaccount", checks.text, TEXT, "There are none: nothing matches")
PARENT = Field("parent_call_uuid", checks.text, TEXT, "No call has one: nothing matches")
CONFERENCES = tuple(
    Field(name, checks.text, TEXT, "No recording has one: nothing matches")
    for name in ("conference_name", "conference_uuid", "mpc_name", "mpc_uuid")
)
_NOTHING = frozenset(field.name for field in (SUBACCOUNT, PARENT, *CONFERENCES))


def exclude_all(values: Mapping[str, Any]) -> bool:
    """Whether the filters let nothing through, whatever there is."""
    return bool(_NOTHING & values.keys())
