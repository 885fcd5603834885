"""Reads the profile model from its data files."""

from __future__ import annotations

from pathlib import Path

from rid_telephony.datafile import ModelT, read_data
from rid_telephony.rid.profile.catalogue import Catalogue
from rid_telephony.rid.profile.cues import CueBook
from rid_telephony.rid.profile.hearing import HearingRules
from rid_telephony.rid.profile.indices import InfluenceRules
from rid_telephony.rid.profile.matching import MatchRules
from rid_telephony.rid.profile.model import ProfileData, ProfileModel
from rid_telephony.rid.profile.needs import NeedRules
from rid_telephony.rid.profile.relationship import RelationshipRules
from rid_telephony.rid.profile.state import StateRules
from rid_telephony.rid.profile.stratum import StratumRules
from rid_telephony.rid.profile.style import StyleRules
from rid_telephony.settings.rid import RidSettings

DATA = Path(__file__).resolve().parents[2] / "data"
FOLDER = "profile"
"""Folder of the profile's files, in the shipped data and in ``rules_dir``."""


def load_profile_model(settings: RidSettings) -> ProfileModel:
    """Read weights, tables and catalogue.

    A file ``profile/<name>`` in ``settings.rules_dir`` replaces the shipped one of the same
    name; ``settings.catalogue`` replaces the example catalogue.

    Raises:
        DataError: A file cannot be read or is not valid; names file, line and column.
    """

    def read(name: str, model: type[ModelT]) -> ModelT:
        return read_data(_place(name, settings.rules_dir), model)

    catalogue = settings.catalogue or DATA / "catalogues" / "example.yaml"
    data = ProfileData(
        hearing=read("hearing.yaml", HearingRules),
        cues=read("cues.yaml", CueBook),
        relationship=read("relationship.yaml", RelationshipRules),
        style=read("style.yaml", StyleRules),
        influence=read("influence.yaml", InfluenceRules),
        stratum=read("stratum.yaml", StratumRules),
        needs=read("needs.yaml", NeedRules),
        matching=read("matching.yaml", MatchRules),
        state=read("state.yaml", StateRules),
        catalogue=read_data(catalogue, Catalogue),
    )
    return ProfileModel(data, settings.min_text_confidence)


def _place(name: str, rules_dir: Path | None) -> Path:
    if rules_dir is not None and (rules_dir / FOLDER / name).is_file():
        return rules_dir / FOLDER / name
    return DATA / FOLDER / name
