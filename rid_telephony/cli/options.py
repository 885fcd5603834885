"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rid_telephony.settings import Settings


class Language(StrEnum):
    """Of what people read."""

    ZH = "zh"
    EN = "en"


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Settings file (TOML); RID_TELEPHONY_CONFIG does the same.",
        envvar="RID_TELEPHONY_CONFIG",
        show_envvar=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON Lines on stdout, for programs.")]
StoreOption = Annotated[
    str | None,
    typer.Option("--store", help="Database URL, e.g. sqlite:///calls.sqlite; default store.url."),
]
LanguageOption = Annotated[
    Language | None, typer.Option("--language", help="Of labels and hints; default zh.")
]


def with_language(settings: Settings, language: Language | None) -> Settings:
    """The settings with the language of the command line, where one was given."""
    if language is None:
        return settings
    strategy = settings.strategy.model_copy(update={"language": language.value})
    return settings.model_copy(update={"strategy": strategy})
