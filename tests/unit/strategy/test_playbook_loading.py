"""A bank's product owner edits the playbook by hand: every slip must be named with its place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from strategy_builders import playbook

from rid_telephony.errors import DataError
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.strategy.loading import DATA, SHIPPED, load_playbook
from rid_telephony.strategy.messages import STRATEGIES
from rid_telephony.strategy.texts import MAX_LINE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An own copy of the shipped playbook."""
    return Path(shutil.copytree(DATA / SHIPPED, tmp_path / "own"))


def settings(folder: Path, language: str = "zh") -> StrategySettings:
    return StrategySettings(playbook=folder, language=language)


def change(folder: Path, file: str, before: str, after: str) -> int:
    """Replace the first ``before``; the number of its line."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return text[: text.index(before)].count("\n") + 1


def mistake(folder: Path, language: str = "zh") -> str:
    with pytest.raises(DataError) as caught:
        load_playbook(settings(folder, language))
    return str(caught.value)


def test_every_strategy_of_the_labels_is_used_by_a_rule() -> None:
    assert {rule.strategy for _, rule in playbook().rules} == set(STRATEGIES)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_line_fits_the_agents_screen(language: str) -> None:
    names = playbook(language).names["need"].values()
    longest = max(names, key=len)
    for _, rule in playbook(language).rules:
        line = rule.line.replace("{need}", longest).replace("{amount}", "12345.6万")
        assert 0 < len(line) <= MAX_LINE, rule.id


def test_the_english_pack_leaves_nothing_that_an_agent_sees_in_chinese() -> None:
    book = playbook("en")
    shown = [
        *(text for _, rule in book.rules for text in (rule.line, rule.reason)),
        *(script for _, rule in book.rules for script in rule.scripts.values()),
        *(alert.reason for alert in book.alerts),
        *(item.text for item in book.summary.coaching.texts()),
        *(item.name for item in book.must_say),
    ]
    assert [text for text in shown if re.search(r"[\u4e00-\u9fff]", text)] == []


def test_an_expert_adds_a_rule_without_touching_code(folder: Path) -> None:
    path = folder / "information.yaml"
    rule = """
  - id: fact_car
    when: {facts: [liabilities.car_loan]}
    strategy: probe_need
    cause: need
    line: 客户有车贷：问问还款压力
    reason: 客户说「{quote}」。
