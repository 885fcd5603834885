"""Reads a playbook from its folder. The only module of this stage that opens files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import RootModel

from rid_telephony.datafile import read_data
from rid_telephony.errors import DataError
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.strategy.messages import Priority
from rid_telephony.strategy.playbook import (
    About,
    CausesFile,
    LanguagePack,
    MustSay,
    MustSayFile,
    Playbook,
    Rule,
    RuleFile,
    SummaryFile,
    SupervisorFile,
)

DATA = Path(__file__).resolve().parents[1] / "data"
SHIPPED = "playbooks/wealth"
LANGUAGES = ("zh", "en")
"""In the order of ``labels.yaml``; a playbook is written in the first."""


class _Labels(RootModel[dict[str, dict[str, tuple[str, str]]]]):
    """``labels.yaml``: kind to label to its names."""


def load_playbook(settings: StrategySettings) -> Playbook:
    """Read the playbook that the settings name, or the shipped one.

    Args:
        settings: Its folder and the language.

    Raises:
        DataError: A file is missing or breaks its format; the message names file, line and
            column of every mistake.
    """
    folder = settings.playbook or DATA / SHIPPED
    labels = read_data(DATA / "labels.yaml", _Labels).root
    book = _read(folder, _names(labels, settings.language))
    if settings.language == LANGUAGES[0]:
        return book
    return _translate(book, folder / f"{settings.language}.yaml", settings.language)


def _names(
    labels: Mapping[str, Mapping[str, tuple[str, str]]], language: str
) -> Mapping[str, Mapping[str, str]]:
    index = LANGUAGES.index(language)
    return {kind: {key: both[index] for key, both in of.items()} for kind, of in labels.items()}


def _read(folder: Path, names: Mapping[str, Mapping[str, str]]) -> Playbook:
    about = read_data(folder / "playbook.yaml", About)
    declared: dict[str, frozenset[str]] = {"word list": frozenset(about.words)}
    items = read_data(folder / "must_say.yaml", MustSayFile, context=declared).items
    _refuse_repeated((item.id for item in items), folder / "must_say.yaml")
    declared["must-say item"] = frozenset(item.id for item in items)
    causes = read_data(folder / "causes.yaml", CausesFile, context=declared).causes
    declared["cause"] = frozenset(causes)
    rules = tuple(_rules(folder, declared))
    _refuse_repeated((rule.id for _, rule in rules), folder)
    return Playbook(
        about=about,
        must_say=items,
        causes=causes,
        rules=rules,
        alerts=read_data(folder / "supervisor.yaml", SupervisorFile, context=declared).alerts,
        summary=read_data(folder / "summary.yaml", SummaryFile, context=declared),
        names=names,
        language=LANGUAGES[0],
    )


def _rules(folder: Path, declared: Mapping[str, frozenset[str]]) -> Iterable[tuple[Priority, Rule]]:
    for priority in Priority:
        path = folder / f"{priority.name.lower()}.yaml"
        for rule in read_data(path, RuleFile, context=declared).rules:
            yield priority, rule


def _refuse_repeated(ids: Iterable[str], where: Path) -> None:
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    if repeated:
        raise DataError(f"{where}: given twice: {', '.join(repeated)}.")


def _translate(book: Playbook, path: Path, language: str) -> Playbook:
    coaching = book.summary.coaching
    known = {
        "rule": frozenset(
            [rule.id for _, rule in book.rules]
            + [alert.id for alert in book.alerts]
            + [text.id for text in coaching.texts()]
        ),
        "must-say item": frozenset(item.id for item in book.must_say),
    }
    pack = read_data(path, LanguagePack, context=known)
    return Playbook(
        about=book.about,
        must_say=tuple(_translated_item(item, pack) for item in book.must_say),
        causes=book.causes,
        rules=tuple((priority, _translated_rule(rule, pack)) for priority, rule in book.rules),
        alerts=tuple(
            alert.model_copy(update={"reason": pack.alerts.get(alert.id, alert.reason)})
            for alert in book.alerts
        ),
        summary=_translated_summary(book.summary, pack),
        names=book.names,
        language=language,
    )


def _translated_rule(rule: Rule, pack: LanguagePack) -> Rule:
    texts = pack.rules.get(rule.id)
    if texts is None:
        return rule
    return rule.model_copy(
        update={"line": texts.line, "scripts": texts.scripts, "reason": texts.reason}
    )


def _translated_item(item: MustSay, pack: LanguagePack) -> MustSay:
    return item.model_copy(update={"name": pack.must_say.get(item.id, item.name)})


def _translated_summary(summary: SummaryFile, pack: LanguagePack) -> SummaryFile:
    kinds = ("praise", "improve", "next_step")
    translated = {
        kind: tuple(
            text.model_copy(update={"text": pack.coaching.get(text.id, text.text)})
            for text in getattr(summary.coaching, kind)
        )
        for kind in kinds
    }
    coaching = summary.coaching.model_copy(update=translated)
    return summary.model_copy(update={"coaching": coaching})
