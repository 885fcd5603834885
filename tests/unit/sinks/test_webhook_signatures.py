"""A receiver checks signatures with any library of https://www.standardwebhooks.com."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sinks_kit import SECRET
from standardwebhooks import Webhook

from rid_telephony.cti.sinks.webhook_sender import message_id_of, signature

pytestmark = pytest.mark.unit


def test_the_signature_is_that_of_the_specifications_example() -> None:
    # The vector of the reference libraries' own tests.
    headers = signature(
        Webhook(SECRET),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        '{"test": 2432232314}',
    )
    assert headers == [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ]


def test_an_event_keeps_its_message_id_and_others_have_others() -> None:
    first = '{"source": "/a", "id": "1732.12/5", "x": 1}'
    again = '{"source": "/a", "id": "1732.12/5", "x": 2}'
    other = '{"source": "/b", "id": "1732.12/5", "x": 1}'
    assert message_id_of(first) == message_id_of(again) != message_id_of(other)


@given(st.text())
def test_a_message_id_is_safe_in_a_header_whatever_the_pbx_calls_its_calls(call_id: str) -> None:
    import json

    found = message_id_of(json.dumps({"source": "/a", "id": f"{call_id}/1"}))
    assert found.startswith("msg_")
    assert found.isascii()
    assert found.replace("_", "").isalnum()
