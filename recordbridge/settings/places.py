"""Where in the YAML file something stands: for messages that point at the line (O-3)."""

from __future__ import annotations

from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Keys and list positions from the top: `("accounts", 0, "auth_id")`."""


def dotted(path: Path) -> str:
    """`accounts[0].auth_id`; the file as a whole is `(file)`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(file)"


@dataclass(frozen=True)
class Place:
    """Line (from 1) of a key or list item, and its value as it was written.

    `written` is None for a list or a mapping; `comment` tells that only a comment follows the key.
    """

    line: int
    written: str | None = None
    comment: bool = False


@dataclass(frozen=True)
class Mistake:
    """Something wrong: one sentence that says what, and what is allowed."""

    line: int
    path: Path
    wrong: str
    allowed: str

    def line_of(self, file: str) -> str:
        """`FILE:LINE: key.path: what is wrong; what is allowed`."""
        text = f"{file}:{self.line}: {dotted(self.path)}: {self.wrong}; {self.allowed}"
        # A key or value with a line break in it must not break the line.
        return "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
        )


@dataclass
class Places:
    """The places of one file, and the mistakes found in it so far."""

    known: dict[Path, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def at(self, path: Path) -> Place:
        """The place of that path, or of what is nearest above it."""
        while path and path not in self.known:
            path = path[:-1]
        return self.known.get(path, Place(1))

    def wrong(self, path: Path, wrong: str, allowed: str, line: int | None = None) -> None:
        """Note a mistake, by default at the line of the path."""
        self.mistakes.append(Mistake(line or self.at(path).line, path, wrong, allowed))

    def reported(self, path: Path) -> bool:
        """Whether a mistake is noted at that path or above it, so that others only follow."""
        return any(path[: len(each.path)] == each.path for each in self.mistakes)

    def reported_at(self, path: Path) -> bool:
        """Whether a mistake is noted at exactly that path."""
        return any(path == each.path for each in self.mistakes)
