"""recordings, calls and deliveries on a database that a service has left."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recordbridge.ports.rows import Unit
from recordbridge.store import open_store
from tests.unit.cli.conftest import CONFIG, Run
from tests.unit.store.rows import NOON, a_call, a_recording, a_request, an_attempt

pytestmark = pytest.mark.rule("O-4")

ACCOUNT = "MAEXAMPLEACCOUNT0001"


@pytest.fixture
def filled(folder: Path) -> Path:
    """The folder, with a database."""
    (folder / "var").mkdir()

    async def fill() -> None:
        async with open_store(f"sqlite:///{folder}/var/recordbridge.db", worker="rb-1") as store:
            requests = (
                a_request("q1", "parked", account=ACCOUNT),
                a_request("q2", "delivered", account=ACCOUNT, created_at=NOON + 60_000),
            )
            await store.commit(
                Unit(
                    call=a_call(account=ACCOUNT),
                    recordings=(a_recording(account=ACCOUNT), a_recording("r2", status="failed")),
                    requests=requests,
                    attempts=(an_attempt("q1"),),
                )
            )

    asyncio.run(fill())
    return folder


def told(run: Run, *argv: str) -> Any:
    done = run(*argv, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_deliveries_are_listed(filled: Path, run: Run) -> None:
    found = told(run, "deliveries", "list")
    assert found["total_count"] == 2
    assert [each["delivery_id"] for each in found["objects"]] == ["q2", "q1"]
    assert found["objects"][0]["add_time"] == "2023-11-14 22:14:20.000Z"
    for options, ids in (
        (("--state", "parked"), ["q1"]),
        (("--host", "app.example.com"), ["q2", "q1"]),
        (("--host", "nobody.example.com"), []),
        (("--call", "c1", "--limit", "1", "--offset", "1"), ["q1"]),
        (("--recording", "other"), []),
        (("--since", "2023-11-14 22:14"), ["q2"]),
        (("--until", "2023-11-14 22:14:20"), ["q1"]),
        (("--since", "1h"), []),
        (("--account", "MANOBODYNOBODYNOBODY"), []),
    ):
        objects = told(run, "deliveries", "list", *options)["objects"]
        assert [each["delivery_id"] for each in objects] == ids, options


def test_people_get_a_table(filled: Path, run: Run) -> None:
    done = run("deliveries", "list", "--state", "parked")
    head, line = done.out.splitlines()
    assert head.split()[:3] == ["DELIVERY_ID", "STATE", "KIND"]
    assert line.split()[:3] == ["q1", "parked", "callback"]
    assert done.err == "1 of 1, newest first\n"
    assert run("recordings", "list", "--status", "ready").out == ""


def test_one_delivery_is_shown_with_its_attempts(filled: Path, run: Run) -> None:
    found = told(run, "deliveries", "show", "q1")
    assert (found["state"], found["url"]) == ("parked", "https://app.example.com/recordings")
    (attempt,) = found["attempts"]
    assert set(attempt) >= {"number", "start_time", "status", "error", "sent", "reply"}
    assert "attempts: 1" in run("deliveries", "show", "q1").out


def test_recordings_and_calls(filled: Path, run: Run) -> None:
    assert told(run, "recordings", "list")["total_count"] == 2
    (failed,) = told(run, "recordings", "list", "--status", "failed")["objects"]
    assert failed["recording_id"] == "r2"
    assert len(told(run, "recordings", "show", "r1")["deliveries"]) == 2
    (call,) = told(run, "calls", "list", "--live", "--from", "+15551234")["objects"]
    assert (call["call_uuid"], call["end_time"]) == ("c1", None)
    assert told(run, "calls", "list", "--to", "999")["objects"] == []
    whole = told(run, "calls", "show", "c1")
    assert [len(whole[name]) for name in ("recordings", "deliveries")] == [2, 2]
    assert "recordings: 2" in run("calls", "show", "c1").out


@pytest.mark.parametrize("what", ["deliveries", "recordings", "calls"])
def test_what_is_not_there_is_1(filled: Path, run: Run, what: str) -> None:
    done = run(what, "show", "nothing")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("recordbridge: there is no ")


@pytest.mark.parametrize("what", ["deliveries", "recordings", "calls"])
def test_without_a_database_it_is_3(folder: Path, run: Run, what: str) -> None:
    done = run(what, "list")
    assert (done.code, done.out) == (3, "")
    assert "does not exist" in done.err


@pytest.mark.parametrize(
    "argv",
    [
        ("deliveries",),
        ("deliveries", "list", "--state", "lost"),
        ("deliveries", "list", "--limit", "0"),
        ("deliveries", "list", "--since", "yesterday"),
        ("recordings", "show"),
        ("deliveries", "replay"),
        ("deliveries", "replay", "q1", "--all"),
        ("deliveries", "replay", "q1", "--state", "gone"),
    ],
)
def test_bad_usage_is_2(filled: Path, run: Run, argv: tuple[str, ...]) -> None:
    done = run(*argv)
    assert (done.code, done.out) == (2, "")


class Api(http.server.BaseHTTPRequestHandler):
    """Answers replays as the service does; `asked` are path, credentials and body."""

    asked: list[tuple[str, str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, self.headers["Authorization"], body))
        gone = self.path.endswith("q2/Replay/")
        said = {"error": "it asked for a document"} if gone else {"replayed": 7}
        data = json.dumps(said).encode()
        self.send_response(409 if gone else 202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def asked(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the service was asked; a proxy of the environment is not used for it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    Api.asked = []
    with http.server.HTTPServer(("127.0.0.1", 0), Api) as server:
        listen = f"service: {{listen: '127.0.0.1:{server.server_port}'}}\n"
        (filled / "recordbridge.yaml").write_text(listen + CONFIG)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Api.asked
        server.shutdown()


@pytest.mark.rule("E-5")
def test_a_replay_goes_through_the_service(asked: list[Any], run: Run) -> None:
    assert told(run, "deliveries", "replay", "q1") == {"replayed": 7, "refused": []}
    options = ("--state", "gone", "--host", "a.example", "--since", "2023-11-14 22:14")
    assert told(run, "deliveries", "replay", *options)["replayed"] == 7
    assert told(run, "deliveries", "replay", "--all")["replayed"] == 7
    root = f"/v1/Account/{ACCOUNT}/Delivery/"
    filters = {"state": "gone", "host": "a.example", "add_time__gte": "2023-11-14 22:14:00.000"}
    assert [(path, body) for path, _, body in asked] == [
        (root + "q1/Replay/", {}),
        (root + "Replay/", filters),
        (root + "Replay/", {}),
    ]
    assert {header.split()[0] for _, header, _ in asked} == {"Basic"}


def test_a_replay_that_is_refused_is_1(asked: list[Any], run: Run) -> None:
    done = run("deliveries", "replay", "q2", "unknown")
    assert done.code == 1
    assert done.err.splitlines() == [
        "q2: it asked for a document", "unknown: there is no such delivery", "0 sent again",
    ]  # fmt: skip


def test_a_replay_without_the_service_is_3(filled: Path, run: Run) -> None:
    (filled / "recordbridge.yaml").write_text("service: {listen: '127.0.0.1:1'}\n" + CONFIG)
    done = run("deliveries", "replay", "--all")
    assert done.code == 3
    assert "the service does not answer at http://127.0.0.1:1" in done.err
