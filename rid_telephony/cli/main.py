"""The command line's frame: options for all, errors as a sentence, exit codes."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console

from rid_telephony.cli import (
    analyze,
    bench,
    evaluate,
    export,
    replay,
    schema,
    settings,
    train,
    transcribe,
)
from rid_telephony.errors import RidTelephonyError

app = typer.Typer(
    name="rid-telephony",
    help=(
        "Live coaching for Mandarin wealth-management calls.\n\n"
        "Start with `rid-telephony demo`: a recorded call through the whole pipeline.\n\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 settings, 4 input, 5 model, "
        "6 data file, 7 store, 130 interrupted. Results go to stdout, everything else to stderr."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(replay.demo)
app.command()(replay.replay)
app.command()(analyze.analyze)
app.command()(transcribe.transcribe)
app.command()(evaluate.evaluate)
app.command()(export.export)
app.command()(train.train)
app.command()(schema.schema)
app.command()(settings.settings)
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command; every expected failure is one message and one exit code."""
    try:
        app()
    except RidTelephonyError as error:
        console = Console(stderr=True)
        console.print(f"[bold red]error[/] [dim]({error.code})[/]: ", end="")
        console.print(error.message, markup=False, soft_wrap=True)
        if error.advice:
            console.print(error.advice, markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output is gone, as in `| head`: nothing more to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
