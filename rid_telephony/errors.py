"""Errors that a person reads: what is wrong, and what to do about it."""

from __future__ import annotations


class RidTelephonyError(Exception):
    """A failure with a stable code and advice.

    Every error that may reach a user derives from this class; the command line prints
    ``message`` and ``advice`` and exits with ``exit_code`` instead of showing a traceback.

    Args:
        message: What is wrong, naming the file, value or peer concerned.
        advice: What the reader can do about it; empty where nothing can be done.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class SettingsError(RidTelephonyError):
    """The settings file or an environment variable is not valid."""

    code = "settings_invalid"
    exit_code = 3


class InputError(RidTelephonyError):
    """A file or stream given by the user cannot be read as what it should be."""

    code = "input_invalid"
    exit_code = 4


class ModelError(RidTelephonyError):
    """A model, or a part of it, is missing or damaged."""

    code = "model_unavailable"
    exit_code = 5


class DataError(RidTelephonyError):
    """A data file (playbook, rules, catalogue, lexicon) breaks its format."""

    code = "data_invalid"
    exit_code = 6


class StoreError(RidTelephonyError):
    """The store cannot be opened, read or written."""

    code = "store_unavailable"
    exit_code = 7