"""
    path.write_text(path.read_text(encoding="utf-8") + rule, encoding="utf-8")
    assert "fact_car" in {rule.id for _, rule in load_playbook(settings(folder)).rules}


def test_a_rule_without_a_translation_works_in_chinese_instead_of_failing(folder: Path) -> None:
    path = folder / "en.yaml"
    text = path.read_text(encoding="utf-8")
    entry = re.search(r"  fact_bonus:\n(?:    .*\n)+", text)
    assert entry is not None
    path.write_text(text.replace(entry[0], ""), encoding="utf-8")
    book = load_playbook(settings(folder, "en"))
    assert {rule.line for _, rule in book.rules if rule.id == "fact_bonus"} == {
        "有奖金到手：问问怎么安排"
    }


@pytest.mark.parametrize(
    ("file", "before", "after", "column", "complaint"),
    [
        ("objection.yaml", "    strategy: verify_identity", "    startegy: verify_identity", 5, ""),
        (
            "objection.yaml",
            "    strategy: verify_identity",
            "    strategy: verify_identty",
            15,
            "unknown strategy 'verify_identty'; did you mean 'verify_identity'?",
        ),
        ("alert.yaml", "{emotion: [angry]}", "{emotoin: [angry]}", 12, ""),
        ("alert.yaml", "{emotion: [angry]}", "{emotion: [angy]}", 22, "did you mean 'angry'?"),
        (
            "alert.yaml",
            "line: 客户愤怒：先安抚，暂停推销",
            "line: 客户愤怒：先安抚，暂停推销，不要再说任何产品，也别解释",
            11,
            "at most 24 fit",
        ),
        ("objection.yaml", "mentions: [identity_ask]", "mentions: [identity_aks]", 43, "word list"),
        ("alert.yaml", "cause: complaint", "cause: complant", 12, "unknown cause"),
        ("alert.yaml", "情绪愤怒；", "{emotion}", 13, "unknown placeholder 'emotion'"),
        (
            "alert.yaml",
            "line: 愤怒持续：请主管接手",
            "line: '{product}'",
            11,
            "too long for a line",
        ),
        ("must_say.yaml", "severity: minor", "severity: mnior", 15, "unknown severity"),
        ("causes.yaml", "said: [identity]", "said: [identiy]", 15, "must-say item"),
        ("playbook.yaml", "gate: greet", "gate: great", 24, "unknown gate"),
        ("summary.yaml", "outcome: complaint", "outcome: complaind", 15, "unknown outcome"),
        ("supervisor.yaml", "kind: anger", "kind: angre", 11, "unknown alert kind"),
    ],
)
def test_a_slip_is_reported_with_file_line_and_column(
    folder: Path, file: str, before: str, after: str, column: int, complaint: str
) -> None:
    line = change(folder, file, before, after)
    message = mistake(folder)
    assert f"{file}:{line}:{column}: " in message
    assert complaint in message


def test_a_slip_in_the_english_pack_is_reported_at_its_place(folder: Path) -> None:
    line = change(folder, "en.yaml", "  anger_soothe:", "  anger_sooth:")
    assert f"en.yaml:{line}:3: " in mistake(folder, "en")


def test_a_condition_that_can_never_hold_is_reported_and_not_silently_dead(folder: Path) -> None:
    change(folder, "guidance.yaml", "when: {seconds: {min: 22}}", "when: {act: [question]}")
    assert "act: never known after agent" in mistake(folder)


def test_a_name_given_twice_is_reported(folder: Path) -> None:
    change(folder, "alert.yaml", "id: anger_again", "id: anger_soothe")
    assert "given twice: anger_soothe" in mistake(folder)


def test_what_sells_cannot_be_declared_fit_for_an_angry_customer(folder: Path) -> None:
    before = "match_product: {gate: present, selling: true}"
    line = change(folder, "playbook.yaml", before, before[:-1] + ", fit_for: [angry]}")
    message = mistake(folder)
    assert f"playbook.yaml:{line}:" in message
    assert "never fit" in message


def test_a_strategy_left_out_is_reported(folder: Path) -> None:
    change(folder, "playbook.yaml", "  reciprocity: {gate: probe, selling: true}\n", "")
    assert "strategies without a description: reciprocity" in mistake(folder)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("{min: 0.75}", "{}", "give min, max or both"),
        ("{min: 0.75}", "{min: 2, max: 1}", "min 2.0 is above max 1.0"),
    ],
)
def test_an_empty_range_is_reported(folder: Path, before: str, after: str, complaint: str) -> None:
    change(folder, "guidance.yaml", before, after)
    assert complaint in mistake(folder)


def test_scripts_by_style_need_a_default_so_that_no_customer_is_left_without_one(
    folder: Path,
) -> None:
    change(folder, "alert.yaml", "      default: 您先别着急", "      chameleon: 您先别着急")
    assert "scripts need a default" in mistake(folder)


def test_a_must_say_item_needs_a_deadline(folder: Path) -> None:
    change(folder, "must_say.yaml", "    agent_seconds: 20\n", "")
    assert "give agent_seconds, call_seconds or before" in mistake(folder)


def test_a_subject_must_be_a_word_list(folder: Path) -> None:
    change(folder, "playbook.yaml", "subjects: [risky_product,", "subjects: [riksy_product,")
    assert "unknown subject 'riksy_product'" in mistake(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "alert.yaml").unlink()
    assert "alert.yaml" in mistake(folder)


def test_the_record_of_a_call_names_the_playbook_and_its_version() -> None:
    assert playbook().name == "wealth-1"
