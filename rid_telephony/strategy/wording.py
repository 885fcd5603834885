"""The values that a text's placeholders stand for in a situation."""

from __future__ import annotations

from collections.abc import Mapping

from rid_telephony.rid.messages import Finding
from rid_telephony.strategy.playbook import Playbook
from rid_telephony.strategy.situation import Situation
from rid_telephony.strategy.texts import PLACEHOLDERS, quoted
from rid_telephony.strategy.vocabulary import fact_tokens

_UNITS = {
    "zh": ((100_000_000, "{:g}亿"), (10_000, "{:g}万"), (0, "{:g}元")),
    "en": ((1_000_000_000, "¥{:g}bn"), (1_000_000, "¥{:g}m"), (1_000, "¥{:g}k"), (0, "¥{:g}")),
}
"""By language, from how many yuan on money is counted in which unit, the largest first."""


def values(situation: Situation, playbook: Playbook) -> Mapping[str, str]:
    """Placeholder to its value; one that is not known is left out.

    Args:
        situation: The moment.
        playbook: Its language and its names of the labels.
    """
    found = {
        **_of_call(situation, playbook.language),
        **_of_labels(situation, playbook.names),
    }
    return {name: _bounded(name, value) for name, value in found.items() if value}


def of_finding(finding: Finding, situation: Situation, playbook: Playbook) -> Mapping[str, str]:
    """The values of a rule that answers a compliance finding; they go before the others.

    Where the finding brings no wording, the playbook's general correction stands in.
    """
    names = playbook.names["compliance"]
    return {
        "quote": quoted(finding.quote or situation.utterance.text),
        "violation": names.get(finding.label, finding.label),
        "wording": finding.safe_wording or playbook.about.correction,
    }


def _of_call(situation: Situation, language: str) -> Mapping[str, str]:
    conduct, facts = situation.profile.conduct, situation.profile.demand.facts
    quotes = situation.memory.quotes
    return {
        "age": "" if situation.age is None else str(situation.age),
        "amount": "" if facts.amount_cny is None else _amount(facts.amount_cny, language),
        "anger_words": quotes.anger,
        "callback": facts.callback_time,
        "count": str(situation.times or ""),
        "facts": str(sum("." not in token for token in fact_tokens(facts))),
        "item": next(iter(situation.overdue.values()), ""),
        "interruptions": str(conduct.interruptions),
        "product": situation.product.name if situation.product else "",
        "pushes": str(situation.memory.pushes),
        "quote": quoted(situation.utterance.text),
        "refusals": str(situation.profile.refusals),
        "refusal_words": quotes.refusal,
        "share": f"{round(conduct.talk_share * 100)}%",
        "signal_words": quotes.signal,
        "violation_words": quotes.claim,
    }


def _of_labels(situation: Situation, names: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    needs = situation.leading_needs
    return {
        "need": names["need"].get(needs[0], "") if needs else "",
        "objection": names["objection"].get(situation.latest_objection, ""),
        "style": names["style"].get(situation.profile.influence.style.label, ""),
        "violation": names["compliance"].get(situation.memory.claim, ""),
    }


def _bounded(name: str, value: str) -> str:
    return value[: PLACEHOLDERS[name]]


def _amount(yuan: float, language: str) -> str:
    size, template = next(unit for unit in _UNITS[language] if yuan >= unit[0])
    return template.format(round(yuan / (size or 1), 1))
