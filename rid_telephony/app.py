"""The composition root: the only module that knows everything.

It builds each part from the settings, once, and hands the parts to one another. Nothing is
loaded before it is needed: ``analyze`` never touches a speech model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from rid_telephony.analyzing import RecordAnalyzer
from rid_telephony.calls.messages import CallStarted, CustomerContext, Party
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.translate import Translator
from rid_telephony.media.messages import SAMPLE_RATE
from rid_telephony.pipeline.analyst import CallAnalyst, Guide
from rid_telephony.pipeline.inline import InlineRecogniser
from rid_telephony.pipeline.parts import Labels, Recogniser, SessionParts, Trace
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.pipeline.replay import Deliver, MakerFactory
from rid_telephony.pipeline.session import CallSession
from rid_telephony.pipeline.switchboard import SessionMaker
from rid_telephony.rid.loading import load_signal_detector
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.rid.signals import SignalDetector
from rid_telephony.settings import Settings
from rid_telephony.settings.rid import RidSettings
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.speech.completeness import SentenceJudge, load_judge
from rid_telephony.speech.load import LoadLimits
from rid_telephony.speech.pool import RecognitionPool
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.vad import Detector, SileroSession, SpeechDetector
from rid_telephony.speech.voices import VoiceMeter
from rid_telephony.speech.whisper import WhisperTranscriber
from rid_telephony.strategy.coach import Coach
from rid_telephony.strategy.loading import load_playbook
from rid_telephony.weights.embedded import Progress
from rid_telephony.weights.silero import open_silero
from rid_telephony.weights.whisper import load_whisper, worker_count

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


class RidGuide(Guide):
    """Makes the tracker and the coach of a call from the bank's data files.

    Args:
        detect_said: Finds the must-say items in an agent's words.
    """

    def __init__(
        self,
        rid: RidSettings,
        strategy: StrategySettings,
        detect_said: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._detect_said = detect_said
        self._model = load_profile_model(rid)
        self._playbook = load_playbook(strategy)
        self._strategy = strategy

    @property
    def playbook_name(self) -> str:
        """Name and version of the playbook in force."""
        return self._playbook.name

    def tracker(self, context: CustomerContext) -> ProfileTracker:
        """A profile that starts from what the bank knows."""
        return ProfileTracker(self._model, context, self._detect_said)

    def coach(self, call_id: str, context: CustomerContext) -> Coach:
        """A coach with nothing said yet."""
        return Coach(self._playbook, self._strategy, call_id, context)


class App:
    """Everything that is shared by the calls of one process.

    Args:
        settings: Validated settings.
        on_bytes: Told how far the joining of the embedded speech model has come.
    """

    def __init__(self, settings: Settings, on_bytes: Progress | None = None) -> None:
        self.settings = settings
        self._on_bytes = on_bytes

    @cached_property
    def detector(self) -> SignalDetector:
        """The signal detector: classifier and rules."""
        return load_signal_detector(self.settings.rid)

    @cached_property
    def guide(self) -> RidGuide:
        """Profile model and playbook."""
        return RidGuide(self.settings.rid, self.settings.strategy, self.detector.detect_said)

    @cached_property
    def translator(self) -> Translator:
        """Makes event data, masked as the settings say."""
        return Translator(mask=self.settings.privacy.mask_text)

    @cached_property
    def silero(self) -> SileroSession:
        """The voice activity model, shared by all legs."""
        session: SileroSession = open_silero()
        return session

    @cached_property
    def whisper(self) -> WhisperModel:
        """The speech model, shared by all workers."""
        return load_whisper(self.settings.speech.recognition, self._on_bytes)

    @cached_property
    def transcriber(self) -> WhisperTranscriber:
        """The recogniser on top of it."""
        recognition = self.settings.speech.recognition
        return WhisperTranscriber(self.whisper, recognition, worker_count(recognition))

    @cached_property
    def judge(self) -> SentenceJudge:
        """Word lists that tell a whole sentence from half of one."""
        return load_judge()

    def load_all(self) -> None:
        """Load every model and data file now, so that what is wrong shows before a call."""
        _ = (self.detector, self.guide, self.judge)
        self.load_speech()

    def warm_up(self) -> None:
        """Recognise some noise on every worker: the first recognition takes twice as long."""
        workers = self.transcriber.capabilities.workers
        noise = np.random.default_rng(0).normal(0, 800, SAMPLE_RATE // 2).astype(np.int16)
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(self.transcriber.transcribe, [noise] * workers))

    def load_speech(self) -> None:
        """Load what turns audio into words, and nothing else."""
        _ = (self.silero, self.transcriber)

    def analyst(self, call_id: str, context: CustomerContext) -> CallAnalyst:
        """The analyst of a new call."""
        return CallAnalyst(call_id, context, self.detector, self.guide)

    @cached_property
    def analyzer(self) -> RecordAnalyzer:
        """Analyses records of text."""
        return RecordAnalyzer(self.detector, self.analyst)

    def make_detector(self) -> Detector:
        """A voice activity detector for one leg."""
        return SpeechDetector(self.silero, self.settings.speech.vad)

    def make_segmenter(self, call_id: str, party: Party) -> LegSegmenter:
        """A segmenter for one leg."""
        endpointing = self.settings.speech.endpointing
        return LegSegmenter(call_id, party, self.make_detector(), endpointing)

    def inline_recogniser(self) -> InlineRecogniser:
        """Recognition in the caller's thread."""
        return InlineRecogniser(self.transcriber)

    def recogniser_pool(self, *, patient: bool = False) -> RecognitionPool:
        """Recognition in worker threads; close it, or use it as a context manager.

        Args:
            patient: Rather late than left out: for recordings, where nobody waits for a hint.
        """
        recognition = self.settings.speech.recognition
        limits = LoadLimits(
            draft_wait=recognition.draft_wait,
            hurry_wait=math.inf if patient else recognition.hurry_wait,
            agent_wait=math.inf if patient else recognition.agent_wait,
            call_wait=recognition.call_wait,
        )
        return RecognitionPool(self.transcriber, recognition.queue_size, limits=limits)

    def maker_for(
        self, feed: Feed, on_trace: Callable[[Trace], None] | None = None
    ) -> MakerFactory:
        """What a replay needs to make sessions that publish to ``feed``."""

        def factory(recogniser: Recogniser, deliver: Deliver) -> SessionMaker:
            return partial(self._session, feed, recogniser, deliver, on_trace)

        return factory

    def _session(
        self,
        feed: Feed,
        recogniser: Recogniser,
        deliver: Deliver,
        on_trace: Callable[[Trace], None] | None,
        started: CallStarted,
        clock: Callable[[], float],
    ) -> CallSession:
        channel = feed.open_call(
            started.call_id, started.started_at, tenant=started.tenant, agent=started.agent
        )
        parts = SessionParts(
            analyst=self.analyst(started.call_id, started.context),
            publisher=CallPublisher(feed, channel, self.translator),
            segmenters={party: self.make_segmenter(started.call_id, party) for party in Party},
            voices=VoiceMeter(self.settings.speech.prosody),
            judge=self.judge,
            recogniser=recogniser,
            deliver=deliver,
            on_trace=on_trace,
        )
        labels = Labels(
            recogniser=self.transcriber.capabilities.model,
            classifier=self.detector.name,
            playbook=self.guide.playbook_name,
        )
        return CallSession(started, parts, clock, labels)
