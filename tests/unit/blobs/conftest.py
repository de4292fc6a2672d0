"""Both backends; the object store is a real server, one for the session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import obstore
import pytest

from recordbridge.blobs.local import LocalBlobs
from recordbridge.blobs.objects import ObjectBlobs
from recordbridge.blobs.s3 import S3Bucket
from recordbridge.ports.audio import Blobs
from tests.objectstore import BUCKET, KEY, SECRET, ObjectStore


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    store = ObjectStore(tmp_path_factory.mktemp("objectstore"))
    yield store
    store.close()


@pytest.fixture
def store(running_store: ObjectStore) -> ObjectStore:
    """With an empty bucket."""
    for key in running_store.names():
        obstore.delete(running_store.client(), key)
    return running_store


def bucket(store: ObjectStore, **changed: Any) -> S3Bucket:
    """The store's bucket as the service opens it."""
    keys = {"endpoint": store.url, "access_key": KEY, "secret_key": SECRET} | changed
    return S3Bucket(keys.pop("bucket", BUCKET), **keys)


@pytest.fixture(params=["local", "s3"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    """Each backend in turn."""
    async with AsyncExitStack() as stack:
        folder = LocalBlobs(tmp_path / "recordings")
        stack.callback(folder.close)
        if request.param == "local":
            yield folder
            return
        store: ObjectStore = request.getfixturevalue("store")
        objects = ObjectBlobs(folder, bucket(store, prefix="calls"))
        yield await stack.enter_async_context(objects.running())
