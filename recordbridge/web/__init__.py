"""The HTTP doors: files, health, metrics."""

from recordbridge.web.doors import application
from recordbridge.web.signing import RecordUrls

__all__ = ["RecordUrls", "application"]
