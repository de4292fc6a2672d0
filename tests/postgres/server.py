"""One PostgreSQL on a free port of the loopback, with a folder of its own.

`kill` ends it as a crash would (its next start recovers), `freeze` stops it without closing
anything. A test takes a database by `fresh()` and gives it back.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres import programs

USER = "recordbridge"
PASSWORD = "geheim"
START_S = 30.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "log_min_messages": "fatal",
    "autovacuum": "off",
    "jit": "off",
}
_count = itertools.count(1)


class Server:
    """A cluster that may be stopped, killed and started again on the same port."""

    def __init__(self, folder: Path, *, fsync: bool) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._programs = programs.folder(folder)
        self._settings = _SETTINGS | {"fsync": "on" if fsync else "off"}
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: list[str] = []
        self.port = _free_port()

    def create(self) -> None:
        """Make the cluster."""
        user = programs.user()
        if user is not None:
            os.chown(self._folder, user, user)
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        _run(
            *(str(self._programs / "initdb"), "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--auth=scram-sha-256", f"--username={USER}", f"--pwfile={secret}"),
            *("--pgdata", str(self._data)),
        )

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = [
            part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *options],
                stdout=log,
                stderr=log,
                user=programs.user(),
                cwd="/",
            )
        until = time.monotonic() + START_S
        while True:
            try:
                self.execute("postgres", "SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise RuntimeError(f"PostgreSQL: {self._told()}") from None
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End it at once, but in order: sessions are ended, nothing is to be recovered."""
        self._signal(signal.SIGINT)
        self._gone()

    def kill(self) -> None:
        """End it as a crash would: all of its processes at once."""
        self._signal(signal.SIGQUIT)
        self._gone()

    def freeze(self) -> None:
        """Stop all of its processes where they are: connections stay and nothing answers."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, signal.SIGCONT)

    def discard(self) -> None:
        """End it, whatever it does: one of its processes may wait for a client of ours."""
        if self._process is None:
            return
        self.thaw()
        self._signal(signal.SIGQUIT)
        until = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < until:
            for pid in self._processes()[1:]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        self._gone()

    def fresh(self) -> str:
        """The URL of an empty database: one that was given back, or a new one."""
        if self._idle:
            name = self._idle.pop()
            self.execute(name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        else:
            name = f"test_{next(_count)}"
            self.execute("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def give_back(self, url: str) -> None:
        """A database that is not used any more: many of them take long to remove."""
        name = url.rpartition("/")[2]
        self.execute("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        self.end_sessions(name)
        self._idle.append(name)

    def end_sessions(self, name: str) -> None:
        """All of a database, and wait until they have ended."""
        sessions = f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}'"
        self.execute("postgres", f"SELECT pg_terminate_backend(pid, 2000) FROM ({sessions}) found")

    def url(self, name: str, *, user: str = USER, password: str = PASSWORD) -> str:
        """Of a database of this server."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{name}"

    def execute(self, name: str, sql: str) -> None:
        """Outside of any transaction."""
        with psycopg.connect(self.url(name), autocommit=True, connect_timeout=2) as connection:
            connection.execute(sql.encode())

    def session(self, name: str) -> psycopg.Connection[Any]:
        """For what needs one of its own."""
        return psycopg.connect(self.url(name), autocommit=True)

    def rows(self, name: str, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def _processes(self) -> list[int]:
        assert self._process is not None
        pid = self._process.pid
        try:
            found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:  # it has ended
            return []
        return [pid, *map(int, found)]

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _gone(self) -> None:
        assert self._process is not None
        self._process.wait(START_S)
        self._process = None

    def _told(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2000:]


@contextlib.contextmanager
def running(*, fsync: bool = False) -> Iterator[Server]:
    """A server that lives as long as this; without `fsync` a crash of the machine may lose all."""
    folder = Path(tempfile.mkdtemp(prefix="recordbridge-postgres-"))
    server = Server(folder, fsync=fsync)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.discard()
        shutil.rmtree(folder)


def _run(*command: str) -> None:
    done = subprocess.run(
        command, user=programs.user(), cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
