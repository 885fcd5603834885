"""The shipped detector as users get it: model, lexicons and rules together."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from functools import cache
from pathlib import Path

import pytest

from rid_telephony.calls.messages import Party
from rid_telephony.errors import DataError, ModelError
from rid_telephony.rid.loading import MODEL, load_classifier, load_signal_detector
from rid_telephony.rid.messages import AgentSignals, CustomerSignals
from rid_telephony.rid.signals import Request, SignalDetector
from rid_telephony.settings.rid import RidSettings
from rid_telephony.speech.messages import Prosody, Utterance

pytestmark = pytest.mark.integration


@cache
def shipped() -> SignalDetector:
    return load_signal_detector(RidSettings())


def said(text: str, party: Party = Party.CUSTOMER, prosody: Prosody | None = None) -> Utterance:
    return Utterance("c", "u", party, 0.0, max(0.5, len(text) / 4), text, 1.0, prosody)


def customer(text: str, context: str = "") -> CustomerSignals:
    signals = shipped().detect(said(text), context)
    assert isinstance(signals, CustomerSignals)
    return signals


@pytest.mark.parametrize(
    ("text", "context", "objection"),
    [
        ("你们怎么又打电话来了，烦不烦", "您好，我是银行的", "accusation"),
        ("真的假的，你不会是骗子吧", "您好，我是银行的", "doubt"),
        ("我在开会，下午再打吧", "方便说话吗", "not_now"),
        ("我再考虑考虑，跟老婆商量一下", "您看怎么样", "hesitation"),
        ("收益太低了，还不如存定期", "年化两点五", "product_objection"),
        ("谢谢不用了，我不需要", "给您介绍一款理财", "polite_refusal"),
        ("一年的利息有多少", "给您介绍一款理财", "none"),
    ],
)
def test_a_plain_objection_of_each_kind_is_recognised(
    text: str, context: str, objection: str
) -> None:
    assert customer(text, context).objection.label == objection


@pytest.mark.parametrize(
    ("text", "objection"),
    [
        ("我再烤绿烤绿", "hesitation"),
        ("收医太低了", "product_objection"),
        ("不虚要不虚要", "polite_refusal"),
    ],
)
def test_an_objection_is_recognised_although_it_was_misheard(text: str, objection: str) -> None:
    assert customer(text, "您看怎么样").objection.label == objection


def test_probabilities_of_every_head_sum_to_one() -> None:
    signals = customer("那行吧，我先买五万试试")
    for choice in (signals.objection, signals.emotion, signals.act):
        assert sum(choice.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_anger_in_words_shows_in_emotion_and_valence() -> None:
    signals = customer("滚，再打我投诉你们，一群骗子")
    assert signals.emotion.label == "angry"
    assert signals.valence < -0.3
    assert signals.arousal > 0.5


def test_a_raised_voice_raises_arousal() -> None:
    raised = Prosody(pitch_delta_st=4.0, loudness_delta_db=8.0, rate_delta=1.3)
    with_voice = shipped().detect(said("我知道了", prosody=raised))
    assert isinstance(with_voice, CustomerSignals)
    assert with_voice.arousal > customer("我知道了").arousal


def test_an_agents_violation_is_found_and_clean_speech_is_not_flagged() -> None:
    bad = shipped().detect(said("保本保息，稳赚不赔", Party.AGENT))
    good = shipped().detect(said("这款不保本，净值会波动，您慢慢考虑", Party.AGENT))
    assert isinstance(bad, AgentSignals)
    assert isinstance(good, AgentSignals)
    assert "guarantee" in {finding.label for finding in bad.findings}
    assert good.findings == ()


def test_an_utterance_takes_a_few_milliseconds_and_six_hundred_take_seconds() -> None:
    texts = ["我再考虑考虑吧，你先把资料发给我看看", "嗯", "你们这个收益也太低了，锁三年我等不了"]
    requests = [Request(said(texts[n % 3]), "您看这款怎么样") for n in range(600)]
    one = shipped()
    one.detect(requests[0].utterance)
    times = []
    for request in requests[:60]:
        begin = time.perf_counter()
        one.detect(request.utterance, request.context)
        times.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    assert len(one.detect_many(requests)) == 600
    assert time.perf_counter() - begin < 20
    assert statistics.quantiles(times, n=20)[-1] < 0.1  # 10 ms on an idle core; machines differ


def test_a_missing_model_is_named_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json.*rid-telephony train"):
        load_signal_detector(RidSettings(model_dir=tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [("model.onnx", b"not a graph"), ("config.json", b"{}"), ("config.json", b"{")],
)
def test_a_damaged_model_is_named_and_no_traceback(
    tmp_path: Path, name: str, content: bytes
) -> None:
    copy = tmp_path / "signals"
    shutil.copytree(MODEL, copy)
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged"):
        load_classifier(copy)


def test_a_model_trained_with_another_lexicon_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "signals"
    shutil.copytree(MODEL, copy)
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config["lexicon"]["cues.yaml"] = "0" * 64
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match=r"trained with another"):
        load_classifier(copy)


def test_a_banks_own_rules_replace_the_shipped_ones_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "must_say.yaml").write_text(
        "version: 1\nitems:\n  - id: motto\n    name: {zh: 口号, en: motto}\n"
        "    patterns: ['诚信为本']\n    safe_wording: {zh: 诚信为本, en: honesty}\n",
        encoding="utf-8",
    )
    own = load_signal_detector(RidSettings(rules_dir=tmp_path))
    assert own.detect_said("我们诚信为本，通话会录音") == ("motto",)


def test_a_banks_broken_rule_file_is_named_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "compliance.yaml").write_text("version: 1\nrulez: []\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"compliance\.yaml:2:1: rulez"):
        load_signal_detector(RidSettings(rules_dir=tmp_path))


def test_the_shipped_model_is_small_and_has_its_card() -> None:
    size = sum(path.stat().st_size for path in MODEL.iterdir())
    assert size < 40_000_000
    card = (MODEL / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "customer.objection" in card
    assert "Limits" in card


@pytest.mark.parametrize("text", ["。。。！？", "…", "   ", "，"])
def test_punctuation_alone_is_no_objection(text: str) -> None:
    """A recogniser that hears only noise must not put an objection into a customer's mouth."""
    signals = customer(text, "您考虑得怎么样了")
    assert signals.objection.label == "none"
    assert not signals.topics


def test_an_act_never_contradicts_the_objection() -> None:
    for text in ("谢谢不用了，我不需要", "一年的利息有多少", "你们害我亏了五万，我要投诉"):
        signals = customer(text)
        without = signals.objection.label == "none"
        assert (signals.act.probabilities["objection"] == 0) == without
        assert sum(signals.act.probabilities.values()) == pytest.approx(1)


def test_rules_in_a_directory_that_is_not_there_are_not_silently_the_shipped_ones(
    tmp_path: Path,
) -> None:
    with pytest.raises(DataError, match="no directory"):
        load_signal_detector(RidSettings(rules_dir=tmp_path / "nowhere"))


def test_a_vocabulary_of_another_model_is_refused(tmp_path: Path) -> None:
    shutil.copytree(MODEL, tmp_path / "model")
    (tmp_path / "model" / "vocabulary.txt").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="features"):
        load_classifier(tmp_path / "model")
