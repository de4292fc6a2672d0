"""Where finished files are kept (M-2)."""

from recordbridge.blobs.local import LocalBlobs

__all__ = ["LocalBlobs"]
