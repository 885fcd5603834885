"""A bank edits the model's data by hand: every mistake must be named, nothing may be dead."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rid_telephony.errors import DataError
from rid_telephony.rid.messages import STRATA
from rid_telephony.rid.profile.loading import DATA, load_profile_model
from rid_telephony.rid.profile.model import ProfileModel, signals_by_file
from rid_telephony.settings.rid import RidSettings

SHIPPED = DATA / "profile"


@pytest.fixture(scope="module")
def model() -> ProfileModel:
    return load_profile_model(RidSettings())


def edited(tmp_path: Path, name: str, old: str, new: str) -> RidSettings:
    """Settings with one shipped file replaced by an edited copy."""
    text = (SHIPPED / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return RidSettings(rules_dir=tmp_path)


def test_a_bank_can_replace_one_file_and_keep_the_others(tmp_path: Path) -> None:
    settings = edited(tmp_path, "relationship.yaml", "start: 18", "start: 33")
    assert load_profile_model(settings).data.relationship.score.start == 33


def test_a_bank_can_bring_its_own_catalogue(tmp_path: Path) -> None:
    shutil.copy(DATA / "catalogues" / "example.yaml", tmp_path / "ours.yaml")
    text = (tmp_path / "ours.yaml").read_text(encoding="utf-8").replace("示例银行", "我们银行")
    (tmp_path / "ours.yaml").write_text(text, encoding="utf-8")
    settings = RidSettings(catalogue=tmp_path / "ours.yaml")
    assert load_profile_model(settings).data.catalogue.bank == "我们银行"


def test_a_weight_of_an_unknown_signal_is_refused_by_name(tmp_path: Path) -> None:
    settings = edited(tmp_path, "state.yaml", "cue.threat: 45", "cue.thraet: 45")
    with pytest.raises(DataError, match=r"state\.yaml weighs signals.*cue\.thraet"):
        load_profile_model(settings)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("relationship.yaml", "probe: 25", "probe: 95", "gates must begin at 0 and rise"),
        ("relationship.yaml", "act.agree: 5", "act.agree: many", r"relationship\.yaml:\d+:\d+"),
        ("needs.yaml", "{growth: 0.3, inheritance", "{growht: 0.3, inheritance", "growht"),
        ("needs.yaml", "youth: 0", "youth: x", "from_age"),
        ("stratum.yaml", "stratum: unemployed,", "stratum: unemploied,", "unemploied"),
        ("stratum.yaml", "at_least: 25000", "at_least: 99999", "income bands must fall"),
        ("style.yaml", "owl: 0.35,", "owl: 1.5,", "less than 1"),
        ("cues.yaml", '"[呀啦哟喽咯]"', '"[呀啦哟喽咯"', "regular expression"),
        ("state.yaml", "then: dissatisfied", "then: angry", "angry comes and goes"),
        ("influence.yaml", "  trust:      ", "  trusst:      ", "indices must be"),
        ("matching.yaml", "averse: 2", "averse: 9", "risk levels are 1 to 5"),
        ("matching.yaml", "{needs}\n  misses", "{nedes}\n  misses", "nedes"),
    ],
)
def test_a_mistake_is_named_with_its_file(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    settings = edited(tmp_path, name, old, new)
    with pytest.raises(DataError, match=said) as caught:
        load_profile_model(settings)
    assert name in str(caught.value)


def test_a_catalogue_with_two_products_of_one_id_is_refused(tmp_path: Path) -> None:
    text = (DATA / "catalogues" / "example.yaml").read_text(encoding="utf-8")
    (tmp_path / "twice.yaml").write_text(text.replace("id: notice7", "id: demand"), "utf-8")
    with pytest.raises(DataError, match=r"twice\.yaml.*demand"):
        load_profile_model(RidSettings(catalogue=tmp_path / "twice.yaml"))


def test_every_cue_is_weighed_somewhere(model: ProfileModel) -> None:
    """A cue that moves nothing makes a reader believe in an effect that is not there."""
    weighed = {signal for signals in signals_by_file(model.data).values() for signal in signals}
    assert {f"cue.{name}" for name in model.data.cues.cues} <= weighed


def test_every_need_has_a_suitable_product_for_a_cautious_customer(model: ProfileModel) -> None:
    low = [one for one in model.data.catalogue.products if one.risk <= 2]
    bound = model.data.matching.served_from
    needs = {need for one in low for need, share in one.serves.items() if share >= bound}
    assert needs >= set(model.data.needs.names) - {"growth", "housing"}


def test_every_stratum_of_the_study_is_in_the_table(model: ProfileModel) -> None:
    assert len(model.data.stratum.strata) == 10
    used = {line.stratum for line in model.data.stratum.occupations}
    assert used == set(model.data.stratum.strata)
    for line in model.data.stratum.strata.values():
        assert sum(line.tiers.of(tier) for tier in STRATA) == pytest.approx(1.0)
