"""``rid-telephony demo`` and ``rid-telephony replay``: a recorded call through the pipeline."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from rid_telephony.app import App
from rid_telephony.cli.consoling import console_beside
from rid_telephony.cli.options import (
    ConfigOption,
    JsonOption,
    LanguageOption,
    StoreOption,
    with_language,
)
from rid_telephony.cli.progress import loaded_app, position_bar
from rid_telephony.cli.screen import say, screen_for
from rid_telephony.cli.stopping import Stop, stop_on_signals
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import InputError, StoreError
from rid_telephony.media.source import Recording, open_recording
from rid_telephony.pipeline.replay import MakerFactory, renamed, replay_fast, replay_paced
from rid_telephony.settings import Settings, load_settings
from rid_telephony.store.events import EventStore

DEMO = ("data", "demo", "call.pcap")
FASTEST = 1000.0

SpeedOption = Annotated[
    str, typer.Option("--speed", help="1 is real time, 4 four times that, max as fast as it goes.")
]
NoStoreOption = Annotated[bool, typer.Option("--no-store", help="Keep no events.")]


@dataclass(frozen=True, slots=True)
class _Run:
    """What the two commands have in common."""

    title: str
    speed: str
    as_json: bool
    store: str | None
    keep: bool
    settings: Settings
    console: bool = False


def demo(
    speed: SpeedOption = "1",
    console: Annotated[
        bool, typer.Option("--console", help="Show it in a browser too, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
    language: LanguageOption = None,
    store: StoreOption = None,
    no_store: NoStoreOption = False,
    config: ConfigOption = None,
) -> None:
    """See the main job: a recorded sales call, its transcript, the profile, and the hints.

    Replays a real SIP and RTP capture of a bridged Mandarin wealth-management call in real time.
    No PBX is needed. `--speed max` for the impatient. `--console` opens the console: the agent's
    view, the wallboard, and afterwards the review of the call; it needs
    `pip install 'rid-telephony[server]'` and answers on this machine only.
    """
    settings = with_language(load_settings(config), language)
    with as_file(files("rid_telephony").joinpath(*DEMO)) as path:
        run = _Run("demo", speed, as_json, store, not no_store, settings, console)
        _replay(open_recording(path, settings.media), run)


def replay(
    file: Annotated[Path, typer.Argument(help="pcap or pcapng with SIP and RTP, wav or flac.")],
    agent_channel: Annotated[
        int | None,
        typer.Option("--agent-channel", min=0, max=1, help="Stereo file: the agent's channel."),
    ] = None,
    agent_number: Annotated[
        str | None,
        typer.Option("--agent-number", help="Capture: the agent's SIP user or number."),
    ] = None,
    speed: SpeedOption = "max",
    as_json: JsonOption = False,
    language: LanguageOption = None,
    store: StoreOption = None,
    no_store: NoStoreOption = False,
    config: ConfigOption = None,
) -> None:
    """Analyse a recording: a capture with SIP and RTP, or an audio file.

    A capture may hold several calls; both parties are found by SIP and SDP (G.711 PCMU and PCMA).
    A stereo file has one party on each channel, a mono file the customer alone.

    `--json` writes every event of the feed, one CloudEvent a line; see docs/api.

    Examples: `rid-telephony replay call.pcap` and `rid-telephony replay call.wav --json`
    """
    settings = with_language(load_settings(config), language)
    recording = open_recording(
        file, settings.media, agent_channel=agent_channel, agent_number=agent_number
    )
    _replay(recording, _Run(file.name, speed, as_json, store, not no_store, settings))


def _replay(recording: Recording, run: _Run) -> None:
    speed = _speed(run.speed)
    if run.console and speed is None:
        raise InputError("--console shows a call as it goes on.", "Use --speed 1 up to 1000.")
    with ExitStack() as stack:
        app = loaded_app(run.settings)
        store = stack.enter_context(_opened_store(run))
        feed = Feed(run.settings.feed.source, store)
        bar = position_bar(recording.duration, wanted=run.as_json and speed is None)
        on_progress = stack.enter_context(bar)
        show = _print_event
        if not run.as_json:
            screen = screen_for(run.title, run.settings.strategy.language, live=speed is not None)
            show = stack.enter_context(screen).show
        stop = stack.enter_context(stop_on_signals())
        feed.listen(stop.guarded(show))
        items = stop.until(recording.items())
        if store:
            items = renamed(items, store.knows)
        if speed is None:
            replay_fast(items, app.inline_recogniser(), app.maker_for(feed), on_progress)
        else:
            with app.recogniser_pool(patient=True) as pool:
                paced = partial(replay_paced, items, pool, speed=speed, on_progress=on_progress)
                if run.console:
                    url = run.store or run.settings.store.url
                    work = _beside_console(paced, app, feed, store, url, stop)
                else:
                    work = paced(app.maker_for(feed))
                asyncio.run(stop.cancelling(work))
    for warning in recording.report().warnings:
        which = f" ({warning.call_id})" if warning.call_id else ""
        say(f"{warning.code}{which}: {warning.message}")
    if stop.error:
        raise stop.error
    if stop.signal:
        raise typer.Exit(128 + stop.signal)


async def _beside_console(
    paced: Callable[[MakerFactory], Awaitable[None]],
    app: App,
    feed: Feed,
    store: EventStore | None,
    url: str,
    stop: Stop,
) -> None:
    """Replay with the console open; it stays open when the call is over."""
    async with console_beside(app, feed, store, url) as control:
        await paced(control.watching(app.maker_for(feed)))
        say("The call is over. The console stays open until Ctrl-C.")
        try:
            await asyncio.Event().wait()
        finally:
            stop.signal = None  # Ctrl-C is how this ends, not an interruption.


@contextmanager
def _opened_store(run: _Run) -> Iterator[EventStore | None]:
    if not (run.keep and run.settings.store.enabled):
        yield None
        return
    try:
        store = EventStore(run.store or run.settings.store.url, on_trouble=_store_trouble)
        store.claim()
    except StoreError as error:
        if run.store:
            raise
        say(f"{error} This replay is not kept.")
        yield None
        return
    lost = 0
    try:
        yield store
    finally:
        lost = store.close()
        if lost:
            say(f"{lost} events could not be written to the store.")
    if lost:
        raise typer.Exit(StoreError.exit_code)


def _store_trouble(error: str, lost: int) -> None:
    say(f"The store refuses ({error}); {lost} events lost so far, trying again.")


def _print_event(event: CloudEvent) -> None:
    sys.stdout.write(event.line() + "\n")
    sys.stdout.flush()


def _speed(text: str) -> float | None:
    """The factor, None for as fast as it goes."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise InputError(
            f"--speed {text} is not a speed.", f"Use max, or a number above 0 up to {FASTEST:.0f}."
        )
    return speed
