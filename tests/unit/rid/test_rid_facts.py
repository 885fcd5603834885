"""What customers say about themselves, by the boundary decisions 11 to 15 of the labels.

A missed fact costs a hint; a wrong one puts words into the customer's mouth. All sentences here
are made up for these tests.
"""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from rid_books import facts

from rid_telephony.rid.facts import FactRule
from rid_telephony.rid.messages import Facts


@pytest.mark.parametrize(
    ("text", "context", "field", "value"),
    [
        ("我今年四十七了", "", "age", 47),
        ("我都七十三岁了", "", "age", 73),
        ("今年刚满三十一，还单着呢", "", "age", 31),
        ("我五十出头的人了", "", "age_stage", "pre_retirement"),
        ("我退休五年了", "", "age_stage", "retired"),
        ("我刚毕业，还在找房子", "", "age_stage", "youth"),
        ("工资一个月八千五", "", "income_monthly_cny", 8500),
        ("我年薪三十六万", "", "income_monthly_cny", 30_000),
        ("到手一万二，够用", "您收入怎么样", "income_monthly_cny", 12_000),
        ("手里有两百来万闲着", "", "amount_cny", 2_000_000),
        ("那我先买三万试试", "", "amount_cny", 30_000),
        ("有两笔，一笔二十万一笔五万，都是明年到期", "", "amount_cny", 250_000),
        ("我怕亏，亏一分都睡不着", "", "risk_attitude", "averse"),
        ("我测出来是平衡型", "", "risk_attitude", "moderate"),
        ("亏就亏，我就想博一把", "", "risk_attitude", "seeking"),
        ("你下午四点以后再打给我", "", "callback_time", "下午四点以后"),
        ("过完国庆再聊吧", "", "callback_time", "过完国庆"),
        ("半小时后再打吧", "", "callback_time", "半小时后"),
        ("行，那就周五九点", "周五九点我再给您打好吗", "callback_time", "周五九点"),
    ],
)
def test_a_single_fact_is_read(text: str, context: str, field: str, value: object) -> None:
    assert getattr(facts(text, context), field) == value


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("我那笔定期年底才到期", "holdings", "deposit"),
        ("我的基金套了两年了", "holdings", "fund"),
        ("我炒股的，手里还有点股票", "holdings", "stock"),
        ("我每年交两万的保险", "holdings", "insurance"),
        ("我买了两百克黄金", "holdings", "gold"),
        ("房贷每个月还六千", "liabilities", "mortgage"),
        ("车贷还没还完", "liabilities", "car_loan"),
        ("我花呗还欠着呢", "liabilities", "consumer_loan"),
        ("经营贷的利息就够我受的", "liabilities", "business_loan"),
        ("得问问我老公", "family", "spouse"),
        ("我女儿明年高考", "family", "child"),
        ("我爸妈身体都不好", "family", "elderly_parents"),
        ("我女儿明年高考", "event", "child_school"),
        ("年终奖刚发下来", "event", "bonus"),
        ("我们正准备买房呢", "event", "buying_house"),
        ("我妈刚做完手术", "event", "medical"),
        ("我还有两年就退休了", "event", "retirement_soon"),
        ("等货款回来再看", "event", "business_turnover"),
    ],
)
def test_a_listed_fact_is_read(text: str, field: str, value: str) -> None:
    assert value in getattr(facts(text), field)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("我零零后，刚上班头一年", "youth"),
        ("二十郎当岁，没什么钱", "youth"),
        ("奔三的人了还租房", "early_career"),
        ("我九零后", "early_career"),
        ("三十出头，压力大", "early_career"),
        ("四十好几的人了", "midlife"),
        ("快四十了，没攒下什么", "midlife"),
        ("八零后上有老下有小", "midlife"),
        ("我奔六的人了", "pre_retirement"),
        ("五十来岁还折腾啥", "pre_retirement"),
        ("六十出头，身体还行", "retired"),
        ("我退下来三年了", "retired"),
    ],
)
def test_an_age_said_in_words_gives_the_stage_of_life(text: str, stage: str) -> None:
    found = facts(text)
    assert (found.age_stage, found.age) == (stage, None)


def test_the_age_of_a_child_is_not_the_customers() -> None:
    assert facts("三十二了，不结婚愁死我", "您家孩子多大了").age is None
    assert facts("我女儿今年十九了").age is None


@pytest.mark.parametrize(
    ("text", "context", "income", "amount"),
    [
        ("我一个月挣八千", "", 8_000, None),
        ("退休金四千六，够吃够喝", "", 4_600, None),
        ("每个月往里存三千", "", None, 3_000),
        ("十来万吧，剩下的要留着", "您打算放多少", None, 100_000),
        ("先二十个吧", "您看放多少合适", None, 200_000),
        ("三十", "您看放二十万还是三十万", None, 300_000),
        ("卡里那五千是留着看牙的，动不得", "您卡里还有点余额", None, None),
        ("每个月给老家爹娘寄一千五", "您每月有什么支出", None, None),
        ("你可千万提醒我", "", None, None),
    ],
)
def test_a_number_has_one_role_income_or_money_to_invest_or_neither(
    text: str, context: str, income: float | None, amount: float | None
) -> None:
    found = facts(text, context)
    assert (found.income_monthly_cny, found.amount_cny) == (income, amount)


