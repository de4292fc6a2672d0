"""Where finished recordings are kept and who may fetch them (M-2, E-4)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recordbridge.settings.scalars import (
    BaseUrl,
    Days,
    Folder,
    Megabytes,
    Secret,
    Text,
    UrlKey,
)
from recordbridge.settings.sections import Section

S3_ONLY = ("bucket", "prefix", "endpoint", "region", "access_key", "secret_key")
"""Keys that may only be given with `kind: s3`."""


class Storage(Section):
    """Where finished recordings are kept and who may fetch them."""

    kind: Literal["local", "s3"] = "local"
    """A folder of this machine, or S3-compatible object storage, which needs the extra
    `recordbridge[s3]`; several workers need the latter or a shared folder."""
    path: Folder = Field(default="var/recordings", validate_default=True)
    """The folder of `kind: local`; with `kind: s3` files wait there until the store has them, and
    those of an earlier `kind: local` are sent too."""
    access: Literal["signed", "basic", "public"] = "signed"
    """Who may fetch a file: whoever has the signed `RecordUrl`, who knows the account's id and
    token, or everybody."""
    url_ttl_days: Days = Field(default=30, ge=0, le=36_500)
    """How long a signed `RecordUrl` works. 0 = for ever."""
    url_keys: tuple[UrlKey, ...] = ()
    """Keys of the signatures: the first signs, all verify. By default one is made once and kept
    in the database."""
    min_free_mb: Megabytes = Field(default=512, ge=0, le=10_000_000)
    """New recordings are refused when this folder, or that of an SQLite database, has less room
    than this (N-4). 0 = no check."""
    bucket: Text | None = None
    """S3: the bucket; it must exist."""
    prefix: Text | None = None
    """S3: our folder in the bucket, if others use it too."""
    endpoint: BaseUrl | None = None
    """S3: the server, if it is not Amazon's."""
    region: Text | None = None
    """S3: the region."""
    access_key: Secret | None = None
    """S3: the access key; by default what the machine's environment provides."""
    secret_key: Secret | None = None
    """S3: the secret key that belongs to `access_key`."""
    delivery: Literal["proxy", "redirect"] = "proxy"
    """S3: whether a file is passed through this service, or answered by a redirect to an URL of
    the store that works for 5 minutes. Through by default: the store need not be reachable."""
