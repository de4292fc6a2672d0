"""The HTTP application: every door that this package opens, on plain dependencies."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry

from recordbridge.instant import Clock
from recordbridge.web import health, keys, recordings
from recordbridge.web.errors import BrokenRequests, json_errors
from recordbridge.web.patience import patient
from recordbridge.web.signing import RecordUrls

_MOST_BODY_BYTES = 100_000
_broken_requests = BrokenRequests()


def application(
    *,
    rows: keys.RecordingRows,
    files: keys.Files,
    urls: RecordUrls,
    accounts: keys.Accounts,
    clock: Clock,
    checks: Mapping[str, keys.Check],
    registry: CollectorRegistry,
) -> web.Application:
    """Files, health and metrics. Owns nothing: what is passed in is closed by the caller.

    `accounts` and `checks` are read at each request, so a mapping that changes takes effect.
    """
    logging.getLogger("aiohttp.server").addFilter(_broken_requests)
    app = web.Application(middlewares=[patient, json_errors], client_max_size=_MOST_BODY_BYTES)
    app[keys.ROWS] = rows
    app[keys.FILES] = files
    app[keys.URLS] = urls
    app[keys.ACCOUNTS] = accounts
    app[keys.CLOCK] = clock
    app[keys.CHECKS] = checks
    app[keys.REGISTRY] = registry
    app.router.add_get(recordings.ROUTE, recordings.serve_file)
    app.router.add_get("/healthz", health.healthz)
    app.router.add_get("/readyz", health.readyz)
    app.router.add_get("/metrics", health.metrics)
    return app
