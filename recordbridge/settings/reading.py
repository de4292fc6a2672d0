"""YAML to plain values, with the line of every key; what YAML itself would pass over is told.

Keys are always texts. Told here: duplicate keys, unknown tags, `!env` and `!file` that lead
nowhere, and numbers that YAML 1.1 reads differently from how they look (0123, 12:30).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path as FilePath

import yaml

from recordbridge.settings.places import Path, Place, Places
from recordbridge.settings.scalars import Outside

Value = str | int | float | bool | dt.date | dt.datetime | list["Value"] | dict[str, "Value"] | None

_TAG = "tag:yaml.org,2002:"
_PLAIN = ("str", "int", "float", "bool", "null", "timestamp")
_TAGS_ALLOWED = "the tags are !env NAME and !file PATH"


class Reading:
    """One file being read; `places` collects lines and mistakes."""

    def __init__(self, base: FilePath, environ: Mapping[str, str]) -> None:
        self.places = Places()
        self._base = base
        self._environ = environ
        self._words = yaml.constructor.SafeConstructor()
        self._open: list[yaml.Node] = []

    def value(self, node: yaml.Node, path: Path = ()) -> Value:
        """The value of a node; None where a mistake was noted."""
        if any(node is parent for parent in self._open):
            self.places.wrong(path, "the alias contains itself", "aliases lead to finished values")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            self._tag(node, path)
            return None
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return self._sequence(node, path)
        finally:
            self._open.pop()

    def _sequence(self, node: yaml.Node, path: Path) -> list[Value]:
        values: list[Value] = []
        for index, item in enumerate(node.value):
            here = (*path, index)
            self.places.known[here] = self._place(item, item.start_mark.line + 1)
            values.append(self.value(item, here))
        return values

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Value]:
        values: dict[str, Value] = {}
        own: dict[str, int] = {}
        for key, item in self._entries(node, path):
            line = key.start_mark.line + 1
            name = str(key.value)
            here = (*path, name)
            if name in own:
                self.places.wrong(
                    here, f"the key stands in line {own[name]} already", "give it once", line
                )
                continue
            own[name] = line
            self.places.known[here] = self._place(item, line, key)
            values[name] = self.value(item, here)
        for name, merged in self._merged(node, path).items():
            values.setdefault(name, merged)
        return values

    def _entries(
        self, node: yaml.MappingNode, path: Path
    ) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        entries = []
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                self.places.wrong(path, "a key is a list or a mapping", "keys are words", line)
            elif key.tag != f"{_TAG}merge":
                entries.append((key, item))
        return entries

    def _merged(self, node: yaml.MappingNode, path: Path) -> dict[str, Value]:
        """What `<<: *anchor` brings in; keys that stand here win."""
        merged: dict[str, Value] = {}
        for key, item in node.value:
            if key.tag != f"{_TAG}merge":
                continue
            for source in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                if isinstance(source, yaml.MappingNode):
                    # Read for its values: the lines and mistakes belong to where it stands itself.
                    known = dict(self.places.known)
                    values = self._merged_values(source, path)
                    self.places.known.update(known)
                    merged = values | merged
                else:
                    line = key.start_mark.line + 1
                    self.places.wrong(path, "<< does not lead to a mapping", "<<: *ANCHOR", line)
        return merged

    def _merged_values(self, source: yaml.MappingNode, path: Path) -> dict[str, Value]:
        before = len(self.places.mistakes)
        value = self.value(source, path)
        del self.places.mistakes[before:]
        return value if isinstance(value, dict) else {}

    def _place(self, node: yaml.Node, line: int, key: yaml.Node | None = None) -> Place:
        if not isinstance(node, yaml.ScalarNode):
            return Place(line)
        written = node.value if node.tag.startswith(_TAG) else f"{node.tag} {node.value}"
        empty = node.tag == f"{_TAG}null" and node.value == ""
        return Place(line, written, empty and key is not None and _comment_after(key))

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Value:
        if node.tag == "!env":
            return self._env(node.value, path)
        if node.tag == "!file":
            return self._file(node.value, path)
        kind = node.tag.removeprefix(_TAG)
        if not node.tag.startswith(_TAG) or kind not in _PLAIN:
            self._tag(node, path)
            return None
        if kind == "str":
            return str(node.value)
        if kind == "int" and re.match(r"[-+]?(0[0-9_]|[0-9_]+:)", node.value):
            self._misread(node, path)
            return None
        return self._word(node, kind, path)

    def _word(self, node: yaml.ScalarNode, kind: str, path: Path) -> Value:
        try:
            word: Value = getattr(self._words, f"construct_yaml_{kind}")(node)
        except (ValueError, LookupError, AttributeError):  # what PyYAML lets out for `!!bool x`
            self.places.wrong(
                path, f"{node.value} is not what YAML takes it for", "put it in quotes"
            )
            return None
        return word

    def _misread(self, node: yaml.ScalarNode, path: Path) -> None:
        number = self._words.construct_yaml_int(node)
        self.places.wrong(
            path,
            f"YAML reads {node.value} without quotes as the number {number}",
            f'write "{node.value}" if it is a text, or a number in plain decimal digits',
        )

    def _tag(self, node: yaml.Node, path: Path) -> None:
        tag = node.tag.replace(_TAG, "!!")
        if tag in ("!env", "!file"):
            self.places.wrong(path, f"{tag} stands before a list or mapping", _TAGS_ALLOWED)
        else:
            self.places.wrong(path, f"the tag {tag} is unknown", _TAGS_ALLOWED)

    def _env(self, name: str, path: Path) -> Value:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.places.wrong(path, "!env names no variable", "write !env NAME")
        elif name not in self._environ:
            self.places.wrong(
                path, f"the environment variable {name} is not set", f"set {name} or use !file PATH"
            )
        else:
            return Outside(self._environ[name])
        return None

    def _file(self, name: str, path: Path) -> Value:
        file = self._base / FilePath(name).expanduser()
        allowed = "write !file PATH of a text file that the service may read"
        if not name:
            self.places.wrong(path, "!file names no file", allowed)
            return None
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            self.places.wrong(path, f"{file} cannot be read ({error.strerror})", allowed)
        except UnicodeDecodeError:
            self.places.wrong(path, f"{file} is not UTF-8 text", allowed)
        else:
            return Outside(text.removesuffix("\n").removesuffix("\r"))
        return None


def _comment_after(key: yaml.Node) -> bool:
    """Whether nothing but a comment stands behind `key:`."""
    mark = key.end_mark
    buffer: str = mark.buffer or ""
    line = buffer[mark.pointer :].split("\n", 1)[0]
    return re.match(r"\s*:\s+#", line) is not None
