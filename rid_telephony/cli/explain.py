"""``rid-telephony explain``: why the numbers and the hints of a call are what they are."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from rid_telephony.cli.explain_sources import Channels, events_for
from rid_telephony.cli.options import (
    ConfigOption,
    JsonOption,
    LanguageOption,
    StoreOption,
    with_language,
)
from rid_telephony.console.explaining import show_explanation, show_transcript
from rid_telephony.console.words import Words
from rid_telephony.errors import InputError
from rid_telephony.explain.explaining import explain_call, known_figure
from rid_telephony.explain.loading import load_steps
from rid_telephony.explain.story import Story, stories
from rid_telephony.settings import load_settings


def explain(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CALL_ID|FILE", help="A call of the store by its id, a file, or - for stdin."
        ),
    ],
    turn: Annotated[
        int | None,
        typer.Option("--turn", metavar="N", help="One moment: what turn N said and moved."),
    ] = None,
    number: Annotated[
        str | None,
        typer.Option(
            "--number", metavar="NAME", help="One figure with all its reasons, e.g. relationship."
        ),
    ] = None,
    call: Annotated[
        str | None,
        typer.Option("--call", metavar="ID", help="Of a file with several calls, this one."),
    ] = None,
    agent_channel: Annotated[
        int | None,
        typer.Option("--agent-channel", min=0, max=1, help="Stereo file: the agent's channel."),
    ] = None,
    agent_number: Annotated[
        str | None,
        typer.Option("--agent-number", help="Capture: the agent's SIP user or number."),
    ] = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Ask why: the utterances and signals behind each number and each hint of a call.

    A FILE is a recording as `replay` takes it (pcap, pcapng, wav, flac), a call as `export` or
    `replay --json` wrote it, dialogues as `analyze` takes them (JSON, JSON Lines), or a
    transcript as plain text, one turn a line: `坐席：您好` and `客户：没兴趣`. A file is analysed
    anew with the settings as they are and nothing is stored; a stored call is told as it was.

    How to read it: a number starts from where it stood before anything was known, and every
    line under it is an utterance (`#7` is turn 7), the signals found in it, and how many points
    it moved the number. Style and stratum are probabilities: `×1.8` means that these words are
    1.8 times as usual for the label as for the others. A hint names the rule of the playbook
    that proposed it and the words that the rule answers.

    - `rid-telephony export` lists the calls of the store
    - `rid-telephony explain CALL_ID` the whole call
    - `rid-telephony explain CALL_ID --number relationship` one figure, every move
    - `rid-telephony explain CALL_ID --turn 7` one moment
    - `rid-telephony explain talk.txt --json` for programs
    """
    if number:
        known_figure(number)
    settings = with_language(load_settings(config), language)
    channels = Channels(agent_channel, agent_number)
    chosen = _chosen(stories(events_for(target, settings, store, channels)), call, turn)
    steps = load_steps(settings.rid)
    words, console = Words(settings.strategy.language), Console(highlight=False)
    for story in chosen:
        explanation = explain_call(story, steps, turn=turn, number=number)
        if as_json:
            sys.stdout.write(json.dumps(asdict(explanation), ensure_ascii=False) + "\n")
            continue
        show_explanation(console, explanation, words, whole=number is not None)
        if turn is None and number is None:
            show_transcript(console, explanation, words)


def _chosen(found: list[Story], call: str | None, turn: int | None) -> list[Story]:
    names = ", ".join(story.call_id for story in found[:10])
    if call is not None:
        chosen = [story for story in found if story.call_id == call]
        if not chosen:
            raise InputError(f"There is no call {call} in it.", f"It holds {names}.")
        return chosen
    if turn is not None and len(found) > 1:
        raise InputError(
            f"--turn needs one call, and there are {len(found)}.",
            f"Add --call with one of: {names}.",
        )
    return found
