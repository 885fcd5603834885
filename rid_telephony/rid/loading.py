"""Loads the signal detector: model, lexicons and rules from their files."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import onnxruntime
from pydantic import ValidationError
from tokenizers import Tokenizer

from rid_telephony.datafile import ModelT, read_data
from rid_telephony.errors import DataError, ModelError
from rid_telephony.rid.classifier import ClassifierConfig, SignalClassifier
from rid_telephony.rid.compliance import ComplianceBook, ComplianceDetector, MustSay, MustSayBook
from rid_telephony.rid.emotion import EmotionBook, EmotionFusion
from rid_telephony.rid.encoder import TextEncoder
from rid_telephony.rid.facts import FactBook, FactReader
from rid_telephony.rid.lexicon import CueBook, Cues, TermBook
from rid_telephony.rid.session import Session
from rid_telephony.rid.signals import AGENT_HEADS, CUSTOMER_HEADS, DetectorParts, SignalDetector
from rid_telephony.rid.topics import TopicBook, TopicFinder
from rid_telephony.settings.rid import RidSettings

DATA = Path(__file__).resolve().parents[1] / "data"
LEXICON = DATA / "lexicon"
RULES = DATA / "rules"
MODEL = DATA / "models" / "signals"
LEXICON_FILES = ("terms.yaml", "cues.yaml")
"""The files that the classifier's features depend on."""

MODEL_FILE = "model.onnx"
CONFIG_FILE = "config.json"
VOCABULARY_FILE = "vocabulary.txt"
ENCODER_FILE = "encoder.onnx"
PIECES_FILE = "pieces.json"
_ADVICE = "Install the package again, or make the model with: rid-telephony train."


def load_signal_detector(settings: RidSettings, on: date | None = None) -> SignalDetector:
    """Put the detector together.

    Args:
        settings: Which model and rules.
        on: The day whose compliance rules apply; today (UTC) when None.

    Raises:
        ModelError: The model is missing, damaged, or was made for other lexicons.
        DataError: A rule or lexicon file breaks its format.
    """
    rules = settings.rules_dir
    if rules is not None and not rules.is_dir():
        raise DataError(f"rid.rules_dir is {rules}, which is no directory.")
    day = on or datetime.now(UTC).date()
    classifier = load_classifier(settings.model_dir or MODEL)
    thresholds = classifier.heads["agent.compliance"].thresholds
    parts = DetectorParts(
        repair=read_data(LEXICON / "terms.yaml", TermBook).repair(),
        cues=Cues(read_data(LEXICON / "cues.yaml", CueBook)),
        classifier=classifier,
        facts=FactReader(_rules("facts.yaml", rules, FactBook)),
        topics=TopicFinder(_rules("topics.yaml", rules, TopicBook)),
        compliance=ComplianceDetector(
            _rules("compliance.yaml", rules, ComplianceBook),
            day,
            thresholds,
        ),
        must_say=MustSay(_rules("must_say.yaml", rules, MustSayBook), day),
        emotion=EmotionFusion(_rules("emotion.yaml", rules, EmotionBook)),
    )
    return SignalDetector(parts, settings.min_text_confidence)


def load_classifier(directory: Path) -> SignalClassifier:
    """Load the classifier from a directory that ``rid-telephony train`` made.

    Raises:
        ModelError: A file is missing or damaged, a head is missing, or the lexicons have
            changed since the training.
    """
    config = _config(directory / CONFIG_FILE)
    digests = lexicon_digests()
    changed = [name for name in LEXICON_FILES if config.lexicon.get(name) != digests[name]]
    if changed:
        raise ModelError(
            f"The signal classifier in {directory} was trained with another "
            f"{' and '.join(changed)}.",
            "Train it again with: rid-telephony train.",
        )
    missing = {*CUSTOMER_HEADS, *AGENT_HEADS} - {head.name for head in config.heads}
    if missing:
        raise ModelError(f"{directory / CONFIG_FILE} lacks {', '.join(sorted(missing))}.", _ADVICE)
    vocabulary = _read(directory / VOCABULARY_FILE).decode("utf-8").splitlines()
    if len(vocabulary) != config.features:
        raise ModelError(
            f"{directory / VOCABULARY_FILE} has {len(vocabulary)} features, the model was "
            f"trained with {config.features}.",
            _ADVICE,
        )
    encoder = TextEncoder(_session(directory / ENCODER_FILE), _pieces(directory / PIECES_FILE))
    return SignalClassifier(_session(directory / MODEL_FILE), config, vocabulary, encoder)


def lexicon_digests() -> dict[str, str]:
    """SHA-256 of every lexicon file that the features depend on."""
    return {name: hashlib.sha256(_lexicon(name)).hexdigest() for name in LEXICON_FILES}


def _lexicon(name: str) -> bytes:
    try:
        return (LEXICON / name).read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read the lexicon {LEXICON / name}: {error.strerror}.") from error


def _rules(name: str, directory: Path | None, model: type[ModelT]) -> ModelT:
    own = directory / name if directory else None
    return read_data(own if own is not None and own.exists() else RULES / name, model)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"Cannot read the signal classifier's {path}: {error.strerror}.", _ADVICE
        ) from error


def _config(path: Path) -> ClassifierConfig:
    try:
        return ClassifierConfig.model_validate_json(_read(path))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise ModelError(f"{path} is damaged: {where}: {problem['msg']}.", _ADVICE) from error


def _pieces(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_buffer(_read(path))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path} is damaged: {error}.", _ADVICE) from error


def _session(path: Path) -> Session:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    content = _read(path)
    try:
        session: Session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors share no public base class
        raise ModelError(f"{path} is damaged: {error}.", _ADVICE) from error
    return session
