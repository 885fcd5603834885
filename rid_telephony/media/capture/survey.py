"""The first pass over a capture: which calls are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rid_telephony.errors import InputError
from rid_telephony.media.capture.attach import Attachments, attach, sessions_without_signalling
from rid_telephony.media.capture.clock import SteadyClock
from rid_telephony.media.capture.datagrams import read_datagrams
from rid_telephony.media.capture.dialogs import Dialog
from rid_telephony.media.capture.grouping import Conversation, Grouper
from rid_telephony.media.capture.guesses import Guesser
from rid_telephony.media.capture.links import Link, media_links
from rid_telephony.media.capture.notices import warn_of_call, warn_of_counts, warn_of_override
from rid_telephony.media.capture.plan import CallPlan, Planner
from rid_telephony.media.capture.roles import AgentRules
from rid_telephony.media.capture.signalling import DialogTable
from rid_telephony.media.capture.sip import looks_like_sip
from rid_telephony.media.capture.streams import Stream, StreamTable
from rid_telephony.media.report import Notes
from rid_telephony.settings.media import MediaSettings

_ADVICE = (
    "Capture SIP and RTP of both legs from the call's beginning, whole packets (tcpdump -s 0)."
)
_DIALOGS_PER_CALL = 8
"""Legs, attempts and transfers of one call, at most, on average."""
_STREAMS_PER_CALL = 8


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first pass found.

    Attributes:
        calls: In order of their beginnings.
        duration: Seconds from the first packet to the last.
    """

    calls: tuple[CallPlan, ...]
    duration: float


def survey(path: Path, settings: MediaSettings, rules: AgentRules, notes: Notes) -> Survey:
    """Read a capture once, for its signalling and the outlines of its streams.

    Args:
        path: A pcap or pcapng file.
        settings: Bounds.
        rules: Who is an agent.
        notes: Gets counts and warnings.

    Raises:
        InputError: The file cannot be read, or there is no call in it.
    """
    clock = SteadyClock()
    dialogs, streams, duration = _collect(path, settings, clock, notes)
    dialogs = _usable(dialogs, notes)
    warn_of_counts(notes)
    joined = attach(dialogs, streams)
    sessions_without_signalling(streams, joined, dialogs)
    links = _links(dialogs, streams, joined)
    grouped = Grouper(dialogs, links, rules).group()
    if grouped.consultations:
        notes.warn(
            "consultation_left_out",
            f"{grouped.consultations} legs belong to no customer's call"
            " (agents talking to each other): they are left out.",
        )
    conversations = _within_bound(grouped.conversations, settings, notes)
    if not conversations:
        raise InputError(_nothing(path, notes), _ADVICE)
    planner = Planner(dialogs, joined, rules, clock, _shared(conversations))
    calls = tuple(planner.plan(conversation) for conversation in conversations)
    for call in calls:
        warn_of_call(call, dialogs, notes)
    warn_of_override(calls, rules.number, notes)
    return Survey(calls, duration)


def _collect(
    path: Path, settings: MediaSettings, clock: SteadyClock, notes: Notes
) -> tuple[list[Dialog], list[Stream], float]:
    limit = settings.max_calls_per_capture
    dialogs = DialogTable(limit * _DIALOGS_PER_CALL, settings.max_sip_message_bytes, notes.counts)
    streams = StreamTable(limit * _STREAMS_PER_CALL, notes.counts)
    duration = 0.0
    for time, source, destination, payload in read_datagrams(path, settings, clock, notes):
        if looks_like_sip(payload):
            dialogs.add(time, source, destination, payload)
        else:
            streams.add(time, source, destination, payload)
        duration = max(duration, time)
    return dialogs.dialogs, streams.streams(), duration


def _links(dialogs: list[Dialog], streams: list[Stream], joined: Attachments) -> list[Link]:
    """All links; a doubtful one counts only for a dialog that has no other."""
    proven, doubtful = media_links(dialogs, streams, joined)
    links = proven + Guesser(dialogs, joined, proven).guess()
    linked = {number for link in links for number in (link.one, link.other)}
    return links + [link for link in doubtful if not {link.one, link.other} <= linked]


def _usable(dialogs: list[Dialog], notes: Notes) -> list[Dialog]:
    """Leave out dialogs of which only the end is in the capture: they tell no address."""
    usable = [
        dialog
        for dialog in dialogs
        if dialog.invited is not None or any(end.media for end in dialog.ends)
    ]
    notes.counts["dialogs_without_beginning"] += len(dialogs) - len(usable)
    return usable


def _within_bound(
    conversations: list[Conversation], settings: MediaSettings, notes: Notes
) -> list[Conversation]:
    limit = settings.max_calls_per_capture
    if len(conversations) > limit:
        notes.warn(
            "too_many_calls",
            f"The capture has {len(conversations)} calls; the first {limit} are analysed"
            " (media.max_calls_per_capture).",
        )
    return conversations[:limit]


def _shared(conversations: list[Conversation]) -> frozenset[int]:
    uses = Counter(_dialogs_of(conversations))
    return frozenset(number for number, count in uses.items() if count > 1)


def _dialogs_of(conversations: list[Conversation]) -> Iterator[int]:
    for conversation in conversations:
        legs = (conversation.customer, *conversation.agents, *conversation.attempts)
        yield from {leg.dialog for leg in legs}


def _nothing(path: Path, notes: Notes) -> str:
    counts = notes.counts
    met = ", ".join(f"{count} {kind}" for kind, count in counts.most_common(6) if kind != "packets")
    return f"There is no call in {path}: {counts['packets']} packets ({met or 'none usable'})."
