"""Progress bars, on stderr, and only where somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from rid_telephony.app import App
from rid_telephony.cli.logs import configure_logs
from rid_telephony.settings import Settings


@contextmanager
def position_bar(
    duration: float | None, *, wanted: bool
) -> Iterator[Callable[[float], None] | None]:
    """A bar for the position in a recording of ``duration`` seconds; yields what moves it."""
    console = Console(stderr=True)
    if not wanted or not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("analysing", total=duration)
        yield lambda position: progress.update(task, completed=position)


@contextmanager
def bytes_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for bytes; yields what moves it (done, total), and appears only when it is moved."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = None

        def move(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = progress.add_task(label, total=total)
            progress.update(task, completed=done)

        yield move


def loaded_app(settings: Settings, *, speech_only: bool = False) -> App:
    """The app with its models loaded; a bar shows the speech model being joined, once."""
    configure_logs(personal=settings.privacy.log_personal_data)
    with bytes_bar("preparing the speech model") as move:
        app = App(settings, on_bytes=move)
        if speech_only:
            app.load_speech()
        else:
            app.load_all()
    return app
