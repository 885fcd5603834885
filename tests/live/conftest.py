"""Live tests run against a real PBX and real phones.

Without Asterisk and its tools they fail, they never skip; those of FreeSWITCH skip unless the
environment names one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kit import RealAsterisk, Tools
from live_kit.service import serving
from live_kit.stage import EXTENSIONS, Stage

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture(autouse=True, scope="module")
def tools(request: pytest.FixtureRequest) -> None:
    if "freeswitch" in request.path.name:
        return
    try:
        Tools()
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A PBX and a service that the calls of a module share, to save time."""
    folder = tmp_path_factory.mktemp("serve")
    with RealAsterisk(dialplan=EXTENSIONS) as pbx, serving(folder, pbx) as service:
        yield Stage(pbx, service)
