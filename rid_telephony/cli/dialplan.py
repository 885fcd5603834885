"""``rid-telephony dialplan``: the pieces of the PBX's configuration that join it to us."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from rid_telephony.cli.options import ConfigOption
from rid_telephony.pbx.asterisk.snippets import PARTS, render
from rid_telephony.settings import load_settings


class Pbx(StrEnum):
    """The PBX whose configuration it is."""

    ASTERISK = "asterisk"


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

    Two files are needed:

    `rid-telephony dialplan asterisk --part rid-assist > /etc/asterisk/rid-assist.conf`

    `rid-telephony dialplan asterisk --part manager > /etc/asterisk/manager-rid.conf`

    Without `--part`, all of them, each below a line with its file's name.
    """
    del pbx  # there is one so far
    settings = load_settings(config).asterisk
    if list_parts:
        width = max(map(len, PARTS))
        sys.stdout.writelines(f"{name:<{width}}  {file}\n" for name, file in PARTS.items())
        return
    if part:
        sys.stdout.write(render(part, settings))
        return
    for name, file in PARTS.items():
        sys.stdout.write(f";;; {file} (--part {name})\n\n{render(name, settings)}\n")
