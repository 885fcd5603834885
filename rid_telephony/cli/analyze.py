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
from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.cli.options import ConfigOption, JsonOption
from rid_telephony.cli.records import (
    MAX_LINE,
    DialogueRecord,
    UtteranceRecord,
    dialogue_result,
    parse,
    utterance_result,
)
from rid_telephony.errors import InputError
from rid_telephony.pipeline.texts import hear_all, timed
from rid_telephony.settings import load_settings
from rid_telephony.speech.messages import Utterance


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
            result = _result(app, parse(line, number))
        except InputError as error:
            bad += 1
            print(error, file=sys.stderr)  # noqa: T201 - the command's own diagnostics
            continue
        _write(result, as_json=as_json or not sys.stdout.isatty())
    if bad:
        raise InputError(f"{bad} lines could not be read; the others were analysed.")


def _result(app: App, record: UtteranceRecord | DialogueRecord) -> dict[str, Any]:
    if isinstance(record, DialogueRecord):
        analyst = app.analyst(record.id, record.crm.context())
        utterances = timed(record.id, record.as_turns())
        return dialogue_result(record.id, *hear_all(analyst, utterances))
    utterance = Utterance(
        call_id=record.id,
        utterance_id=record.id,
        party=Party(record.party),
        begin=0.0,
        end=0.0,
        text=record.text,
    )
    context = CustomerContext()
    signals = app.detector.detect(utterance, record.context, context.risk_level)
    return utterance_result(record.id, signals)


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
