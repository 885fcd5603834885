"""Whisper with an encoder that sees only as much as was said.

CTranslate2's encoder takes fewer than the 3000 frames (30 s) that Whisper was trained on. At
1200 frames it costs a third at no more errors than faster-whisper's own transcription, if what
follows the speech is filled with the spectrogram's own floor (zeros double the errors) and the
context is not cut closer (loops).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr
from numpy.typing import NDArray

from rid_telephony.media.messages import SAMPLE_RATE, Samples
from rid_telephony.settings.speech import RecognitionSettings
from rid_telephony.speech.messages import Transcript
from rid_telephony.speech.recogniser import Capabilities
from rid_telephony.speech.rejection import is_loop, rejection
from rid_telephony.speech.text import normalise

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

WHISPER_RATE = 16_000
FRAMES_PER_SECOND = 100
FULL_CONTEXT = 3000
"""Encoder frames of the 30 s that Whisper was trained on."""
_MEL_FLOOR = 2.0
"""Whisper's log-mel spectrogram spans 8 decades divided by 4: the floor lies 2.0 below its top."""
_MAX_TOKENS = 448
"""Whisper's decoder length, prompt included."""

Mel = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    confidence: float
    no_speech: float
    exhausted: bool
    """The token limit ended it, not the model."""


class WhisperTranscriber:
    """faster-whisper's model behind the :class:`Transcriber` protocol; thread safe.

    Args:
        model: As :func:`rid_telephony.weights.load_whisper` opens it.
        settings: Language, prompt, beam, context, filters.
        workers: Recognitions that the model was opened for.
    """

    def __init__(self, model: WhisperModel, settings: RecognitionSettings, workers: int) -> None:
        # Imported here: importing this module must not need the optional extra.
        from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415
        from faster_whisper.transcribe import get_suppressed_tokens  # noqa: PLC0415

        self._model = model
        self._settings = settings
        self._capabilities = Capabilities(
            settings.model, workers, (FULL_CONTEXT - 1) / FRAMES_PER_SECOND
        )
        self._tokenizer = Tokenizer(
            model.hf_tokenizer,
            model.model.is_multilingual,
            task="transcribe",
            language=settings.language,
        )
        self._suppressed = list(get_suppressed_tokens(self._tokenizer, [-1]))
        self._prompt = model.get_prompt(
            self._tokenizer,
            self._tokenizer.encode(" " + settings.prompt) if settings.prompt else [],
            without_timestamps=True,
        )

    @property
    def capabilities(self) -> Capabilities:
        """Name, workers and length limit of the model."""
        return self._capabilities

    def transcribe(self, samples: Samples, *, hurried: bool = False) -> Transcript:
        """Recognise one utterance, see :class:`rid_telephony.speech.recogniser.Transcriber`."""
        if not np.any(samples):
            return Transcript("", 0.0, 1.0, rejected="silence")
        mel = self._spectrogram(samples)
        seconds = mel.shape[1] / FRAMES_PER_SECOND
        beam = 1 if hurried else self._settings.beam_size
        decoded = self._decode(mel, self._context(mel.shape[1]), seconds, beam)
        if decoded.exhausted or is_loop(decoded.text):
            decoded = self._decode(mel, FULL_CONTEXT, seconds, beam)
        text = normalise(decoded.text)
        settings = self._settings
        rejected = rejection(text, decoded.no_speech, settings.prompt, settings.max_no_speech)
        return Transcript("" if rejected else text, decoded.confidence, decoded.no_speech, rejected)

    def _spectrogram(self, samples: Samples) -> Mel:
        """Return the log-mel spectrogram, shape (bands, frames), of at most 30 s."""
        audio = samples.astype(np.float32) / 32768
        wide = soxr.resample(audio, SAMPLE_RATE, WHISPER_RATE)
        mel: Mel = self._model.feature_extractor(wide)
        return mel[:, : FULL_CONTEXT - 1]

    def _context(self, content: int) -> int:
        """Return the encoder frames for so many frames of content; even, as its stride wants."""
        wanted = max(self._settings.context_frames, content + self._settings.context_margin_frames)
        return min(wanted + wanted % 2, FULL_CONTEXT)

    def _decode(self, mel: Mel, context: int, seconds: float, beam: int) -> _Decoded:
        padded = np.full((mel.shape[0], context), mel.max() - _MEL_FLOOR, dtype=np.float32)
        padded[:, : mel.shape[1]] = mel
        settings = self._settings
        budget = math.ceil(settings.tokens_base + settings.tokens_per_second * seconds)
        limit = min(len(self._prompt) + budget, _MAX_TOKENS)
        result: Any = self._model.model.generate(
            self._model.encode(padded),
            [self._prompt],
            beam_size=beam,
            max_length=limit,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
        )[0]
        tokens: list[int] = result.sequences_ids[0]
        # The score is the mean over the tokens; with the end token it is one more.
        mean = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return _Decoded(
            text=self._tokenizer.decode(tokens).strip(),
            confidence=min(1.0, math.exp(mean)),
            no_speech=min(1.0, max(0.0, result.no_speech_prob)),
            exhausted=len(self._prompt) + len(tokens) >= limit,
        )
