"""One bucket of an S3-compatible object store, through `obstore` (M-2).

The laws: nothing here blocks the event loop (the library works in threads of its own), and
nothing is repeated here: who calls decides that. Every part that is sent carries its SHA-256 in
the signature, so the store refuses what arrived damaged. Errors are told in one sentence, without
keys or signatures: `StoreAwayError` when waiting helps, `StorageError` when it does not.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from recordbridge.blobs import layout
from recordbridge.blobs.refusals import trouble
from recordbridge.errors import StorageError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config  # they are there for type checkers only

LINK_LIFE = timedelta(minutes=5)
"""E-4."""
PART_BYTES = 5 << 20
"""Larger files are sent in parts of this size, the least that S3 allows."""
PARTS_AT_ONCE = 3
CHUNK_BYTES = 1 << 18
PROBE = "recordbridge-probe"
"""What is written and deleted again to see whether the bucket can be used."""
PROVE_S = 5
NO_OBJECT = "<Code>NoSuchKey</Code>"
"""What an object store says of an object that is not there; anybody can say 404."""
_CONTROL: ClientConfig = {"connect_timeout": "3s", "read_timeout": "20s", "timeout": "2m"}
_READING: ClientConfig = {"connect_timeout": "3s", "read_timeout": "20s", "timeout": "12h"}
"""A file is passed through as slowly as whoever fetches it reads."""


class S3File:
    """A stored object; implements `ports.audio.Opened`."""

    def __init__(self, bucket: S3Bucket, key: str, size: int) -> None:
        self._bucket = bucket
        self._key = key
        self.size = size

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes]:
        """See the port: the range is the store's own."""
        given = 0
        with self._bucket.told("cannot be read"):
            result = await obstore.get_async(
                self._bucket.reading, self._key, options={"range": (start, start + length)}
            )
            async for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
                given += len(chunk)
                yield bytes(chunk)
        if given != length:
            raise StorageError(f"the object store gave {given} bytes of {length}")

    async def close(self) -> None:
        """Nothing is held between reads."""


class S3Bucket:
    """`prefix` is a folder in the bucket, or empty; without keys the environment provides them."""

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str | None = None,
        endpoint: str | None = None,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        self.bucket = bucket
        self.place = endpoint or "Amazon S3"
        folder = (prefix or "").strip("/")
        self._prefix = f"{folder}/" if folder else ""
        self._config: S3Config = {
            "region": region or "us-east-1",
            "virtual_hosted_style_request": endpoint is None and "." not in bucket,
        }
        if endpoint is not None:
            self._config["endpoint"] = endpoint
        self._plain = endpoint is not None and endpoint.startswith("http://")
        self.control: S3Store
        self.reading: S3Store
        self.use_keys(access_key, secret_key)

    def use_keys(self, access_key: str | None, secret_key: str | None) -> None:
        """From the next request on; without them the environment provides them."""
        config = self._config.copy()
        if access_key is not None and secret_key is not None:
            config |= {"access_key_id": access_key, "secret_access_key": secret_key}
        self.control, self.reading = (
            S3Store(
                self.bucket,
                config=config,
                client_options={**client, "allow_http": self._plain},
                retry_config={"max_retries": 0},
            )
            for client in (_CONTROL, _READING)
        )

    async def upload(self, name: str, source: Path) -> None:
        """Store the file; it appears whole, or not at all. Raises StorageError."""
        kind = layout.TYPES[name.rpartition(".")[2]]
        with self.told("takes no file"):
            await obstore.put_async(
                self.control,
                self._key(name),
                source,
                attributes={"Content-Type": kind},
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )

    async def open(self, name: str) -> S3File | None:
        """The object; None when there is none. Raises StorageError."""
        key = self._key(name)
        with self.told("cannot be asked"):
            try:
                found = await obstore.head_async(self.control, key)
            except FileNotFoundError:
                return None
        return S3File(self, key, found["size"])

    async def link(self, name: str, method: Literal["GET", "HEAD"]) -> str:
        """A URL that needs no keys, for 5 minutes."""
        with self.told("cannot be linked to"):
            return await obstore.sign_async(self.control, method, self._key(name), LINK_LIFE)

    async def delete(self, name: str) -> None:
        """Delete the object; a missing one is fine. Raises StorageError."""
        with self.told("deletes no file"), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self.control, self._key(name))

    async def prove(self) -> None:
        """See that objects can be written, read and deleted. Raises StorageError if not."""
        key = f"{self._prefix}{PROBE}"
        with self.told("cannot be used"):
            async with asyncio.timeout(PROVE_S):
                try:
                    await obstore.get_async(self.control, key)
                except FileNotFoundError as error:
                    if NO_OBJECT not in str(error):
                        raise
                await obstore.put_async(self.control, key, b"")
                await obstore.get_async(self.control, key)
                await obstore.delete_async(self.control, key)

    def _key(self, name: str) -> str:
        return self._prefix + layout.key(name)

    @contextlib.contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Tell the library's errors in our words."""
        try:
            yield
        except (BaseError, OSError) as error:
            raise trouble(error, self.bucket, self.place, what) from error
