"""Run corpus utterances through speech, a telephone line and the recogniser, and keep the text.

The corpus holds what people say; the classifier reads what the recogniser writes. Each utterance
is spoken by a text-to-speech voice, degraded as a telephone line does (300-3400 Hz, noise, G.711,
lost packets) and recognised with the settings that the product runs with. Labels stay in the
corpus; the records written here are joined to it by their id.

The directory given as ``--tts-dir`` holds ``tts.py`` (a class ``TTS`` with ``say(text, voice,
speed)``, 24 kHz) and ``telephone.py`` (``degrade``, 8 kHz). Where its weights and voices lie is
told to ``tts.py`` by its own environment variables.

What happens to an utterance depends on its id alone, so that a run can be stopped at any time and
resumed by the same command: ids that the output holds already are passed over.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from string import ascii_uppercase, digits
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rid_telephony.evaluation.text_error import character_errors
from rid_telephony.media.messages import SAMPLE_RATE, Samples
from rid_telephony.settings.speech import RecognitionSettings
from rid_telephony.speech.recogniser import Transcriber
from rid_telephony.speech.text import letters_of, normalise
from rid_telephony.speech.whisper import WhisperTranscriber
from rid_telephony.weights import load_whisper

Audio = NDArray[np.float64]

SPEECH_RATE = 24_000
VOICES = (
    "zf_xiaobei",
    "zf_xiaoxiao",
    "zf_xiaoyi",
    "zm_yunjian",
    "zm_yunxi",
    "zm_yunxia",
    "zm_yunyang",
)
"""Kokoro's Mandarin voices without zf_xiaoni, which is not intelligible."""
MIXTURES = tuple("+".join(pair) for pair in combinations(VOICES, 2))
SINGLE_SHARE = 0.5
"""Share of utterances spoken by one voice alone; the others by an equal mixture of two."""
SPEEDS = (0.85, 1.2)
SNR_DB = (10.0, 28.0)
LEVEL_DB = (-28.0, -18.0)
"""Active speech level, dB relative to full scale."""
MAX_LOSS = 0.02
BABBLE_SHARE = 0.4
"""Share of utterances over babble; the others over pink noise."""
PRE_ROLL, TRAIL = 0.3, 0.2
"""Seconds around the speech, as the product's endpointing leaves them."""
NOISE_SECONDS = 60
TALKERS = 6
SENTENCES_PER_TALKER = 2
SHORT = 8
"""Letters of a line that is short: where recognition has the least to go by."""
OTHERS_STEP = 3
"""One of the other lines follows after so many of the first group, see :func:`plan`."""

# Letters as Mandarin speakers spell them; the text-to-speech front end reads no Latin letters.
_LETTERS = (
    "诶 必 西 弟 一 艾弗 记 艾尺 爱 杰 开 艾勒 艾姆 恩 欧 屁 扣 阿尔 艾斯 踢 优 威 达不溜"
    " 艾克斯 外 贼"
)
_SPOKEN = str.maketrans(
    dict(zip(ascii_uppercase, _LETTERS.split(), strict=True))
    | dict(zip(digits, "零一二三四五六七八九", strict=True))
)

Line = Callable[..., tuple[Samples, dict[str, Any]]]
"""``degrade`` of ``telephone.py``: speech and line in, int16 at 8 kHz and what was done out."""


class Speaker(Protocol):
    """Text to speech, as ``tts.py`` in ``--tts-dir`` does it."""

    def say(self, text: str, voice: str, speed: float) -> NDArray[np.float32]:
        """Return speech at 24 kHz, -1..1."""


@dataclass(frozen=True, slots=True)
class Source:
    """An utterance of the corpus: its id, words, writer (file), and the label it is spread by."""

    id: str
    text: str
    writer: str
    label: str
    first: bool


@dataclass(frozen=True, slots=True)
class Recognised:
    """A record of the output.

    Attributes:
        id: Of the corpus record.
        text: As recognised, in normal form; empty if rejected.
        voice: Voice, or two joined by ``+``.
        speed: Of speaking, 1.0 is the voice's own.
        law: ``alaw`` or ``ulaw``.
        snr_db: Signal to noise ratio, dB.
        noise: ``pink`` or ``babble``.
        loss: 0..1, share of packets that were lost.
        cer: Character error rate against the corpus text; may exceed 1.
        confidence: 0..1, the recogniser's.
        rejected: Why the text is empty, see :class:`rid_telephony.speech.messages.Transcript`.
    """

    id: str
    text: str
    voice: str
    speed: float
    law: str
    snr_db: float
    noise: str
    loss: float
    cer: float
    confidence: float
    rejected: str = ""


