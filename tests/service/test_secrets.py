"""H-6: no secret is told, whatever goes wrong: on a real call, with its database, its object store,
its application and its Asterisk failing in turn.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.objectstore import ObjectStore
from tests.objectstore.server import SECRET
from tests.postgres import Server, running
from tests.postgres.server import PASSWORD
from tests.receiver import Reply, Reset
from tests.service import conftest
from tests.service.conftest import in_store
from tests.service.service import ACCOUNT, TOKEN, Service
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OLD_TOKEN = "example-token-that-is-replaced"
URL_KEYS = ("example-url-key-the-first-0123", "example-url-key-the-second-0123")
IN_THE_URL = "example-password-in-the-url"


class Env(str):
    """`!env NAME`."""

    __slots__ = ()


class File(str):
    """`!file PATH`."""

    __slots__ = ()


yaml.SafeDumper.add_representer(Env, lambda to, name: to.represent_scalar("!env", str(name)))
yaml.SafeDumper.add_representer(File, lambda to, path: to.represent_scalar("!file", str(path)))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


def _configured(
    settings: dict[str, Any], folder: Path, server: Server, store: ObjectStore
) -> dict[str, str]:
    """Every secret by `!env` or `!file`; what they are."""
    in_store(store)(settings)
    secrets = {
        "token": TOKEN,
        "old_token": OLD_TOKEN,
        "password": settings["asterisk"][0]["password"],
        "url_key_1": URL_KEYS[0],
        "url_key_2": URL_KEYS[1],
        "s3": settings["storage"]["secret_key"],
        "database": server.fresh(),
    }
    assert (secrets["s3"], PASSWORD in secrets["database"]) == (SECRET, True)
    for name, value in secrets.items():
        (folder / name).write_text(value + "\n")
    settings["accounts"] = [
        {"auth_id": ACCOUNT, "auth_token": [Env("TEST_TOKEN"), File(folder / "old_token")]}
    ]
    settings["asterisk"][0]["password"] = File(folder / "password")
    settings["storage"] |= {
        "url_keys": [File(folder / "url_key_1"), Env("TEST_URL_KEY")],
        "secret_key": Env("TEST_S3"),
    }
    settings["database"]["url"] = Env("TEST_DATABASE")
    return secrets


@pytest.mark.rule("H-6", "H-2", "N-5")
async def test_no_secret_is_told(
    rig: Mapping[str, str],
    store: ObjectStore,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets: dict[str, str] = {}

    def change(settings: dict[str, Any]) -> None:
        secrets.update(_configured(settings, tmp_path, server, store))
        names = {"TOKEN": "token", "URL_KEY": "url_key_2", "S3": "s3", "DATABASE": "database"}
        for name, key in names.items():
            monkeypatch.setenv(f"TEST_{name}", secrets[key])

    async with conftest.running(rig, tmp_path / "service", change) as service:
        told = await _trouble(service, store, server)
        told += await _answers(service)
        told += await _commands(service)
        await service.program.stop()
        log = [service.program.told(), *map(str, service.program.log)]
    assert len(service.program.log) > 20
    hidden = {TOKEN, OLD_TOKEN, secrets["password"], *URL_KEYS, SECRET, PASSWORD, IN_THE_URL}
    assert all(len(each) > 5 for each in hidden)
    for secret in hidden:
        # What the application has sent, a URL of its own included, stands in the attempt (H-6).
        places = log if secret == IN_THE_URL else (*log, *told)
        assert not [each[:300] for each in places if secret in each], secret
    assert not [line for line in log if "&sig=" in line], "who reads the log may not fetch files"


async def _trouble(service: Service, store: ObjectStore, server: Server) -> list[str]:
    """A call whose application, store and database fail; all rows of it."""
    line = service.line()
    line.script("action", Reply(status=500, body="no"))
    line.script("callback", Reset(), Reply(status=503), Reply())
    callback = line.url("callback").replace("://", f"://app:{IN_THE_URL}@")
    line.answers(line.record(fileFormat="wav", redirect="false", callbackUrl=callback))
    store.kill()
    try:
        call = await line.call([speak(1), press("#")])
        for _ in range(3):
            await line.next("callback", timeout=30)
        await call.ended()
        await service.program.said("object_store_away", level="error")
    finally:
        await asyncio.to_thread(store.start)
    server.kill()
    try:
        await service.program.said("database_away", level="error", timeout=30)
    finally:
        await asyncio.to_thread(server.start)
    await service.program.said("database_back", timeout=60)
    url = f"{service.program.url}/v1/Account/{ACCOUNT}/Delivery/"
    answers = []
    async with aiohttp.ClientSession(headers=basic(ACCOUNT, OLD_TOKEN)) as http:
        page = await (await http.get(url)).json()
        assert len(page["objects"]) >= 3
        for each in page["objects"]:
            one = await (await http.get(f"{url}{each['delivery_id']}/")).json()
            assert one["attempts"]
            answers += [str(attempt) for attempt in one["attempts"]]
    return answers


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(user, password)}


async def _answers(service: Service) -> list[str]:
    """Error pages and everything that anybody may read."""
    root, account = service.program.url, f"/v1/Account/{ACCOUNT}"
    file = f"{account}/Recording/0e4b0a51-55c4-4c1e-9c5b-9df4ac53c0aa.wav"
    told = []
    async with aiohttp.ClientSession() as http:
        for auth in (None, (ACCOUNT, "wrong"), (ACCOUNT, TOKEN), ("wrong", TOKEN)):
            for path in (
                "/", "/metrics", "/healthz", "/readyz", "/v1/openapi.json", "/nothing",
                f"{account}/Recording/?limit=x", f"{account}/Call/none/", f"{account}/Delivery/x/",
                file, f"{file}?exp=1&kid=00000000&sig={'A' * 43}",
            ):  # fmt: skip
                headers = None if auth is None else basic(*auth)
                async with http.get(root + path, headers=headers) as answer:
                    told.append(f"{answer.headers} {await answer.text()}")
    return told


async def _commands(service: Service) -> list[str]:
    """`check`, good and with mistakes, and the lists."""
    file = service.program.file
    broken = file.with_name("broken.yaml")
    broken.write_text(file.read_text() + "nonsense: 1\nconsole: {users: 3}\n")
    told = []
    for argv in (
        ("check", "-c", str(file)),
        ("check", "--live", "--json", "-c", str(file)),
        ("check", "-c", str(broken)),
        ("deliveries", "list", "--json", "-c", str(file)),
        ("recordings", "list", "-c", str(file)),
    ):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "recordbridge", *argv),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert said
        told.append(said.decode())
    return told
