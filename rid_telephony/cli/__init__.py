"""The ``rid-telephony`` command: one module for each thing a person does."""

from rid_telephony.cli.main import main

__all__ = ["main"]
