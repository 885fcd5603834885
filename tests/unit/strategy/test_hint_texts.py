"""What agents are told to say must itself be clean: no promise, no pressure, no swagger."""

from __future__ import annotations

import re

import pytest
from strategy_builders import playbook

from rid_telephony.datafile import read_data
from rid_telephony.rid.compliance import ComplianceBook, ComplianceDetector
from rid_telephony.rid.loading import RULES
from rid_telephony.rid.messages import STYLES
from rid_telephony.rid.text import hear
from rid_telephony.strategy.texts import fill, placeholders, quoted

VALUES = {
    "age": "67",
    "amount": "50万",
    "anger_words": "太过分了",
    "callback": "下周三",
    "count": "2",
    "facts": "3",
    "interruptions": "2",
    "item": "风险揭示",
    "need": "保值",
    "objection": "怀疑",
    "product": "三年大额存单",
    "pushes": "1",
    "quote": "我再想想",
    "refusals": "2",
    "refusal_words": "不用了",
    "share": "80%",
    "signal_words": "怎么买",
    "style": "考拉型",
    "violation": "夸大宣传",
    "violation_words": "全市第一",
    "wording": "这款产品不保本。",
}
AFTER_A_REFUSAL = "不用了，别再打了"


def spoken(language: str) -> list[tuple[str, str]]:
    """Every line and script with the id of its rule, and every wording, filled in."""
    book = playbook(language)
    texts = [
        (rule.id, text) for _, rule in book.rules for text in (rule.line, *rule.scripts.values())
    ]
    texts += [(item.id, item.wording) for item in book.must_say]
    texts += [("about", book.about.correction), ("about", book.about.unsuitable_wording)]
    return [(name, fill(text, VALUES) or "") for name, text in texts]


@pytest.fixture(scope="module")
def detector() -> ComplianceDetector:
    return ComplianceDetector(read_data(RULES / "compliance.yaml", ComplianceBook), on=None)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("context", ["", "这个保本吗，会不会亏"])
def test_no_line_and_no_script_breaks_a_compliance_rule(
    detector: ComplianceDetector, language: str, context: str
) -> None:
    broken = [
        (name, text, found[0].rule)
        for name, text in spoken(language)
        if (found := detector.detect(hear(text), hear(context), {}, risk_level=1))
    ]
    assert broken == []


def test_what_is_said_to_a_refusing_customer_is_not_selling_on(
    detector: ComplianceDetector,
) -> None:
    farewells = {"push_after_refusal", "anger_after_push", "anger_exit"}
    broken = [
        (rule.id, script)
        for _, rule in playbook().rules
        if rule.cause in {"refusal", "no_contact"} or rule.id in farewells
        for script in rule.scripts.values()
        if detector.detect(hear(fill(script, VALUES) or ""), hear(AFTER_A_REFUSAL), {})
    ]
    assert broken == []


def test_the_detector_would_notice_a_bad_script(detector: ComplianceDetector) -> None:
    assert detector.detect(hear("您放心，这款肯定不会亏，保本保息"), hear(""), {})


def test_what_sells_sounds_different_to_every_style_of_customer() -> None:
    for name in ("buy_close", "product_yield", "hesitation_material", "doubt_evidence"):
        rule = next(rule for _, rule in playbook().rules if rule.id == name)
        wanted = set(STYLES) - {"chameleon"}
        assert set(rule.scripts) >= wanted, name
        assert len(set(rule.scripts.values())) == len(rule.scripts), name


def test_a_script_is_one_to_three_sentences() -> None:
    for _, rule in playbook().rules:
        for script in rule.scripts.values():
            sentences = [one for one in re.split("[。？！]", script) if one.strip()]
            assert 1 <= len(sentences) <= 3, (rule.id, script)


def test_a_text_with_an_unknown_value_is_not_shown_with_a_hole_in_it() -> None:
    assert fill("看重{need}，可以看{product}", {"need": "保值"}) is None
    assert fill("看重{need}", {"need": "保值"}) == "看重保值"


def test_long_words_are_cut_in_a_quote() -> None:
    assert quoted("嗯") == "嗯"
    assert quoted("长" * 50) == "长" * 29 + "…"


@pytest.mark.parametrize("text", ["{", "{quote:>5}", "{quote!r}", "{0}", "{quote.x}"])
def test_a_malformed_placeholder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|single|format|unknown"):
        placeholders(text)
