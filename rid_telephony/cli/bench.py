"""``rid-telephony bench``: measurements that a person can repeat."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soxr
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from rid_telephony.app import App
from rid_telephony.bench.figures import Spread
from rid_telephony.bench.latency import LatencyReport, Race, latency_report, race
from rid_telephony.bench.media import measure_media
from rid_telephony.bench.signals import measure_signals
from rid_telephony.calls.messages import Party
from rid_telephony.cli.bench_feed import feed
from rid_telephony.cli.bench_live import live
from rid_telephony.cli.options import ConfigOption
from rid_telephony.cli.progress import loaded_app, position_bar
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import InputError
from rid_telephony.evaluation.labelled import requests_of
from rid_telephony.evaluation.text_error import CharacterErrors, character_errors
from rid_telephony.media.messages import Samples
from rid_telephony.media.source import open_recording
from rid_telephony.pipeline.parts import Trace
from rid_telephony.pipeline.replay import replay_paced
from rid_telephony.pipeline.transcription import segments_of
from rid_telephony.settings import load_settings
from rid_telephony.speech.messages import SpeechSegment
from rid_telephony.speech.segmenter import LegSegmenter

app = typer.Typer(
    help="Measurements as ratios of one run: latency, cost of a leg, live calls, the feed.",
    no_args_is_help=True,
)
app.command()(live)
app.command()(feed)

FileArgument = Annotated[Path, typer.Argument(help="A capture or an audio file.")]


@app.command()
def latency(
    file: FileArgument,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            help="Ground truth for error rates; FILE with the ending .json when left out.",
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Replay a recording in real time and measure from the last word to transcript and hint.

    Then compares the short-context transcriber with plain faster-whisper, same model, same
    utterances, in turn. Takes the recording's length and about a minute more.
    """
    settings = load_settings(config)
    said = spoken_truth(truth or file.with_suffix(".json"), wanted=truth is not None)
    program = loaded_app(settings)
    recording = open_recording(file, settings.media)
    traces: list[Trace] = []
    with (
        position_bar(recording.duration, wanted=True) as move,
        program.recogniser_pool() as pool,
    ):
        maker = program.maker_for(Feed(settings.feed.source), on_trace=traces.append)
        asyncio.run(replay_paced(recording.items(), pool, maker, 1.0, move))
    if not traces:
        raise InputError(f"No speech was found in {file}.")
    console = Console(highlight=False)
    for party in (Party.CUSTOMER, Party.AGENT):
        console.print(_latency_table(party, latency_report(traces, party)))
    console.print(f"peak memory {_peak_megabytes():.0f} MB")
    segments = segments_of(open_recording(file, settings.media).items(), program.make_segmenter)
    outcome = _race(program, segments)
    console.print(
        f"short context {outcome.ours:.1f} s, plain WhisperModel.transcribe {outcome.plain:.1f} s "
        f"for {len(segments)} utterances: {outcome.ratio:.1f} times faster"
    )
    if said:
        ours, plain = _errors(said, segments, outcome)
        console.print(f"character error {ours.rate:.3f} against {plain.rate:.3f}")


@app.command()
def media(file: FileArgument, config: ConfigOption = None) -> None:
    """CPU that a leg costs before recognition: reading, decoding, voice activity, endpointing."""
    settings = load_settings(config)
    program = App(settings)
    report = measure_media(
        open_recording(file, settings.media).items(),
        program.make_detector,
        lambda call_id, party, detector: LegSegmenter(
            call_id, party, detector, settings.speech.endpointing
        ),
    )
    table = Table(title=f"{file.name}: CPU milliseconds per leg and second of audio")
    table.add_column("stage")
    table.add_column("ms/s", justify="right")
    for name, value in (
        ("reading and decoding", report.reading),
        ("voice activity (webrtcvad and Silero)", report.detecting),
        ("endpointing", report.endpointing),
        ("all", report.total),
    ):
        table.add_row(name, f"{value:.2f}")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{report.legs} legs, {report.seconds:.0f} s of audio")


@app.command()
def signals(
    directory: Annotated[
        Path, typer.Argument(help="customer.jsonl and agent.jsonl, as for `evaluate`.")
    ],
    config: ConfigOption = None,
) -> None:
    """Time that one utterance's signals take on one thread: classifier and rules."""
    program = App(load_settings(config))
    report = measure_signals(program.detector, requests_of(directory))
    console = Console(highlight=False)
    if report.alone.p50 is None or report.alone.p95 is None:
        raise InputError(f"{directory} holds no utterance.")
    console.print(
        f"{report.alone.count} utterances one by one: p50 {report.alone.p50 * 1000:.1f} ms, "
        f"p95 {report.alone.p95 * 1000:.1f} ms; all together {report.together * 1000:.1f} ms each"
    )


def _latency_table(party: Party, report: LatencyReport) -> Table:
    table = Table(title=f"{party.value}: from the last word to ... (seconds)")
    for column in ("to", "n", "p50", "p95"):
        table.add_column(column, justify="left" if column == "to" else "right")
    for name, value in (
        ("end decided", report.endpointing),
        ("transcript", report.transcript),
        ("signals and profile", report.advised),
        ("hint", report.hint),
    ):
        table.add_row(name, str(value.count), *_cells(value))
    shares = "  ".join(f"{name} {share:.0%}" for name, share in report.shares.items())
    table.caption = f"share of the time: {shares}"
    return table


def _cells(value: Spread) -> tuple[str, str]:
    if value.p50 is None or value.p95 is None:
        return "-", "-"
    return f"{value.p50:.2f}", f"{value.p95:.2f}"


def _race(program: App, segments: list[SpeechSegment]) -> Race:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("comparing transcribers", total=len(segments))
        return race(
            [segment.samples for segment in segments],
            lambda samples: program.transcriber.transcribe(samples).text,
            _plain(program),
            lambda done: progress.update(task, completed=done),
        )


def _plain(program: App) -> Callable[[Samples], str]:
    """faster-whisper as its README shows it: the same model and language, nothing else set."""

    def recognise(samples: Samples) -> str:
        audio = soxr.resample(samples.astype(np.float32) / 32768, 8000, 16000)
        parts, _ = program.whisper.transcribe(audio, language="zh")
        return "".join(part.text for part in parts)

    return recognise


def spoken_truth(path: Path, *, wanted: bool) -> dict[Party, str]:
    """What each party really said; empty where no file was named and none lies beside."""
    if not wanted and not path.exists():
        return {}
    try:
        turns = _turns(json.loads(path.read_text(encoding="utf-8")))
        return {
            party: "".join(
                turn["text"] for turn in turns if turn.get("speaker", turn.get("party")) == party
            )
            for party in Party
        }
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} does not say what was said.", 'It needs "turns" of {"text","speaker"}.'
        ) from error


def _errors(
    truth: dict[Party, str], segments: list[SpeechSegment], outcome: Race
) -> tuple[CharacterErrors, CharacterErrors]:
    """Errors of both over each party's whole speech."""
    totals = [CharacterErrors(), CharacterErrors()]
    for party in Party:
        said = truth[party]
        mine = [index for index, segment in enumerate(segments) if segment.party is party]
        mine.sort(key=lambda index: segments[index].begin)
        for which in (0, 1):
            heard = "".join(outcome.texts[index][which] for index in mine)
            totals[which] += character_errors(said, heard)
    return totals[0], totals[1]


def _turns(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Turns of a dialogue's JSON, or of all calls of a capture's ground truth."""
    calls = document.get("calls", [document])
    return [turn for call in calls for turn in call["turns"]]


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
