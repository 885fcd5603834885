"""The transcriber around a model that is not there: context, padding, limits, retry."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rid_telephony.settings.speech import RecognitionSettings
from rid_telephony.speech.whisper import FULL_CONTEXT, WhisperTranscriber

EOT = 90_000
PROMPT_TOKENS = 5


class CharacterTokens:
    """A tokenizer whose tokens are code points; special tokens lie above."""

    def token_to_id(self, token: str) -> int:
        return EOT + sum(token.encode())

    def encode(self, text: str, add_special_tokens: bool) -> Any:
        assert not add_special_tokens
        return SimpleNamespace(ids=[ord(character) for character in text])

    def decode(self, tokens: list[int]) -> str:
        return "".join(chr(token) for token in tokens)


@dataclass
class FakeModel:
    """Answers each decoding with the next text, and records what it was asked."""

    answers: list[str]
    no_speech: float = 0.0
    score: float = -0.5
    contexts: list[NDArray[np.float32]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    is_multilingual = True
    hf_tokenizer = CharacterTokens()

    def __post_init__(self) -> None:
        self.model = SimpleNamespace(is_multilingual=True, generate=self._generate)

    def feature_extractor(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        frames = len(audio) // 160 + 1
        return np.linspace(-1.5, 1.0, 80 * frames, dtype=np.float32).reshape(80, frames)

    def get_prompt(self, _tokenizer: object, _previous: list[int], **_options: Any) -> list[int]:
        return [1] * PROMPT_TOKENS

    def encode(self, mel: NDArray[np.float32]) -> NDArray[np.float32]:
        self.contexts.append(mel)
        return mel

    def _generate(self, _encoded: object, _prompts: list[list[int]], **options: Any) -> list[Any]:
        self.asked.append(options)
        text = self.answers.pop(0)
        tokens = [ord(character) for character in text]
        tokens = tokens[: options["max_length"] - PROMPT_TOKENS]
        return [
            SimpleNamespace(
                sequences_ids=[tokens], scores=[self.score], no_speech_prob=self.no_speech
            )
        ]


def transcriber(model: FakeModel, **settings: Any) -> WhisperTranscriber:
    values = {"context_frames": 1000, **settings}
    return WhisperTranscriber(model, RecognitionSettings(**values), 1)  # type: ignore[arg-type] # a fake


def speech(seconds: float) -> NDArray[np.int16]:
    return np.ones(round(seconds * 8000), dtype=np.int16)


def test_a_short_utterance_costs_a_short_context() -> None:
    model = FakeModel(["好的。"])

    transcript = transcriber(model).transcribe(speech(2.0))

    assert transcript.text == "好的。"
    assert model.contexts[0].shape == (80, 1000)


def test_the_context_is_filled_up_with_the_floor_of_the_spectrogram() -> None:
    """Filled with zeros, as the library does, errors double."""
    model = FakeModel(["好"])

    transcriber(model).transcribe(speech(2.0))

    content, padding = model.contexts[0][:, :201], model.contexts[0][:, 201:]
    assert content.max() == pytest.approx(1.0)
    np.testing.assert_allclose(padding, 1.0 - 2.0, atol=1e-6)


@pytest.mark.parametrize(("seconds", "frames"), [(10.0, 1052), (12.0, 1252), (29.5, FULL_CONTEXT)])
def test_a_long_utterance_gets_a_context_that_holds_it_with_a_margin(
    seconds: float, frames: int
) -> None:
    model = FakeModel(["好"])

    transcriber(model).transcribe(speech(seconds))

    assert model.contexts[0].shape[1] == frames


def test_what_exceeds_thirty_seconds_is_not_heard() -> None:
    model = FakeModel(["好"])

    transcriber(model).transcribe(speech(60.0))

    assert model.contexts[0].shape[1] == FULL_CONTEXT


def test_tokens_are_limited_by_the_length_of_the_speech() -> None:
    model = FakeModel(["好"])

    transcriber(model).transcribe(speech(2.0))

    assert model.asked[0]["max_length"] == PROMPT_TOKENS + math.ceil(10 + 12 * 2.01)


def test_a_loop_is_decoded_once_more_with_the_whole_context() -> None:
    model = FakeModel(["不要" * 20, "不要"])

    transcript = transcriber(model).transcribe(speech(3.0))

    assert transcript.text == "不要"
    assert [mel.shape[1] for mel in model.contexts] == [1000, FULL_CONTEXT]


def test_words_cut_off_by_the_token_limit_are_decoded_once_more() -> None:
    endless = "".join(chr(0x4E00 + number) for number in range(200))
    model = FakeModel([endless, "好的"])

    assert transcriber(model).transcribe(speech(1.0)).text == "好的"


def test_a_loop_that_stays_is_thrown_away() -> None:
    model = FakeModel(["不要" * 10, "不要" * 10])

    transcript = transcriber(model).transcribe(speech(3.0))

    assert (transcript.text, transcript.rejected) == ("", "loop")
    assert len(model.contexts) == 2


@pytest.mark.parametrize(
    ("answer", "no_speech", "reason"),
    [("谢谢观看", 0.9, "no_speech"), ("普通话的句子。", 0.0, "prompt_leak"), ("", 0.0, "empty")],
)
def test_words_over_noise_are_thrown_away(answer: str, no_speech: float, reason: str) -> None:
    transcript = transcriber(FakeModel([answer], no_speech)).transcribe(speech(1.0))

    assert (transcript.text, transcript.rejected) == ("", reason)
    assert transcript.no_speech == no_speech


@pytest.mark.parametrize("count", [0, 1, 80, 8000])
def test_digital_silence_is_not_decoded(count: int) -> None:
    model = FakeModel([])

    transcript = transcriber(model).transcribe(np.zeros(count, dtype=np.int16))

    assert transcript.rejected == "silence"


def test_one_sample_of_sound_is_no_crash() -> None:
    assert transcriber(FakeModel(["好"])).transcribe(speech(1 / 8000)).text == "好"


def test_confidence_is_the_mean_probability_of_the_tokens() -> None:
    transcript = transcriber(FakeModel(["你好"], score=-0.3)).transcribe(speech(1.0))

    assert transcript.confidence == pytest.approx(math.exp(-0.3 * 2 / 3))
