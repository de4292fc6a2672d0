"""Pages of lists: what `meta` says, and the addresses of the pages beside this one (E-3)."""

from __future__ import annotations

from urllib.parse import urlencode

from recordbridge.web.api import shapes
from recordbridge.web.api.asking import Asking
from recordbridge.web.api.checks import MOST_ROWS


def place(asking: Asking) -> tuple[int, int]:
    """Limit and offset."""
    return asking.values.get("limit", MOST_ROWS), asking.values.get("offset", 0)


def meta(asking: Asking, total: int) -> shapes.Meta:
    """The addresses keep the filters as they were written."""
    limit, offset = place(asking)
    after, before = offset + limit, max(0, offset - limit)
    return shapes.Meta(
        limit=limit,
        offset=offset,
        total_count=total,
        next=_address(asking, limit, after) if after < total else None,
        previous=_address(asking, limit, before) if offset else None,
    )


def _address(asking: Asking, limit: int, offset: int) -> str:
    written = asking.http.query
    kept = {n: written[n] for n in asking.values if n in written and n not in ("limit", "offset")}
    query = urlencode(kept | {"limit": limit, "offset": offset})
    return f"{asking.http.path.rstrip('/')}/?{query}"
