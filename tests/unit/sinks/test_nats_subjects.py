"""An agent's name must neither widen a subject nor be lost in it."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.cti.sinks.nats_subjects import LONGEST, message_id, subject, token

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("tenant", "agent", "event_type", "expected"),
    [
        ("default", "1001", "hint.offered", "rid.default.1001.hint.offered"),
        ("default", "", "call.started", "rid.default._.call.started"),
        ("default", "_", "call.started", "rid.default.%5F.call.started"),
        ("bank.cn", "a b", "call.ended", "rid.bank%2Ecn.a%20b.call.ended"),
        ("*", ">", "call.ended", "rid.%2A.%3E.call.ended"),
        ("$SYS", "a\r\nPUB x 1", "call.ended", "rid.%24SYS.a%0D%0APUB%20x%201.call.ended"),
        ("default", "王伟", "call.ended", "rid.default.%E7%8E%8B%E4%BC%9F.call.ended"),
    ],
)
def test_hostile_names_stay_one_token(
    tenant: str, agent: str, event_type: str, expected: str
) -> None:
    assert subject("rid", tenant, agent, event_type) == expected


@given(st.text(max_size=300))
def test_any_name_is_one_bounded_token_and_can_be_read_back(name: str) -> None:
    found = token(name)
    assert found
    assert found.isascii()
    assert not set(found) & set(".*> \t\r\n")
    assert len(found) <= LONGEST
    if "~" not in found and found != "_":
        assert unquote(found) == name.encode("utf-8", "replace").decode()


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_names_never_share_a_token(one: str, other: str) -> None:
    assert (token(one) == token(other)) == (one == other)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert token("a" * 200) != token("a" * 201)


def test_a_plain_event_id_is_its_own_message_id() -> None:
    assert message_id("1732262400.12/5") == "1732262400.12/5"


@given(st.text())
def test_no_event_id_breaks_a_header(event_id: str) -> None:
    assert message_id(event_id).isprintable()
    assert message_id(event_id).isascii()
