"""The models report nothing about this machine to their makers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_models_leave_nothing_to_report_in_the_users_home(tmp_path: Path) -> None:
    """onnxruntime keeps a device id and a data base of events to send, unless it is told not to."""
    script = "from rid_telephony.weights.silero import open_silero; open_silero()"
    kept = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", script], env={**kept, **home}, check=True)  # noqa: S603 - ourselves
    assert not list(tmp_path.rglob("*onnxruntime*"))
