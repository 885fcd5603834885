"""``rid-telephony settings``: every key, its default and its range."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rid_telephony.cli.screen import say
from rid_telephony.settings import load_settings
from rid_telephony.settings.reference import reference


def settings(
    check: Annotated[
        Path | None, typer.Option("--check", help="Check a settings file instead.")
    ] = None,
) -> None:
    """Print all settings as a commented TOML file to start from, or check one.

    Example: `rid-telephony settings > rid-telephony.toml`
    """
    if check:
        load_settings(check)
        say(f"{check} is valid.")
        return
    sys.stdout.write(reference())
