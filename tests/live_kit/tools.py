"""Where the unpacked Asterisk, baresip and SIPp are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


class Tools:
    """The programs of ``scripts/live-tools.sh``; RID_LIVE_TOOLS names another directory."""

    def __init__(self) -> None:
        self.folder = Path(os.environ.get("RID_LIVE_TOOLS") or ROOT / ".live").absolute()
        if not (self.folder / ".complete").exists():
            raise RuntimeError(
                f"Live tests need Asterisk and baresip, which are not in {self.folder}: "
                "run `scripts/live-tools.sh` (or `make live-tools`)."
            )
        self.pbx = self.folder / "pbx"

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    @property
    def baresip_modules(self) -> Path:
        return self.folder / "phone/usr/lib/baresip/modules"


def wait_for(test: Callable[[], T], seconds: float, what: str) -> T:
    """Return the first true value of the test."""
    end = time.monotonic() + seconds
    while True:
        if value := test():
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def until(moment: float) -> None:
    """Let the call go on until a moment of the monotonic clock."""
    time.sleep(max(0.0, moment - time.monotonic()))
