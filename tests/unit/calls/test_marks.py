"""The mark's query string comes from dialplans and CRMs; nothing in it may hurt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.calls.marks import MAX_VALUE, is_on, mark_of, read_leg, read_mark
from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.calls.observations import Mark


def test_a_whole_mark_is_read() -> None:
    mark = read_mark(
        "leg=customer&agent=1001&tenant=east&consent=yes&customer_id=C1&age=35"
        "&occupation=%E6%95%99%E5%B8%88&risk_level=3&holdings=deposit%2Cfund"
        "&education=%E6%9C%AC%E7%A7%91&income_monthly_cny=12000.5&tenure_years=4.5&past_calls=2"
        "&do_not_call=1"
    )
    assert mark == Mark(
        leg=Party.CUSTOMER,
        agent="1001",
        tenant="east",
        consent=True,
        context=CustomerContext(
            customer_id="C1",
            age=35,
            occupation="教师",
            education="本科",
            income_monthly_cny=12000.5,
            holdings=("deposit", "fund"),
            risk_level=3,
            tenure_years=4.5,
            past_calls=2,
            do_not_call=True,
        ),
    )


def test_empty_fields_say_nothing() -> None:
    empty = "leg=&agent=&tenant=&consent=&customer_id=&age=&occupation=&risk_level=&holdings="
    assert read_mark(empty) == read_mark("") == Mark()


@pytest.mark.parametrize(
    ("text", "consent"), [("yes", True), ("Y", True), ("no", False), ("nein", False), ("", None)]
)
def test_only_a_clear_yes_is_consent(text: str, consent: bool | None) -> None:
    assert read_mark(f"consent={text}").consent is consent


@pytest.mark.parametrize(
    "text",
    [
        "age=-1",
        "age=151",
        "age=%D9%A3",
        "age=" + "9" * 5000,
        "risk_level=6",
        "income_monthly_cny=nan",
        "income_monthly_cny=inf",
        "income_monthly_cny=-5",
        "tenure_years=x",
        "holdings=bitcoin",
        "tenant=a%20b",
        "tenant=..%2F..%2Fetc",
        "leg=boss",
        "unknown=1",
        "%=%&==&&",
    ],
)
def test_what_makes_no_sense_is_left_out(text: str) -> None:
    if text == "tenant=..%2F..%2Fetc":
        assert read_mark(text).tenant == "default"
        return
    assert read_mark(text) == Mark()


def test_line_breaks_and_control_characters_do_not_get_in() -> None:
    mark = read_mark("agent=10%0D%0AAction:%20Logoff%00%1B&customer_id=%E2%80%AEC1")
    assert mark.agent == "10Action: Logoff"
    assert mark.context.customer_id == "C1"


def test_of_a_key_that_comes_twice_the_first_counts() -> None:
    assert read_mark("consent=no&consent=yes").consent is False


@given(st.text(max_size=5000))
def test_any_text_is_read_and_bounded(text: str) -> None:
    mark = read_mark(text)
    for value in (mark.agent, mark.tenant, mark.context.customer_id, mark.context.occupation):
        assert len(value) <= MAX_VALUE
        assert value.isprintable() or not value.isascii()


def test_fields_that_came_one_by_one_mean_the_same() -> None:
    """FreeSWITCH gives channel variables, as they are: a percent sign is one."""
    assert mark_of({"agent": "1001", "age": "35", "holdings": "fund,gold"}) == read_mark(
        "agent=1001&age=35&holdings=fund%2Cgold"
    )
    assert mark_of({"occupation": "教师%0A\n", "consent": ""}) == Mark(
        context=CustomerContext(occupation="教师%0A")
    )


def test_switches_and_legs() -> None:
    assert is_on(" On ")
    assert not is_on("off")
    assert not is_on("")
    assert read_leg("Agent") is Party.AGENT
    assert read_leg("") is None
