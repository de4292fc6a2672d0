"""Where finished recordings are kept, by the YAML file: a folder, or an object store (M-2)."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncIterator

from recordbridge.blobs.local import LocalBlobs
from recordbridge.blobs.objects import Bucket, ObjectBlobs
from recordbridge.errors import StorageError
from recordbridge.ports.audio import Blobs
from recordbridge.settings.storage import Storage
from recordbridge.telemetry.metrics import Metrics

EXTRA = "storage.kind: s3 needs a library that is missing; pip install 'recordbridge[s3]'"


@contextlib.asynccontextmanager
async def storage(settings: Storage, metrics: Metrics) -> AsyncIterator[Blobs]:
    """Open it. Raises StorageError when it cannot be used."""
    with contextlib.closing(LocalBlobs(settings.path)) as folder:
        if settings.kind == "local":
            yield folder
            return
        async with _objects(settings, folder, metrics) as objects:
            yield objects


async def prove(settings: Storage) -> str:
    """What is wrong with the object store, in a sentence; empty when nothing is (O-3)."""
    if settings.kind == "local":
        return ""
    try:
        await _bucket(settings).prove()
    except StorageError as error:
        return str(error)
    return ""


@contextlib.asynccontextmanager
async def _objects(settings: Storage, folder: LocalBlobs, metrics: Metrics) -> AsyncIterator[Blobs]:
    blobs = ObjectBlobs(folder, _bucket(settings), redirect=settings.delivery == "redirect")
    metrics.files_waiting.set_function(lambda: len(blobs.uploads))
    async with blobs.running():
        yield blobs


def _bucket(settings: Storage) -> Bucket:
    """The library is an extra: it is looked for when it is needed."""
    try:
        s3 = importlib.import_module("recordbridge.blobs.s3")
    except ModuleNotFoundError as error:
        raise StorageError(EXTRA) from error
    access_key, secret_key = _keys(settings)
    bucket: Bucket = s3.S3Bucket(
        settings.bucket,
        prefix=settings.prefix,
        endpoint=settings.endpoint,
        region=settings.region,
        access_key=access_key,
        secret_key=secret_key,
    )
    return bucket


def renew_keys(blobs: Blobs, settings: Storage) -> None:
    """The object store's keys as they are in the file now (O-4)."""
    if isinstance(blobs, ObjectBlobs):
        blobs.use_keys(*_keys(settings))


def _keys(settings: Storage) -> tuple[str | None, str | None]:
    access_key, secret_key = (
        None if secret is None else secret.get_secret_value()
        for secret in (settings.access_key, settings.secret_key)
    )
    return access_key, secret_key
