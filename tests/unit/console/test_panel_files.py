"""The agent panel's files: what can be told without a browser."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from rid_telephony.console.words import labels
from rid_telephony.cti.events import EVENT_TYPES

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "rid_telephony/console/web/panel"
SHOWN = ROOT / "plugins/agent-panel"
SCRIPTS = sorted(SOURCE.glob("*.js"))
TEXT_CONTRAST = 4.5
EDGE_CONTRAST = 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""
TEXT_PAIRS = [
    ("text", "surface"),
    ("muted", "surface"),
    ("accent", "surface"),
    ("text", "sunken"),
    ("muted", "sunken"),
    ("accent", "sunken"),
    ("on-accent", "accent"),
    ("on-alarm", "alarm"),
    ("on-notice", "notice"),
    ("on-trouble", "trouble"),
]


def text(name: str) -> str:
    return (SOURCE / name).read_text(encoding="utf-8")


def test_the_plugin_folder_shows_the_files_that_the_server_serves() -> None:
    source = {path.name: path.read_bytes() for path in SOURCE.iterdir()}
    shown = {path.name: path.read_bytes() for path in SHOWN.iterdir() if path.name != "README.md"}
    assert shown == source, (
        "run in plugins/agent-panel: ln -s ../../rid_telephony/console/web/panel/* ."
    )


def test_labels_are_called_as_on_the_terminal() -> None:
    """An agent and a supervisor would talk of the same thing by two names."""
    found = json.loads(text("labels.js").partition("LABELS = ")[2].rstrip().rstrip(";"))
    named = {group: {str(key): names for key, names in labels()[group].items()} for group in found}
    assert found == named


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_one_script_tag_is_enough(path: Path) -> None:
    """Whatever a module imports lies beside it; nothing comes from elsewhere."""
    imported = re.findall(r'(?:from|import)\s*\(?"([^"]+)"', path.read_text(encoding="utf-8"))
    assert all(name.startswith("./") and (SOURCE / name).is_file() for name in imported)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_a_customer_says_can_never_become_markup_or_code(path: Path) -> None:
    script = path.read_text(encoding="utf-8")
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc"
    assert not re.search(ways, script)
    assert not re.search(r"localStorage|sessionStorage|document\.cookie", script)


def test_every_text_is_there_in_both_languages_and_used() -> None:
    texts = dict(re.findall(r"^  (\w+): \[\s*(\"[^\]]+)\],", text("words.js"), re.MULTILINE))
    assert all(len(re.findall(r'"[^"]+"', both)) == 2 for both in texts.values())
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    said = set(re.findall(r'say\(\s*"(\w+)"', scripts))
    assert said <= set(texts)
    mentioned = set(re.findall(r"[\"'`{ ,](\w+)[\"'`:,]", scripts))
    parts = {key for key in texts if re.match("past_|degraded_", key) or key.endswith("_more")}
    assert set(texts) - parts <= mentioned


def test_the_panel_asks_for_event_types_that_exist() -> None:
    listed = text("state.js").partition("TYPES = Object.freeze([")[2].partition("]")[0]
    patterns = re.findall(r'"([^"]+)"', listed)
    assert patterns
    for pattern in patterns:
        assert any(fnmatchcase(name, pattern) for name in EVENT_TYPES), pattern
    handled = re.findall(r'^  "([a-z]+\.[a-z.]+)":', text("state.js"), re.MULTILINE)
    assert handled
    assert set(handled) <= set(EVENT_TYPES)
    assert all(any(fnmatchcase(name, pattern) for pattern in patterns) for name in handled)


@pytest.mark.parametrize("theme", ["LIGHT", "DARK"])
def test_every_text_stands_out_from_its_ground(theme: str) -> None:
    block = text("style.js").partition(f"const {theme} = `")[2].partition("`")[0]
    colours = dict(re.findall(r"--_([\w-]+): var\([\w-]+, (#[0-9a-f]{6})\)", block))
    for front, ground in TEXT_PAIRS:
        assert contrast(colours[front], colours[ground]) >= TEXT_CONTRAST, (front, ground)
    for ground in ("surface", "sunken"):
        assert contrast(colours["edge"], colours[ground]) >= EDGE_CONTRAST, ground


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, definition of contrast ratio."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, definition of relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
