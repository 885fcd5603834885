"""The command line's frame: options for all, errors as a sentence, exit codes."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import typer
from rich.console import Console

from rid_telephony.cli import (
    analyze,
    bench,
    check,
    dialplan,
    evaluate,
    explain,
    export,
    replay,
    schema,
    serve,
    settings,
    token,
    train,
    transcribe,
    webhook,
)
from rid_telephony.cli.logs import configure_logs
from rid_telephony.errors import RidTelephonyError

STDERR = 2

app = typer.Typer(
    name="rid-telephony",
    help=(
        "Live coaching for Mandarin wealth-management calls.\n\n"
        "Start with `rid-telephony demo`: a recorded call through the whole pipeline.\n\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 settings, 4 input, 5 model, "
        "6 data file, 7 store, 8 PBX, 9 audio of the PBX, 130 interrupted, 143 terminated. "
        "Results go to stdout, everything else to stderr."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(replay.demo)
app.command()(replay.replay)
app.command()(serve.serve)
app.command()(analyze.analyze)
app.command()(transcribe.transcribe)
app.command()(evaluate.evaluate)
app.command()(explain.explain)
app.command()(export.export)
app.command()(train.train)
app.command()(schema.schema)
app.command()(settings.settings)
app.command()(dialplan.dialplan)
app.command()(check.check)
app.add_typer(token.app, name="token")
app.add_typer(webhook.app, name="webhook")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command; every expected failure is one message and one exit code."""
    _open_streams()
    _speak_utf8()
    configure_logs()
    try:
        _run()
    except RidTelephonyError as error:
        _explain(error.code, error.message, error.advice)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output is gone, as in `| head`: nothing more to say to it.
        _discard_output()
        sys.exit(0)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _explain("system", f"{where}{error.strerror or error}.", "")
        _discard_output()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> None:
    try:
        app()
    except SystemExit as leaving:
        # typer and rich make this of a closed pipe.
        if isinstance(leaving.__context__, BrokenPipeError):
            raise leaving.__context__ from None
        raise
    finally:
        # Here, and not at the interpreter's exit, a disk that is full can still be told.
        sys.stdout.flush()


def _explain(code: str, message: str, advice: str) -> None:
    console = Console(stderr=True)
    console.print(f"[bold red]error[/] [dim]({code})[/]: ", end="")
    for text in filter(None, (message, advice)):
        console.print(text, markup=False, soft_wrap=True)


def _open_streams() -> None:
    """Give streams that were closed for us (``2>&-``) somewhere to go.

    Without it the log would go to stdout, and a native library's words into the next file opened.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good


def _speak_utf8() -> None:
    """Results are UTF-8 whatever the locale; what no text can hold (odd file names) is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
