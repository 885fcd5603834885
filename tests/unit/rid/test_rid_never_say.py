"""The fifteen things that agents must never say, one by one: M01 to M15.

Each is found when said, and left alone when denied, when quoted from somebody else and when asked.
A missed one harms a customer; a false alarm makes agents ignore the true ones. All sentences here
are made up for these tests.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from rid_books import compliance_book, findings, must_say


class Case(NamedTuple):
    said: str
    denied: str
    quoted: str
    asked: str
    context: str = ""


CASES = {
    "M01": Case(
        "这款保本保收益，您放心",
        "这款不保本，也不能承诺保收益",
        "您刚才说的稳赚不赔，没有这样的产品",
        "您是想要保本的吗？",
    ),
    "M02": Case(
        "明年肯定能到五个点",
        "谁也不能说明年肯定能到五个点",
        "您听人家说明年肯定能到五个点，那是误传",
        "您觉得明年肯定能到五个点吗？",
    ),
    "M03": Case(
        "这款理财跟存款一样，放着就行",
        "这款理财不是存款，跟存款不一样",
        "您说的跟存款一样，这个理解不对",
        "您以为这个跟存款一样吗？",
    ),
    "M04": Case(
        "这款R4的混合基金给您配二十万",
        "R4的超出您的等级，不能给您推荐",
        "您说的R4混合基金，我们不提了",
        "R4的产品您了解过吗，我不给您推荐",
        "我测出来是C1保守型",
    ),
    "M05": Case(
        "问卷您照我说的填，都选最后一个",
        "问卷请您如实填写，我不能替您填成进取型",
        "有人说问卷填成进取型就行，这话别信",
        "上次是有人让您把问卷填成进取型的吗？",
    ),
    "M06": Case(
        "您买十万，我的佣金返您一半",
        "行里禁止返现，我不能给您返点",
        "您说别人承诺返现，那是违规的",
        "有人说过给您返现吗？",
    ),
    "M07": Case(
        "不买这款理财，您的贷款就不好批了",
        "不买这款理财，您的贷款也不会受影响",
        "有人说不买理财贷款就不好批，这话不对",
        "有人跟您讲过不买理财贷款就不好批吗？",
    ),
    "M08": Case(
        "您每个月来回买卖，赚得更多",
        "我们不建议您频繁买卖赚差价",
        "有人说频繁操作收益更高，那不对",
        "您之前是频繁买卖赚差价的吗？",
    ),
    "M09": Case(
        "这是全国最好的理财，没有之一",
        "我不敢说这是全国最好的理财",
        "您听说这是全国最好的理财，这话夸张了",
        "您想要的是全国最好的理财吗？",
    ),
    "M10": Case(
        "今天不买明天就没了，您赶紧下单",
        "不是今天不买就没了，您慢慢考虑",
        "您听人说今天不买就没了，没有这回事",
        "是谁说今天不买就没了，没有这个规定吧？",
    ),
    "M11": Case(
        "隔壁那家银行就是骗人的",
        "别家银行我不评价",
        "您说隔壁那家银行骗人，我不了解",
        "隔壁那家您自己对比过吗？",
    ),
    "M12": Case(
        "我手上有个不公开发行的私募，给您留了名额",
        "私募不能给您推荐，您不符合合格投资者条件",
        "您说别人给您推荐的私募，我不了解",
        "您说的是别人推荐的私募吗？",
    ),
    "M13": Case(
        "您先听我讲完，这款产品真的好",
        "好的，不打扰您了，给您登记不再来电",
        "您说不需要，我记下了，祝您生活愉快",
        "您的意思是以后都不再接我们来电，对吗？",
        "我不需要，别再打了",
    ),
    "M14": Case(
        "您把验证码念给我",
        "验证码千万不要告诉任何人",
        "如果有人让您把密码告诉他，那是诈骗",
        "有没有人问您要过密码？",
    ),
    "M15": Case(
        "这款不走银行系统，您转到我个人账户",
        "我们不会让您转到个人账户",
        "要是有人让您转到个人账户，那是诈骗，千万别转",
        "有人让您转到他个人账户吗？",
    ),
}


def rules_of(item: str, text: str, context: str) -> set[str]:
    return {one.rule for one in findings(text, context) if one.rule.startswith(f"{item}-")}


@pytest.mark.parametrize(("item", "case"), CASES.items(), ids=CASES)
def test_it_is_found_where_it_is_said(item: str, case: Case) -> None:
    assert rules_of(item, case.said, case.context)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nothing_fires_where_it_is_denied(case: Case) -> None:
    assert findings(case.denied, case.context) == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nothing_fires_where_somebody_else_is_quoted(case: Case) -> None:
    assert findings(case.quoted, case.context) == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nothing_fires_where_it_is_asked(case: Case) -> None:
    assert findings(case.asked, case.context) == ()


@pytest.mark.parametrize(("item", "case"), CASES.items(), ids=CASES)
def test_every_finding_brings_all_that_an_auditor_needs(item: str, case: Case) -> None:
    rules = {rule.id: rule for rule in compliance_book().rules}
    found = [one for one in findings(case.said, case.context) if one.rule.startswith(item)]
    for one in found:
        begin, end = one.span
        assert case.said[begin:end] == one.quote != ""
        assert one.severity in {"critical", "major", "minor"}
        assert re.search(r"[\u4e00-\u9fff]", one.safe_wording)
        assert rules[one.rule].effective_from is not None
        assert "reference" in rules[one.rule].model_fields_set


def test_the_rule_file_covers_the_whole_list() -> None:
    items = {rule.id[:3] for rule in compliance_book().rules}
    assert {f"M{number:02}" for number in range(1, 16)} <= items


def test_insurance_sold_as_savings_is_mixed_up_too() -> None:
    assert rules_of("M03", "年金险其实就是存钱，换个名头", "")
    assert not rules_of("M03", "年金险不是存款，提前退保有损失", "")


def test_authority_is_no_argument() -> None:
    assert rules_of("M09", "这款是国家背书的产品", "")


def test_a_promise_may_be_implied() -> None:
    assert rules_of("M01", "我自己全家的钱都在里面，您怕什么", "")
    assert rules_of("M01", "风险提示就是走个流程，不用理它", "")


def test_what_has_to_be_said_has_a_deadline_or_is_said_on_request() -> None:
    items = {item.id: item for item in must_say().items}
    assert items["identity"].deadline_seconds
    assert items["recording_notice"].deadline_seconds
    assert "propose" in items["risk_disclosure"].before_acts
    senior = items["senior_care"]
    assert (senior.from_age, senior.before_acts) == (65, ("propose",))
    for item in items.values():
        assert item.name.zh
        assert item.safe_wording.zh
        assert "reference" in item.model_fields_set
