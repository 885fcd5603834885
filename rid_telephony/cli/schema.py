"""``rid-telephony schema``: the contract as JSON Schema, AsyncAPI and OpenAPI."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from rid_telephony.cli.screen import say
from rid_telephony.cti.schema import ASYNCAPI_FILE, documents, write_documents
from rid_telephony.errors import InputError

ADVICE = "Run: pip install 'rid-telephony[server]'"


def schema(
    write: Annotated[
        Path | None,
        typer.Option("--write", help="Directory to write all documents to, e.g. docs/api."),
    ] = None,
    openapi: Annotated[
        bool, typer.Option("--openapi", help="Print the server's OpenAPI document instead.")
    ] = False,
    event_type: Annotated[
        str | None,
        typer.Argument(help="Print the JSON Schema of this event type, e.g. hint.offered."),
    ] = None,
) -> None:
    """Print the event feed's AsyncAPI document, the schema of one event type, or write them all.

    `--openapi` prints what the server answers by HTTP; a running server serves the same at
    `/openapi.json`, `/asyncapi.json` and `/schemas/`.
    """
    if openapi:
        sys.stdout.write(_openapi())
        return
    if write:
        files = documents()
        if _has_server():
            files["openapi.json"] = _openapi()
        else:
            say(f"openapi.json is left out: the server is not installed. {ADVICE}")
        for path in write_documents(write, files):
            print(path, file=sys.stderr)  # noqa: T201 - progress, not a result
        return
    name = f"schemas/{event_type}.json" if event_type else ASYNCAPI_FILE
    generated = documents()
    if name not in generated:
        known = ", ".join(sorted(key[8:-5] for key in generated if key != ASYNCAPI_FILE))
        raise InputError(f"There is no event type {event_type}.", f"Known: {known}.")
    sys.stdout.write(generated[name])


def _has_server() -> bool:
    return find_spec("fastapi") is not None


def _openapi() -> str:
    if not _has_server():
        raise InputError("The server is not installed.", ADVICE)
    # An extra: the other documents come without it.
    from rid_telephony.cti.server.published import openapi_text  # noqa: PLC0415

    return openapi_text()