def read_corpus(directory: Path) -> list[Source]:
    """Read every utterance of a party's corpus."""
    return [
        _source(json.loads(line), path.stem)
        for path in sorted(directory.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def _source(record: dict[str, Any], writer: str) -> Source:
    compliance = "+".join(record.get("compliance", ()))
    objection = record.get("objection", "none").replace("none", "")
    is_agent = "compliance" in record
    # An agent's clean lines are the hard negatives of the violations: they come first as well.
    first = is_agent or bool(objection) or len(letters_of(record["text"])) <= SHORT
    label = compliance or objection or record["act"]
    return Source(record["id"], record["text"], writer, label, first)


def plan(sources: Sequence[Source]) -> list[Source]:
    """Put utterances in an order of which any beginning is spread over writers and labels.

    Objections and short lines come first, but after every third of them one of the other lines:
    if recognised lines were objections only, a classifier would learn that errors of recognition
    mean an objection.
    """
    first = _spread(source for source in sources if source.first)
    others = _spread(source for source in sources if not source.first)
    keyed = [(float(place), source) for place, source in enumerate(first)]
    keyed += [((place + 1) * OTHERS_STEP - 0.5, source) for place, source in enumerate(others)]
    return [source for _, source in sorted(keyed, key=lambda entry: entry[0])]


def _spread(sources: Iterable[Source]) -> list[Source]:
    strata: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for source in sorted(sources, key=lambda source: _hash(source.id)):
        strata[source.writer, source.label].append(source)
    ranked = [(rank, source) for group in strata.values() for rank, source in enumerate(group)]
    ranked.sort(key=lambda entry: (entry[0], _hash(entry[1].id)))
    return [source for _, source in ranked]


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())


def make_noises(speaker: Speaker, texts: Sequence[str]) -> dict[str, Audio]:
    """Make a minute of pink noise and of babble, 8 kHz; the line sets their level."""
    rng = np.random.default_rng(0)
    length = NOISE_SECONDS * SAMPLE_RATE
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, 20.0)), length)
    babble = np.zeros(length)
    for talker in range(TALKERS):
        said = texts[talker * SENTENCES_PER_TALKER : (talker + 1) * SENTENCES_PER_TALKER]
        voice = VOICES[talker % len(VOICES)]
        track = np.concatenate([speaker.say(speakable(text), voice, 1.0) for text in said])
        # Every third sample, unfiltered: what folds back is as babbling as the rest.
        heard = np.resize(track[:: SPEECH_RATE // SAMPLE_RATE].astype(np.float64), length)
        babble += np.roll(heard, int(rng.integers(length)))
    return {"pink": pink, "babble": babble}


def speakable(text: str) -> str:
    """Return a text in normal form with its Latin letters spelled in Chinese."""
    return normalise(text).upper().translate(_SPOKEN)


def recognise(
    source: Source,
    speaker: Speaker,
    line: Line,
    noises: dict[str, Audio],
    transcriber: Transcriber,
) -> Recognised:
    """Speak, degrade and recognise one utterance; the same each time for the same id."""
    rng = np.random.default_rng(_hash(source.id))
    voice = str(rng.choice(VOICES if rng.random() < SINGLE_SHARE else MIXTURES))
    speed = round(float(rng.uniform(*SPEEDS)), 2)
    law = str(rng.choice(("alaw", "ulaw")))
    noise = "babble" if rng.random() < BABBLE_SHARE else "pink"
    snr_db = round(float(rng.uniform(*SNR_DB)), 1)
    loss, level = float(rng.uniform(0, MAX_LOSS)), float(rng.uniform(*LEVEL_DB))
    audio = speaker.say(speakable(source.text), voice, speed)
    mixed = (audio, SPEECH_RATE, noises[noise], rng, snr_db, law, loss)
    heard, done = line(*mixed, level_db=level, lead=PRE_ROLL, trail=TRAIL)
    transcript = transcriber.transcribe(heard)
    return Recognised(
        source.id,
        transcript.text,
        voice,
        speed,
        law,
        snr_db,
        noise,
        round(float(done["loss"]), 4),
        round(character_errors(source.text, transcript.text).rate, 3),
        round(transcript.confidence, 3),
        transcript.rejected,
    )


def as_line(record: Recognised) -> str:
    """Return the record as a line of JSON; ``rejected`` only where it says something."""
    fields = {key: value for key, value in asdict(record).items() if key != "rejected" or value}
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _done(output: Path) -> set[str]:
    if not output.exists():
        return set()
    return {json.loads(line)["id"] for line in output.read_text(encoding="utf-8").splitlines()}


def _until(deadline: float, sources: Iterable[Source]) -> Iterator[Source]:
    for source in sources:
        if time.monotonic() > deadline:
            return
        yield source


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tts-dir", type=Path, required=True, help="holds tts.py, telephone.py")
    parser.add_argument("--corpus", type=Path, required=True, help="a party's *.jsonl")
    parser.add_argument("--output", type=Path, required=True, help="JSON Lines, appended to")
    parser.add_argument("--limit", type=int, help="records that the output shall hold at most")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which to stop")
    return parser.parse_args()


def main() -> None:
    """Recognise what the output lacks, one utterance after another, on one thread."""
    arguments = _arguments()
    deadline = time.monotonic() + arguments.minutes * 60
    sys.path.insert(0, str(arguments.tts_dir))
    speaker: Speaker = importlib.import_module("tts").TTS(threads=1)
    line: Line = importlib.import_module("telephone").degrade
    settings = RecognitionSettings(workers=1)
    transcriber = WhisperTranscriber(load_whisper(settings), settings, workers=1)
    sources = read_corpus(arguments.corpus)
    noises = make_noises(speaker, [source.text for source in sources])
    done = _done(arguments.output)
    missing = [source for source in plan(sources) if source.id not in done]
    if arguments.limit is not None:
        missing = missing[: max(0, arguments.limit - len(done))]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with arguments.output.open("a", encoding="utf-8") as out:
        for source in _until(deadline, missing):
            out.write(as_line(recognise(source, speaker, line, noises, transcriber)))
            out.flush()


if __name__ == "__main__":
    main()
