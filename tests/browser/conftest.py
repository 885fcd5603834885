"""Browser tests run in a real Chromium; they skip only where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_kit import Theatre, launched, program
from playwright.sync_api import Browser

HERE = Path(__file__).parent
NO_BROWSER = "no Chromium: `make live-tools` unpacks Debian's, RID_CHROMIUM=/usr/bin/… names one"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    found = program()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not found:
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


# Not for the whole session: while it is there, no other test could use asyncio.run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def theatre(tmp_path: Path) -> Iterator[Theatre]:
    with Theatre(tmp_path) as theatre:
        yield theatre
