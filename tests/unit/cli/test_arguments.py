"""Which file is used, which commands there are, and bad usage."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.cli import arguments
from tests.unit.cli.conftest import CONFIG, Run

pytestmark = pytest.mark.rule("O-4")


@pytest.mark.parametrize(
    "argv",
    [
        ("-c", "other.yaml", "check"),
        ("check", "-c", "other.yaml"),
        ("--config", "other.yaml", "check"),
        ("check", "--config=other.yaml"),
        ("-c", "none.yaml", "check", "-c", "other.yaml"),
    ],
)
def test_the_file_may_be_named_before_and_after_the_command(
    folder: Path, run: Run, argv: tuple[str, ...]
) -> None:
    (folder / "recordbridge.yaml").rename(folder / "other.yaml")
    done = run(*argv)
    assert (done.code, done.err) == (0, "other.yaml: good\n")


def test_without_a_name_the_environment_goes_before_the_folder(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("check").err == "recordbridge.yaml: good\n"
    (folder / "named.yaml").write_text(CONFIG)
    monkeypatch.setenv("RECORDBRIDGE_CONFIG", str(folder / "named.yaml"))
    assert run("check").err == f"{folder}/named.yaml: good\n"


def test_the_machines_own_file_comes_last(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert arguments.PLACES[-1] == Path("/etc/recordbridge/recordbridge.yaml")
    etc = folder / "etc.yaml"
    monkeypatch.setattr(arguments, "PLACES", (Path("recordbridge.yaml"), etc))
    (folder / "recordbridge.yaml").rename(etc)
    assert run("check").err == f"{etc}: good\n"


def test_no_file_at_all_is_a_sentence(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arguments, "PLACES", (Path("a.yaml"), Path("b.yaml")))
    done = run("check")
    assert done.code == 2
    assert done.err == (
        "recordbridge: neither a.yaml nor b.yaml exists; "
        "give -c FILE, set RECORDBRIDGE_CONFIG, or write one with: recordbridge init\n"
    )


@pytest.mark.parametrize(
    "argv", [(), ("bogus",), ("check", "--bogus"), ("check", "-c"), ("calls",)]
)
def test_bad_usage_is_2(run: Run, argv: tuple[str, ...]) -> None:
    done = run(*argv)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: recordbridge")


def test_help_lists_the_commands_that_exist(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    listed = [
        line.split()[0]
        for line in done.out.splitlines()
        if line.startswith("    ") and line[4].isalpha()
    ]
    assert listed == [
        "serve", "check", "transcribe", "init", "recordings", "calls", "deliveries", "version",
    ]  # fmt: skip
