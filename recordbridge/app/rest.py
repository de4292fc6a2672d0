"""The REST API put together."""

from __future__ import annotations

from collections.abc import Callable

from recordbridge.engine.deliveries import Deliveries
from recordbridge.engine.live import Asks, LiveCalls
from recordbridge.engine.ownership import Ownership
from recordbridge.engine.router import Router
from recordbridge.engine.texts import Texts
from recordbridge.instant import Clock
from recordbridge.ports.audio import Blobs
from recordbridge.store import Database
from recordbridge.web.api import Api
from recordbridge.web.api.starts import Starts
from recordbridge.web.signing import RecordUrls


def rest_api(
    owner: Callable[[str], str | None],
    store: Database,
    blobs: Blobs,
    router: Router,
    deliveries: Deliveries,
    texts: Texts,
    urls: RecordUrls,
    clock: Clock,
    ownership: Ownership,
    elsewhere: Asks | None,
) -> Api:
    """What the operations need; a channel in no application is its Asterisk's account's (E-6)."""
    live = LiveCalls(
        router,
        store,
        blobs,
        ownership=ownership,
        elsewhere=elsewhere,
        owner=owner,
        clock=clock,
    )
    return Api(
        lists=store,
        live=live,
        replays=deliveries,
        texts=texts,
        starts=Starts(store, live, clock),
        urls=urls,
        clock=clock,
    )
