"""The console's scripts that know neither page nor network, under node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

RUN = Path(__file__).parents[2] / "console" / "run.js"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_wallboard_and_the_review_fold_events_rightly() -> None:
    done = subprocess.run(  # noqa: S603 - our own file
        ["node", str(RUN)],  # noqa: S607 - whichever node there is
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0 failed" in done.stdout
