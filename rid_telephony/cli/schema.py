"""``rid-telephony schema``: the feed's contract as JSON Schema and AsyncAPI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rid_telephony.cti.schema import ASYNCAPI_FILE, documents, write_documents
from rid_telephony.errors import InputError


def schema(
    write: Annotated[
        Path | None,
        typer.Option("--write", help="Directory to write all documents to, e.g. docs/api."),
    ] = None,
    event_type: Annotated[
        str | None,
        typer.Argument(help="Print the JSON Schema of this event type, e.g. hint.offered."),
    ] = None,
) -> None:
    """Print the event feed's AsyncAPI document, the schema of one event type, or write them all."""
    if write:
        for path in write_documents(write):
            print(path, file=sys.stderr)  # noqa: T201 - progress, not a result
        return
    name = f"schemas/{event_type}.json" if event_type else ASYNCAPI_FILE
    generated = documents()
    if name not in generated:
        known = ", ".join(sorted(key[8:-5] for key in generated if key != ASYNCAPI_FILE))
        raise InputError(f"There is no event type {event_type}.", f"Known: {known}.")
    sys.stdout.write(generated[name])
