"""Calls with sure signals, as the events that the feed would hold of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import profile_replay

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.translate import Translator
from rid_telephony.explain.figures import Steps
from rid_telephony.explain.story import Story, stories
from rid_telephony.pipeline.analyst import Heard
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.rid.messages import Signals
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy.messages import Advice, CallSummary

MODEL = load_profile_model(RidSettings())
STEPS = Steps(
    stages=MODEL.data.relationship.stages,
    gates=MODEL.data.relationship.gates,
    risks=MODEL.data.state.risk_levels,
)


def events_of(
    spoken: Iterable[tuple[Utterance, Signals]],
    context: CustomerContext | None = None,
    advice: dict[int, tuple[Advice, ...]] | None = None,
) -> list[CloudEvent]:
    """The events of a call.

    Args:
        spoken: What was said, with its signals.
        context: What the CRM knew.
        advice: What came after which utterance, by its place from 0.
    """
    feed, events = Feed("/test"), []
    feed.listen(events.append)
    channel = feed.open_call("call", datetime(2026, 1, 1, tzinfo=UTC))
    publisher = CallPublisher(feed, channel, Translator())
    tracker = ProfileTracker(MODEL, context or CustomerContext())
    for index, (utterance, signals) in enumerate(spoken):
        before = tracker.profile
        after = tracker.hear(utterance, signals)
        said = (advice or {}).get(index, ())
        publisher.heard(Heard(utterance, signals, before, after, said), utterance.end)
    summary = CallSummary(
        tracker.profile, "refused", "low", "low", 0.5, 60.0, (), {}, {}, False, ""
    )
    publisher.summary(summary, 60.0)
    return events


def story_of(
    spoken: Iterable[tuple[Utterance, Signals]],
    context: CustomerContext | None = None,
    advice: dict[int, tuple[Advice, ...]] | None = None,
) -> Story:
    """The call as ``explain`` reads it from its events."""
    (story,) = stories(events_of(spoken, context, advice))
    return story


def labelled_story(number: int) -> Story:
    """A dialogue of the fixtures with its labels as signals."""
    dialogue = profile_replay.dialogues("dialogues")[number]
    crm = {k: tuple(v) if isinstance(v, list) else v for k, v in dialogue["crm"].items()}
    return story_of(profile_replay.heard(dialogue), CustomerContext(**crm))
