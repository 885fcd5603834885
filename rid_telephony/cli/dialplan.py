"""``rid-telephony dialplan``: the pieces of the PBX's configuration that join it to us."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated

import typer

from rid_telephony.cli.options import ConfigOption
from rid_telephony.pbx.asterisk import snippets as asterisk
from rid_telephony.pbx.freeswitch import snippets as freeswitch
from rid_telephony.settings import Settings, load_settings


class Pbx(StrEnum):
    """The PBX whose configuration it is."""

    ASTERISK = "asterisk"
    FREESWITCH = "freeswitch"


@dataclass(frozen=True, slots=True)
class _Snippets:
    parts: Mapping[str, str]
    render: Callable[[str], str]
    heading: str


def dialplan(
    pbx: Annotated[Pbx, typer.Argument(help="The PBX.")],
    part: Annotated[
        str | None, typer.Option("--part", help="Only this part; --list names them.")
    ] = None,
    list_parts: Annotated[bool, typer.Option("--list", help="Name the parts.")] = False,
    config: ConfigOption = None,
) -> None:
    """Print the PBX's side of the configuration, for the settings in force.

    Begin with `--part readme`: it says what each file is, where it goes, how to test and undo it.

    Two files are needed of Asterisk:

    `rid-telephony dialplan asterisk --part rid-assist > /etc/asterisk/rid-assist.conf`

    `rid-telephony dialplan asterisk --part manager > /etc/asterisk/manager-rid.conf`

    And one of FreeSWITCH, beside two lines in the dialplan:

    `rid-telephony dialplan freeswitch --part user > /etc/freeswitch/directory/default/rid-user.xml`

    Without `--part`, all of them, each below a line with its file's name.
    """
    snippets = _snippets(pbx, load_settings(config))
    if list_parts:
        width = max(map(len, snippets.parts))
        sys.stdout.writelines(
            f"{name:<{width}}  {_file(path)}\n" for name, path in snippets.parts.items()
        )
        return
    if part:
        sys.stdout.write(snippets.render(part))
        return
    for name, path in snippets.parts.items():
        heading = snippets.heading.format(f"{_file(path)} (--part {name})")
        sys.stdout.write(f"{heading}\n\n{snippets.render(name)}\n")


def _snippets(pbx: Pbx, settings: Settings) -> _Snippets:
    match pbx:
        case Pbx.ASTERISK:
            render = partial(asterisk.render, settings=settings.asterisk)
            return _Snippets(asterisk.PARTS, render, ";;; {}")
        case Pbx.FREESWITCH:
            render = partial(freeswitch.render, settings=settings.freeswitch)
            return _Snippets(freeswitch.PARTS, render, "=== {}")


def _file(path: str) -> str:
    return PurePosixPath(path).name
