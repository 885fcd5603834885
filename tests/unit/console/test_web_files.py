"""The console's files: what a browser would only find out when a page breaks."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rid_telephony.console

pytestmark = pytest.mark.unit

WEB = Path(rid_telephony.console.__file__).parent / "web"
OURS = sorted(WEB.glob("console/**/*.js"))
PAGES = sorted(WEB.glob("console/*.html"))
_TEXT = re.compile(
    r'^  "?([\w.]+)"?: \[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)",?\s*\],', re.M
)
_UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://(?!www\.w3\.org/2000/svg)"
)


def name(path: Path) -> str:
    return str(path.relative_to(WEB))


def texts() -> dict[str, tuple[str, str]]:
    found = _TEXT.findall((WEB / "console/app/texts.js").read_text(encoding="utf-8"))
    return {key: (chinese, english) for key, chinese, english in found}


class Page(HTMLParser):
    """What a page loads, and what a strict policy would refuse."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self._tag = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        given = dict(attrs)
        address = given.get("src") or (given.get("href") if tag == "link" else None)
        if address:
            self.loads.append(address)
        self.inline += [key for key in given if key == "style" or key.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._tag in {"script", "style"} and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""


def test_every_text_is_there_in_both_languages() -> None:
    assert len(texts()) > 150
    for key, (chinese, english) in texts().items():
        places = [set(re.findall(r"\{(\w+)\}", text)) for text in (chinese, english)]
        assert chinese, key
        assert english, key
        assert places[0] == places[1], key


@pytest.mark.parametrize("path", OURS, ids=name)
def test_a_script_says_only_what_has_a_text(path: Path) -> None:
    said = re.findall(r'\bsay\("([\w.]+)"', path.read_text(encoding="utf-8"))
    assert not set(said) - set(texts())


@pytest.mark.parametrize("path", OURS, ids=name)
def test_a_script_builds_text_as_text_and_calls_no_other_site(path: Path) -> None:
    assert not _UNSAFE.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", OURS, ids=name)
def test_what_a_script_imports_is_there(path: Path) -> None:
    for wanted in re.findall(r'^import .*?"([^"]+)";', path.read_text(encoding="utf-8"), re.M):
        assert (path.parent / wanted).is_file(), wanted


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_loads_files_that_are_there_and_has_nothing_inline(path: Path) -> None:
    page = Page(path)
    assert page.inline == []
    assert page.loads
    for wanted in page.loads:
        assert (path.parent / wanted).is_file(), wanted


def test_what_comes_from_elsewhere_is_unchanged_and_has_its_licence() -> None:
    readme = (WEB / "vendor/README.md").read_text(encoding="utf-8")
    sums = dict(reversed(line) for line in re.findall(r"([0-9a-f]{64})  (\S+)", readme))
    files = {str(f.relative_to(WEB / "vendor")): f for f in WEB.glob("vendor/*/*")}
    assert set(files) == set(sums)
    assert "uplot/LICENSE" in files
    for path, file in files.items():
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sums[path], path