@pytest.mark.parametrize(
    ("text", "context", "field", "value"),
    [
        ("对，还有十八年", "您名下是有一套房贷对吧", "liabilities", "mortgage"),
        ("对，下礼拜三", "您那笔三十万的定期下周到期了", "event", "deposit_maturing"),
        ("取出来", "您那笔定期是继续存还是", "holdings", "deposit"),
        ("马上高考了", "您家孩子多大了", "family", "child"),
        ("他说了算", "您爱人也一起理财吗", "family", "spouse"),
        ("嗯，自住的", "您房子是自住吗", "holdings", "property"),
    ],
)
def test_what_the_agent_names_and_the_customer_confirms_is_a_fact(
    text: str, context: str, field: str, value: str
) -> None:
    assert value in getattr(facts(text, context), field)


@pytest.mark.parametrize(
    ("text", "context", "field"),
    [
        ("没有房贷，全款买的", "您名下是有一套房贷对吧", "liabilities"),
        ("还没结婚，哪来的孩子", "您家孩子多大了", "family"),
        ("早就离了", "您爱人也一起理财吗", "family"),
        ("我妈刚走，家里办丧事", "", "family"),
        ("当我是三岁小孩哄", "", "family"),
        ("再见啊闺女", "", "family"),
        ("跟余额宝比低多了", "", "holdings"),
    ],
)
def test_what_the_customer_denies_mourns_compares_or_says_in_passing_is_none(
    text: str, context: str, field: str
) -> None:
    assert getattr(facts(text, context), field) == ()


@pytest.mark.parametrize("text", ["月底再说吧", "晚上再打嘛", "二月再约", "周六两点我来网点"])
def test_a_month_a_daypart_or_a_visit_is_no_callback_time(text: str) -> None:
    assert facts(text).callback_time == ""


@pytest.mark.parametrize(
    ("text", "occupation"),
    [
        ("我是小学老师，带毕业班", "小学老师"),
        ("我是开小餐馆的，走不开", "开小餐馆"),
        ("我做装修的", "做装修"),
        ("我在税务局上班", "税务局上班"),
        ("我送外卖的，哪有闲钱", "送外卖"),
        ("我在纱厂看机器", "纱厂看机器"),
        ("我卖了三十年建材", "建材"),
        ("在一家外资做法务总监", "法务总监"),
        ("我们程序员三十五岁就得想后路", "程序员"),
    ],
)
def test_an_occupation_is_given_in_the_customers_own_words(text: str, occupation: str) -> None:
    found = facts(text).occupation
    assert found
    assert occupation in found or found in occupation


@pytest.mark.parametrize(
    ("text", "context", "field"),
    [
        ("我的股票去年就卖掉了", "", "holdings"),  # sold
        ("房贷早就还清了", "", "liabilities"),  # paid off
        ("邻居买基金亏了好多", "", "holdings"),  # somebody else
        ("你儿子多大了", "", "family"),  # the agent's
        ("基金是什么意思", "我们有几款基金", "holdings"),  # named by the agent
        ("小孙子刚会走路", "", "family"),  # grandchildren do not count
        ("我没有车贷", "", "liabilities"),  # denied
    ],
)
def test_what_is_past_denied_or_about_somebody_else_is_no_fact(
    text: str, context: str, field: str
) -> None:
    assert getattr(facts(text, context), field) == ()


@pytest.mark.parametrize("text", ["回头再说吧", "改天吧", "过几天再说"])
def test_a_vague_later_is_no_callback_time(text: str) -> None:
    assert facts(text).callback_time == ""


@pytest.mark.parametrize(
    "text",
    ["亏了三十万了", "五十万起太高了吧", "房贷还有八十万", "每年学费要十万", "再打我就打12378"],
)
def test_losses_debts_thresholds_and_reserved_money_are_no_investable_amount(text: str) -> None:
    assert facts(text).amount_cny is None


def test_a_yield_is_not_taken_for_a_time_of_day() -> None:
    assert facts("三点五的收益再说吧", "年化三点五").callback_time == ""


def test_four_million_six_hundred_thousand_is_not_cut_to_four_hundred_and_sixty() -> None:
    assert facts("手上刚到四百六十万，还没想好放哪").amount_cny == 4_600_000


@pytest.mark.parametrize(
    "text", ["我让财务总监看看", "我儿子是律师", "你是卖保险的吧", "我看是编的"]
)
def test_somebody_elses_trade_is_no_occupation(text: str) -> None:
    assert facts(text).occupation == ""


def test_the_highest_schooling_goes_before_the_kind_of_school() -> None:
    assert facts("我读博刚毕业").education == "博士"
    assert facts("自考的大专").education == "大专"


def test_a_rule_that_has_no_value_and_marks_none_is_refused() -> None:
    rule = {"field": "age_stage", "patterns": ["退休"]}
    with pytest.raises(ValidationError, match="age_stage needs a value"):
        FactRule.model_validate(rule)
    with pytest.raises(ValidationError, match="age takes no value"):
        FactRule.model_validate({"field": "age", "value": "40", "patterns": ["四十"]})


def test_both_generations_are_read_from_one_saying() -> None:
    assert set(facts("上有老下有小，一分都剩不下").family) == {"elderly_parents", "child"}


def test_every_fact_comes_with_the_words_it_was_read_from() -> None:
    text = "我四十二了，手里有五十万，是给儿子准备的"
    found = facts(text)
    assert {"age", "amount_cny", "family"} <= set(found.quotes)
    for quotes in found.quotes.values():
        assert all(quote in text for quote in quotes.split("，"))


def test_misheard_products_are_facts_all_the_same() -> None:
    assert facts("我那个鸡精套了两年").holdings == ("fund",)


def test_small_talk_holds_no_facts() -> None:
    assert facts("哎呀今天天气真不错") == Facts(quotes={})
