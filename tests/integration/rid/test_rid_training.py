"""Training makes a working model, the same one each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_encoder import tiny_start

from rid_telephony.errors import InputError
from rid_telephony.evaluation.labelled import score_utterances
from rid_telephony.rid.loading import load_signal_detector
from rid_telephony.rid.messages import AGENT_ACTS, EMOTIONS
from rid_telephony.settings.rid import RidSettings
from rid_telephony.training.encoder.fit import Course
from rid_telephony.training.train import Plan, train

pytestmark = pytest.mark.integration

CUSTOMER = {
    "none": ["利息多少", "怎么买", "你说", "嗯好的", "我做工程的"],
    "polite_refusal": ["谢谢不用了", "我不需要", "没兴趣", "不买", "算了吧"],
    "accusation": ["别再打了", "骗子滚", "我投诉你们", "谁给你我号码的", "烦死了"],
    "doubt": ["真的假的", "我不信", "你是骗子吧", "有这好事", "真是银行的吗"],
    "not_now": ["我在开会", "年底再说", "在开车", "改天吧", "等到期再说"],
    "hesitation": ["我再想想", "考虑一下", "跟老婆商量", "再看看", "让我想想"],
    "product_objection": ["太低了", "太长了", "门槛太高", "手续费太贵", "风险太大"],
}


def records() -> Iterator[tuple[str, dict[str, object]]]:
    """Small batches by two customers and two agents, every label in each."""
    for writer in "ab":
        for label, texts in CUSTOMER.items():
            for number, text in enumerate(texts):
                yield (
                    f"customer/{writer}1.jsonl",
                    {
                        "id": f"{writer}-{label}-{number}",
                        "context": "您看怎么样",
                        "text": text + ("啊" if writer == "b" else ""),
                        "objection": label,
                        "emotion": EMOTIONS[number % len(EMOTIONS)],
                        "act": "objection" if label != "none" else "question",
                        "topics": ["yield"] if "低" in text else [],
                        "facts": {},
                    },
                )
    for batch in ("ag1", "h1"):
        for number, act in enumerate(AGENT_ACTS):
            text = f"这款保本第{number}句" if number % 2 else f"您好第{number}句"
            yield (
                f"agent/{batch}.jsonl",
                {
                    "id": f"{batch}-{number}",
                    "text": text,
                    "act": act,
                    "compliance": ["guarantee"] if number % 2 else [],
                },
            )


def plan(seed: int) -> Plan:
    texts = [str(record["text"]) for _, record in records()]
    return Plan(seed=seed, course=Course(epochs=2, rate=1e-3), start=lambda: tiny_start(texts))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    for name, record in records():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return root


def test_a_trained_model_loads_and_beats_the_trivial_score_on_what_it_learned(
    corpus: Path, tmp_path: Path
) -> None:
    training = train(corpus, tmp_path / "model", plan(3))
    assert {one.head.name for one in training.heads} == {
        "customer.objection",
        "customer.emotion",
        "customer.act",
        "customer.topics",
        "agent.act",
        "agent.compliance",
    }
    labelled = tmp_path / "labelled"
    labelled.mkdir()
    (labelled / "customer.jsonl").write_bytes((corpus / "customer" / "a1.jsonl").read_bytes())
    detector = load_signal_detector(RidSettings(model_dir=tmp_path / "model"))
    report = score_utterances(detector, labelled)
    figure = next(one for one in report.figures if one.name == "objection macro-F1")
    assert figure.trivial is not None
    assert figure.value > figure.trivial + 0.5


def test_the_same_corpus_and_seed_give_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        train(corpus, tmp_path / name, plan(5))
    for name in ("model.onnx", "config.json", "vocabulary.txt", "MODEL_CARD.md"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_corpus_of_one_writer_is_refused_since_nothing_could_be_held_out(
    corpus: Path, tmp_path: Path
) -> None:
    for name in ("customer/a1.jsonl", "agent/ag1.jsonl", "agent/h1.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((corpus / name).read_bytes())
    with pytest.raises(InputError, match="two writers"):
        train(tmp_path, tmp_path / "model", plan(1))
