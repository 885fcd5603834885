"""Live tests run against a real PBX and real phones; without them they fail, they never skip."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_kit import Tools

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture(autouse=True, scope="session")
def tools() -> Tools:
    try:
        return Tools()
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)
