"""Replies and local flows as documents (F-6)."""

from __future__ import annotations

import structlog

from recordbridge.engine.applications import Application, Applications
from recordbridge.errors import DocumentError
from recordbridge.machine.facts import DocumentArrived, DocumentFailed, PromptsArrived
from recordbridge.machine.state import Profile
from recordbridge.plivo import parser
from recordbridge.ports.http import Outcome
from recordbridge.ports.rows import RequestRow
from recordbridge.urls import without_password

log = structlog.get_logger()


def local(
    applications: Applications, profile: Profile, request_id: str
) -> DocumentArrived | DocumentFailed:
    """The application's local flow, parsed when the configuration was loaded."""
    application: Application | None = applications.named(profile.application)
    if application is None or application.flow is None:
        reason = f"no application {profile.application or '(none matched)'} with a flow"
        return DocumentFailed(request_id=request_id, reached=False, reason=reason)
    return DocumentArrived(request_id=request_id, document=application.flow)


def fetched(
    applications: Applications, profile: Profile, row: RequestRow, outcome: Outcome
) -> DocumentArrived | DocumentFailed:
    """The reply of a document request: a document, or why it is none."""
    if outcome.failure:
        return _unread(row, outcome)
    application = applications.named(profile.application)
    defaults = Application(profile).defaults if application is None else application.defaults
    try:
        document = parser.parse(outcome.body, defaults)
        parser.require_supported(document)
    except DocumentError as error:
        return _rejected(row, error)
    for warning in document.warnings:
        url = without_password(row.url)
        log.warning("document_warning", call_uuid=row.call_uuid, url=url, warning=warning)
    return DocumentArrived(request_id=row.request_id, document=document)


def _unread(row: RequestRow, outcome: Outcome) -> DocumentFailed:
    """F-6: not reached, unless it came and was too large (F-7) to be a document."""
    return DocumentFailed(
        request_id=row.request_id,
        reached=outcome.failure == "size",
        reason=f"{without_password(row.url)}: {outcome.error}",
    )


def _rejected(row: RequestRow, error: DocumentError) -> DocumentFailed:
    """A-19: counted by its kind, and kept with the call."""
    return DocumentFailed(
        request_id=row.request_id,
        reached=True,
        reason=f"{without_password(row.url)}: {error}",
        kind=error.kind,
    )


def prompts(row: RequestRow, outcome: Outcome) -> PromptsArrived | DocumentFailed:
    """The reply of a confirmSound or dialMusic request."""
    if outcome.failure:
        return _unread(row, outcome)
    try:
        return PromptsArrived(request_id=row.request_id, prompts=parser.parse_prompts(outcome.body))
    except DocumentError as error:
        return _rejected(row, error)
