"""Debian's Chromium, as ``scripts/live-tools.sh`` unpacks it or as the machine has it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
QUIET = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing but our own server is asked for anything."""


def program() -> str:
    """Chromium, or nothing where there is none; RID_CHROMIUM names another."""
    folder = Path(os.environ.get("RID_LIVE_TOOLS") or ROOT / ".live").absolute()
    own = folder / "bin" / "chromium"
    if named := os.environ.get("RID_CHROMIUM"):
        return named
    return str(own) if own.exists() else shutil.which("chromium") or ""


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser; Playwright downloads none of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=QUIET)
        try:
            yield browser
        finally:
            browser.close()
