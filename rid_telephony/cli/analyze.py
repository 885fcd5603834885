"""``rid-telephony analyze``: text in, signals out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console

from rid_telephony.app import App
from rid_telephony.cli.options import ConfigOption, JsonOption
from rid_telephony.errors import InputError
from rid_telephony.records import MAX_LINE, parse
from rid_telephony.settings import load_settings


def analyze(
    file: Annotated[
        Path | None, typer.Argument(help="JSON Lines to read; stdin when left out.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Text in, signals out: what a customer or agent utterance means, or a whole dialogue.

    Reads JSON Lines. An utterance is `{"id","party","text","context"?}` with party `customer` or
    `agent` and, as context, what the other party said last. A dialogue is
    `{"id","turns":[{"speaker","text"}…],"crm"?:{…}}`.

    Example: `echo '{"id":"1","party":"customer","text":"真的假的"}' | rid-telephony analyze`

    A line that cannot be read is reported on stderr, the others are analysed, and the exit code
    is 4.
    """
    app = App(load_settings(config))
    bad = 0
    for number, line in _lines(file):
        try:
            result = app.analyzer.result(parse(line, number))
        except InputError as error:
            bad += 1
            print(error, file=sys.stderr)  # noqa: T201 - the command's own diagnostics
            continue
        _write(result, as_json=as_json or not sys.stdout.isatty())
    if bad:
        raise InputError(f"{bad} lines could not be read; the others were analysed.")


def _lines(file: Path | None) -> Iterator[tuple[int, bytes]]:
    if file is None:
        yield from _numbered(sys.stdin.buffer)
        return
    try:
        with file.open("rb") as stream:
            yield from _numbered(stream)
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error.strerror}.") from error


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank; of one that is too long, no more than shows that it is."""
    for number in count(1):
        line = stream.readline(MAX_LINE + 1)
        if not line:
            return
        rest = line
        while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE + 1)
        if line.strip():
            yield number, line


def _write(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        Console().print_json(data=result, ensure_ascii=False)
