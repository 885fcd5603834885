"""The panel's own unit tests, run in the browser that they are written for."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from browser_kit import visiting
from browser_kit.chromium import ROOT
from playwright.sync_api import Browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        return None


@pytest.fixture
def files() -> Iterator[str]:
    """The repository's files by HTTP."""
    serve = functools.partial(Quiet, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_scripts_pass_their_own_tests(browser: Browser, files: str) -> None:
    with visiting(browser) as visit:
        visit.page.goto(f"{files}/tests/panel/kit.js")
        result = visit.page.evaluate('async () => (await import("/tests/panel/run.js")).run()')
    assert result["failed"] == []
    assert len(result["passed"]) > 20
