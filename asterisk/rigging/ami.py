"""A small client of Asterisk's manager interface: actions out, replies and events in."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from types import TracebackType

from .errors import RigError

Message = dict[str, str]


def parse(block: str) -> Message:
    """Read one message; of a header that repeats, the last counts."""
    pairs = (line.partition(":") for line in block.split("\r\n") if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def compose(action: str, headers: list[tuple[str, str]]) -> str:
    """Write one action."""
    lines = [("Action", action), *headers]
    for name, value in lines:
        if "\r" in value or "\n" in value:
            raise RigError(f"{name}: a value must be on one line.")
    return "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"


class Manager:
    """One logged-in connection."""

    def __init__(self, port: int, user: str, password: str) -> None:
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError as error:
            raise RigError(f"The carrier does not answer on port {port} ({error}).") from error
        self._buffer = self._socket.recv(100).partition(b"\r\n")[2]
        self.send("Login", [("Username", user), ("Secret", password)])
        reply = next((each for each in self.messages(5) if "Response" in each), {})
        if reply.get("Response") != "Success":
            raise RigError("The carrier refused the login: take the rig down and up again.")

    def __enter__(self) -> Manager:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, action: str, headers: list[tuple[str, str]]) -> None:
        """Send an action without waiting for its reply."""
        self._socket.settimeout(10)
        self._socket.sendall(compose(action, headers).encode())

    def messages(self, seconds: float) -> Iterator[Message]:
        """Yield what arrives within that time."""
        deadline = time.monotonic() + seconds
        while True:
            while b"\r\n\r\n" in self._buffer:
                block, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
                yield parse(block.decode(errors="replace"))
            left = deadline - time.monotonic()
            if left <= 0 or not self._receive(left):
                return

    def _receive(self, seconds: float) -> bool:
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return False
        if not data:
            raise RigError("The carrier closed the connection: see `rig status`.")
        self._buffer += data
        return True
