"""Limits that break, and what people get to read."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.fidelity import __main__ as program
from tests.fidelity import picture, report
from tests.fidelity.figures import NO_LOSS, Figure, within
from tests.fidelity.picture import BROKEN, GOOD


@pytest.mark.parametrize(
    ("values", "broken"),
    [
        ((0.0, 50.0, -50.0), []),
        ((0.0, 51.0), ["max 51.0"]),
        ((-51.0, 0.0), ["min -51.0"]),
        ((), ["nothing measured"]),
    ],
)
def test_a_limit_for_every_value(values: tuple[float, ...], broken: list[str]) -> None:
    assert Figure("Q-1", "start", values, within(-50, 50)).broken() == broken


def test_median_and_p99_have_limits_of_their_own() -> None:
    assert not Figure("X-2", "head", (0.0,) * 199 + (21.0,), NO_LOSS).broken()
    assert Figure("X-2", "head", (0.0,) * 97 + (21.0,) * 3, NO_LOSS).broken() == ["p99 21.0"]
    assert Figure("X-2", "head", (1.0,) * 3, NO_LOSS).broken() == ["median 1.0"]


def test_the_section_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "measurements.md"
    file.write_text("# Measurements\n\n## Theirs\n\n1\n", encoding="utf-8")
    report.write_section(file, "fidelity", "one \\1")
    report.write_section(file, "fidelity background", "three")
    report.write_section(file, "fidelity", "two \\1")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# Measurements\n\n## Theirs\n\n1\n\n<!--")
    assert text.count("<!--") == 4
    assert "two \\1" in text
    assert "three" in text
    assert "one" not in text


def test_table_and_picture_show_what_is_broken(tmp_path: Path) -> None:
    figures = [
        Figure("Q-1", "start < error", (1.0, 2.0), within(-50, 50)),
        Figure("P-6", "length", (30.0,), within(0, 20)),
        Figure("", "told", (3.0,)),
        Figure("X-2", "nothing", (), NO_LOSS),
    ]
    lines = report.table(figures)
    assert [line.split("|")[-2].strip() for line in lines[2:]] == [
        "ok",
        "FAIL: min 30.0, max 30.0",
        "",
        "FAIL: nothing measured",
    ]
    svg, png = files = [tmp_path / f"picture.{ending}" for ending in picture.FORMATS]
    picture.draw(figures, files)
    dots = [each.get("style", "") for each in ET.parse(svg).iter("{http://www.w3.org/2000/svg}use")]
    count = {colour: sum(colour in each for each in dots) for colour in (GOOD, BROKEN)}
    assert count == {GOOD: 3, BROKEN: 1}
    assert png.read_bytes().startswith(b"\x89PNG\r\n")


def test_a_picture_of_nothing_has_its_title(tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"
    picture.draw([Figure("X-2", "nothing", (), NO_LOSS)], [file])
    assert ET.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_without_the_capability_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("tests.fidelity.tap.socket.socket", refused)
    for name in program.NEEDED:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("RECORDBRIDGE_ASTERISK_URL", "http://127.0.0.1:1")
    assert program.main([]) == 2
    assert "CAP_NET_RAW" in capsys.readouterr().err
