"""The corpus and its noise: a broken record must be named, noise must keep the sound."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.errors import InputError
from rid_telephony.rid.text import sound
from rid_telephony.training.corpus import load_corpus, load_recognised
from rid_telephony.training.noise import HomophoneNoise

CUSTOMER = '{{"id":"{id}","text":"好","objection":"none","emotion":"neutral","act":"agree"}}'
AGENT = '{"id":"g1","text":"您好","act":"greeting","compliance":[]}'


def source(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - noise for a test, not for secrets


def corpus(directory: Path, *, customer: str, agent: str = AGENT) -> Path:
    for name, text in (("customer/a1.jsonl", customer), ("agent/ag1.jsonl", agent)):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return directory


def test_the_writer_is_told_by_the_file_name(tmp_path: Path) -> None:
    loaded = load_corpus(corpus(tmp_path, customer=CUSTOMER.format(id="1")))
    assert [(one.writer, one.batch) for one in loaded.customer] == [("a", "a1")]
    assert [(one.writer, one.batch) for one in loaded.agent] == [("ag", "ag1")]


def test_a_broken_record_is_named_with_file_and_line(tmp_path: Path) -> None:
    broken = CUSTOMER.format(id="1") + "\n{not json"
    with pytest.raises(InputError, match=r"a1\.jsonl:2: "):
        load_corpus(corpus(tmp_path, customer=broken))


def test_an_unknown_field_is_refused_so_that_a_typo_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a1\.jsonl:1: .*objektion: Extra"):
        load_corpus(
            corpus(tmp_path, customer=CUSTOMER.format(id="1").replace("objection", "objektion"))
        )


def test_an_id_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    twice = CUSTOMER.format(id="1") + "\n" + CUSTOMER.format(id="1")
    with pytest.raises(InputError, match=r"a1\.jsonl:2: the id '1' stands at .*a1\.jsonl:1 too"):
        load_corpus(corpus(tmp_path, customer=twice))


def test_an_empty_corpus_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \.jsonl file"):
        load_corpus(tmp_path)


def test_what_a_recogniser_could_not_hear_is_not_learned_from(tmp_path: Path) -> None:
    path = tmp_path / "recognised" / "customer.jsonl"
    path.parent.mkdir()
    path.write_text(
        '{"id":"1","text":"好","cer":0.2,"voice":"x"}\n{"id":"1","text":"哈","cer":1.0}\n',
        encoding="utf-8",
    )
    assert load_recognised(tmp_path) == {"1": ["好"]}
    assert load_recognised(tmp_path / "elsewhere") == {}


@given(st.integers(0, 1000))
def test_noise_keeps_length_and_sound_of_every_character(seed: int) -> None:
    text = "我再考虑考虑这个理财的收益有点低"
    noise = HomophoneNoise([text, "利力立历粒烤靠在于鱼一衣医"], rate=0.5, unmarked=0.0)
    copy = noise.copy(text, source(seed))
    assert [sound(character) for character in copy] == [sound(character) for character in text]


def test_noise_is_the_same_for_the_same_seed() -> None:
    noise = HomophoneNoise(["利力立历粒里离"], rate=0.9, unmarked=0.5)
    copies = [noise.copy("利息，利率", source(7)) for _ in range(2)]
    assert copies[0] == copies[1]
