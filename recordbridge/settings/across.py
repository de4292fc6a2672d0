"""Mistakes that lie between keys: names that lead nowhere, things given twice or only half.

They are looked for in the plain values, so that they are told together with all other mistakes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from recordbridge.settings.places import Path, Places
from recordbridge.settings.reading import Value
from recordbridge.settings.sections import SERVER_ONLY
from recordbridge.settings.storage import S3_ONLY

Mapping = dict[str, Value]


def note(places: Places, root: Mapping) -> None:
    """Note every mistake between keys."""
    _empty_finish_keys(places)
    accounts = _repeated(places, root, "accounts", "auth_id")
    servers = _repeated(places, root, "asterisk", "name")
    if len(servers) > 1:
        _same_app(places, root)
    for path, entry in _entries(root, "asterisk"):
        _known(places, (*path, "account"), entry.get("account"), accounts, "account")
    names = _section(root, "applications")
    for name in names:
        path = ("applications", name)
        if isinstance(names[name], dict) and not places.reported_at(path):
            _application(places, path, _section(names, name), accounts)
    _known(places, ("default_application",), root.get("default_application"), names, "application")
    _numbers(places, names)
    _halves(places, root)


def _section(of: Mapping, key: str) -> Mapping:
    value = of.get(key)
    return value if isinstance(value, dict) else {}


def _entries(root: Mapping, key: str) -> Iterator[tuple[Path, Mapping]]:
    value = root.get(key)
    for index, entry in enumerate(value if isinstance(value, list) else []):
        if isinstance(entry, dict):
            yield (key, index), entry


def _repeated(places: Places, root: Mapping, section: str, key: str) -> dict[str, int]:
    """The values of a key that must differ between the entries of a list."""
    lines: dict[str, int] = {}
    for path, entry in _entries(root, section):
        value = entry.get(key)
        here = (*path, key)
        if isinstance(value, str) and value in lines:
            places.wrong(here, f"{value} is given in line {lines[value]} already", "give it once")
        elif isinstance(value, str):
            lines[value] = places.at(here).line
    if section == "asterisk" and len(list(_entries(root, section))) > 1:
        for path, entry in _entries(root, section):
            if entry.get(key) is None:
                places.wrong((*path, key), "the key is missing", "several servers need names")
    return lines


def _same_app(places: Places, root: Mapping) -> None:
    """Two clients with one application name on one Asterisk replace each other for ever."""
    lines: dict[tuple[Value, Value], int] = {}
    for path, entry in _entries(root, "asterisk"):
        url = str(entry.get("url") or "http://127.0.0.1:8088").rstrip("/")
        pair = (url, str(entry.get("app") or "recordbridge"))
        if pair in lines:
            places.wrong(
                (*path, "app"),
                f"the same url and app are given in line {lines[pair]} already",
                "each Asterisk is named once",
            )
        else:
            lines[pair] = places.at(path).line


def _known(
    places: Places, path: Path, value: Value, known: dict[str, int] | Mapping, what: str
) -> None:
    if not isinstance(value, str) or value in known or places.reported(path):
        return
    near = difflib.get_close_matches(value, known, 1)
    listed = ", ".join(known) or "none are given"
    allowed = f"did you mean {near[0]}?" if near else f"the {what}s are: {listed}"
    places.wrong(path, f"there is no {what} {value}", allowed)


def _application(places: Places, path: Path, entry: Mapping, accounts: dict[str, int]) -> None:
    _known(places, (*path, "account"), entry.get("account"), accounts, "account")
    given = [key for key in ("flow", "answer_url") if _given(places, (*path, key), entry)]
    if len(given) == 2:
        places.wrong(path, "it has both flow and answer_url", "give one of the two")
    elif not given:
        places.wrong(path, "it has neither flow nor answer_url", "give one of the two")


def _given(places: Places, path: Path, entry: Mapping) -> bool:
    """Whether the key was meant to be given, be it wrongly."""
    return entry.get(str(path[-1])) is not None or places.reported_at(path)


def _numbers(places: Places, applications: Mapping) -> None:
    lines: dict[str, tuple[str, int]] = {}
    for name in applications:
        numbers = _section(applications, name).get("numbers")
        for index, number in enumerate(numbers if isinstance(numbers, list) else []):
            path = ("applications", name, "numbers", index)
            if not isinstance(number, str):
                continue
            if number in lines:
                owner, line = lines[number]
                places.wrong(
                    path,
                    f"{number} belongs to applications.{owner} already (line {line})",
                    "a number leads to one application",
                )
            else:
                lines[number] = (name, places.at(path).line)


def _halves(places: Places, root: Mapping) -> None:
    """Keys that need another one."""
    service, storage = _section(root, "service"), _section(root, "storage")
    _together(places, "service", service, "tls_cert", "tls_key")
    _together(places, "storage", storage, "access_key", "secret_key")
    _engine(places, _section(root, "transcription"))
    if storage.get("kind") == "s3":
        if storage.get("bucket") is None and not places.reported(("storage", "bucket")):
            places.wrong(("storage", "kind"), "kind: s3 has no bucket", "give storage.bucket")
        return
    for key in S3_ONLY:
        if storage.get(key) is not None and storage.get("kind") in (None, "local"):
            places.wrong(("storage", key), "the key is for kind: s3 only", "leave it out")


def _engine(places: Places, section: Mapping) -> None:
    """`transcription`: a server needs its address and a model; the engine here has neither key."""
    engine = section.get("engine")
    for key in ("url", "model"):
        missing = section.get(key) is None and not places.reported(("transcription", key))
        if engine == "openai" and missing:
            place = ("transcription", "engine")
            places.wrong(place, f"engine: openai has no {key}", f"give transcription.{key}")
    for key in SERVER_ONLY:
        if section.get(key) is not None and engine in (None, "faster-whisper"):
            sentence = "the key is for engine: openai only"
            places.wrong(("transcription", key), sentence, "leave it out")


def _together(places: Places, section: str, entry: Mapping, one: str, other: str) -> None:
    for here, there in ((one, other), (other, one)):
        missing = entry.get(there) is None and not places.reported((section, there))
        if entry.get(here) is not None and missing:
            places.wrong((section, here), f"{there} is missing", f"give both {one} and {other}")


def _empty_finish_keys(places: Places) -> None:
    """`finishOnKey: #` is a comment to YAML: whoever wrote it meant the key, not the default."""
    for path, place in places.known.items():
        if path[-1] == "finishOnKey" and place.written == "" and place.comment:
            places.wrong(
                path,
                "the value is empty, because an unquoted # begins a comment",
                'write "#" in quotes, or none for no key',
            )
