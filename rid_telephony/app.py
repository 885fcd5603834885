"""The composition root: the only module that knows everything.

It builds each part from the settings, once, and hands the parts to one another. Nothing is
loaded before it is needed: ``analyze`` never touches a speech model.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from rid_telephony.calls.messages import CallStarted, CustomerContext, Party
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.translate import Translator
from rid_telephony.pipeline.analyst import CallAnalyst, Guide
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.pipeline.session import CallSession, Recogniser, SessionParts, Trace
from rid_telephony.pipeline.switchboard import SessionMaker
from rid_telephony.rid.loading import load_signal_detector
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.rid.signals import SignalDetector
from rid_telephony.settings import Settings
from rid_telephony.settings.rid import RidSettings
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.speech.completeness import load_judge
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.vad import SpeechDetector
from rid_telephony.speech.voices import VoiceMeter
from rid_telephony.strategy.coach import Coach
from rid_telephony.strategy.loading import load_playbook
from rid_telephony.weights.silero import open_silero


class RidGuide(Guide):
    """Makes the tracker and the coach of a call from the bank's data files."""

    def __init__(self, rid: RidSettings, strategy: StrategySettings) -> None:
        self._model = load_profile_model(rid)
        self._playbook = load_playbook(strategy)
        self._strategy = strategy

    @property
    def playbook_name(self) -> str:
        """Name and version of the playbook in force."""
        return f"{self._playbook.name} {self._playbook.version}"

    def tracker(self, context: CustomerContext) -> ProfileTracker:
        """A profile that starts from what the bank knows."""
        return ProfileTracker(self._model, context)

    def coach(self, call_id: str, context: CustomerContext) -> Coach:
        """A coach with nothing said yet."""
        return Coach(self._playbook, self._strategy, call_id, context)


class App:
    """Everything that is shared by the calls of one process.

    Args:
        settings: Validated settings.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def detector(self) -> SignalDetector:
        """The signal detector: classifier and rules."""
        return load_signal_detector(self.settings.rid)

    @cached_property
    def guide(self) -> RidGuide:
        """Profile model and playbook."""
        return RidGuide(self.settings.rid, self.settings.strategy)

    @cached_property
    def translator(self) -> Translator:
        """Makes event data, masked as the settings say."""
        return Translator(mask=self.settings.privacy.mask_text)

    def analyst(self, call_id: str, context: CustomerContext) -> CallAnalyst:
        """The analyst of a new call."""
        return CallAnalyst(call_id, context, self.detector, self.guide)

    def session_maker(
        self,
        feed: Feed,
        recogniser: Recogniser,
        deliver: Callable[[Callable[[], None]], None],
        on_trace: Callable[[Trace], None] | None = None,
    ) -> SessionMaker:
        """What a switchboard needs to start a call.

        Args:
            feed: Where the calls are published.
            recogniser: Shared by all calls.
            deliver: Runs a callable in the switchboard's thread.
            on_trace: Told of every utterance's timing.
        """
        speech = self.settings.speech
        judge = load_judge()
        silero = open_silero()

        def make(started: CallStarted, clock: Callable[[], float]) -> CallSession:
            channel = feed.open_call(
                started.call_id, started.started_at, tenant=started.tenant, agent=started.agent
            )
            segmenters = {
                party: LegSegmenter(
                    started.call_id, party, SpeechDetector(silero, speech.vad), speech.endpointing
                )
                for party in Party
            }
            parts = SessionParts(
                analyst=self.analyst(started.call_id, started.context),
                publisher=CallPublisher(feed, channel, self.translator),
                segmenters=segmenters,
                voices=VoiceMeter(speech.prosody),
                judge=judge,
                recogniser=recogniser,
                deliver=deliver,
                on_trace=on_trace,
            )
            labels = (self.detector.name, self.guide.playbook_name)
            return CallSession(started, parts, clock, labels)

        return make
