"""Filters: a subscriber gets what it asked for and may see, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.cti.access.scope import Scope, matches
from rid_telephony.cti.server.filters import cursor_of, selection_of
from rid_telephony.cti.server.problems import Problem

HINT = ("hint.offered", "t1", "1001", "call-1", "sales")


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ({}, True),
        ({"types": "hint.*"}, True),
        ({"types": "utterance.final, hint.offered"}, True),
        ({"types": "utterance.*"}, False),
        ({"agent": "1002,1001"}, True),
        ({"agent": "10*"}, True),
        ({"agent": "100?"}, False),
        ({"tenant": "t2"}, False),
        ({"call": "call-1"}, True),
        ({"call": "CALL-1"}, False),
        ({"types": "hint.*", "agent": "2*"}, False),
    ],
)
def test_every_list_that_is_given_has_to_fit(query: dict[str, str], passes: bool) -> None:
    assert selection_of(query, Scope()).admits(*HINT) is passes


@pytest.mark.parametrize(
    ("scope", "passes"),
    [
        (Scope(tenants=("t1",)), True),
        (Scope(tenants=("t2",)), False),
        (Scope(agents=("2*",)), False),
        (Scope(queues=("sales",)), True),
        (Scope(queues=("service",)), False),
        (Scope(types=("compliance.*",)), False),
    ],
)
def test_a_filter_never_widens_what_the_bearer_may_see(scope: Scope, passes: bool) -> None:
    assert selection_of({"types": "*", "agent": "*"}, scope).admits(*HINT) is passes


def test_a_gap_is_told_whatever_types_are_asked_for() -> None:
    selection = selection_of({"types": "hint.*"}, Scope(types=("hint.*",)))
    assert selection.admits("feed.gap", "t1", "1001", "call-1", "")


@pytest.mark.parametrize(
    "query",
    [
        {"types": "hint.ofered"},
        {"types": "nothing.*"},
        {"agent": ",".join(str(number) for number in range(101))},
        {"call": "x" * 129},
    ],
)
def test_a_list_that_can_fit_nothing_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        selection_of(query, Scope())
    assert refused.value.status_code == 400


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "１", "9" * 16, "9" * 400, " 1"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        cursor_of(text)


@given(st.integers(0, 2**53 - 1))
def test_every_cursor_can_be_sent_back(cursor: int) -> None:
    assert cursor_of(str(cursor)) == cursor


@given(st.text("ab[?]", max_size=8), st.text("ab*[?]", max_size=8))
def test_only_the_star_is_special_in_a_pattern(value: str, pattern: str) -> None:
    expected = re.fullmatch(re.escape(pattern).replace(r"\*", "(?s:.*)"), value) is not None
    assert matches(value, (pattern,)) is expected


def test_a_list_that_would_cost_the_calls_their_time_is_refused() -> None:
    """Patterns are compared in the event loop that serves the calls."""
    for values in (["*a" * 21], ["*"] + [f"*{number}*" for number in range(10)]):
        with pytest.raises(Problem):
            selection_of({"agent": ",".join(values)}, Scope())
    assert selection_of({"agent": "*a" * 20}, Scope())
