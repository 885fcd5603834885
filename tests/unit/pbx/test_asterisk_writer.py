"""What the writer asks of the manager interface: a line too long or a stray name is refused."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.pbx.asterisk.ami_limits import MAX_LINE_BYTES
from rid_telephony.pbx.asterisk.messages import AmiReply
from rid_telephony.pbx.asterisk.writer import MAX_BODY, AsteriskWriter
from rid_telephony.pbx.messages import PbxError
from rid_telephony.settings.asterisk import AsteriskWriteBackSettings


class FakeClient:
    """Remembers actions; ``Getvar`` answers what ``Setvar`` set."""

    def __init__(self) -> None:
        self.actions: list[tuple[str, dict[str, str]]] = []
        self.values: dict[tuple[str, str], str] = {}

    async def action(
        self, name: str, fields: Mapping[str, str] = {}, *, timeout: float | None = None
    ) -> AmiReply:
        self.actions.append((name, dict(fields)))
        if name == "Getvar":
            value = self.values.get((fields["Channel"], fields["Variable"]), "")
            return AmiReply("Success", {"value": value})
        if name == "Setvar":
            self.values[fields["Channel"], fields["Variable"]] = fields["Value"]
        return AmiReply("Success", {})

    def lines(self) -> list[str]:
        return [f"{key}: {text}" for _, fields in self.actions for key, text in fields.items()]


def writer() -> tuple[AsteriskWriter, FakeClient]:
    client = FakeClient()
    return AsteriskWriter(client, AsteriskWriteBackSettings()), client


def test_variables_get_their_prefix_one_by_one() -> None:
    made, client = writer()
    asyncio.run(made.set_variables("1795.1", {"hint_id": "h1", "hint": ""}))
    assert client.actions == [
        ("Setvar", {"Channel": "1795.1", "Variable": "RID_HINT_ID", "Value": "h1"}),
        ("Setvar", {"Channel": "1795.1", "Variable": "RID_HINT", "Value": ""}),
    ]


def test_a_message_of_two_lines_goes_as_base64() -> None:
    made, client = writer()
    asyncio.run(made.send_message("1001", "先给证据\n您可以先看。"))
    ((name, fields),) = client.actions
    assert name == "MessageSend"
    assert fields["To"] == "pjsip:1001"
    assert base64.b64decode(fields["Base64Body"]).decode() == "先给证据\n您可以先看。"


def test_the_longest_message_just_fits_a_line() -> None:
    """Asterisk 22 was seen to take a line of 1022 bytes and to refuse one of 1023."""
    made, client = writer()
    asyncio.run(made.send_message("1001", "行" * 400))
    body = client.actions[0][1]["Base64Body"]
    text = base64.b64decode(body).decode()
    assert text.rstrip("…") == "行" * (MAX_BODY // 3 - 1)
    assert MAX_LINE_BYTES - 4 < len(f"Base64Body: {body}") <= MAX_LINE_BYTES


@given(st.dictionaries(st.sampled_from(["line", "script", "hint_id"]), st.text(max_size=1200)))
def test_no_text_can_break_out_of_its_line(fields: dict[str, str]) -> None:
    made, client = writer()
    asyncio.run(made.emit("RidHint", fields))
    asyncio.run(made.set_variables("1795.1", fields))
    asyncio.run(made.display("1795.1", fields.get("line", "")))
    for line in client.lines():
        assert not set(line) & set("\r\n\0")
        assert len(line.encode("utf-8")) <= MAX_LINE_BYTES


def test_fields_of_an_event_are_in_camel_case() -> None:
    made, client = writer()
    asyncio.run(made.emit("RidHint", {"hint_id": "h1", "call_id": "c"}))
    assert client.actions == [
        ("UserEvent", {"UserEvent": "RidHint", "HintId": "h1", "CallId": "c"})
    ]


@pytest.mark.parametrize("channel", ["", "a b", "x\r\nAction: Logoff", "行", "-x", "a" * 200])
def test_a_name_that_is_no_channel_never_reaches_asterisk(channel: str) -> None:
    """Setvar without a channel would set a global variable of the whole PBX."""
    made, client = writer()
    with pytest.raises(PbxError, match="channel"):
        asyncio.run(made.set_variables(channel, {"hint": "x"}))
    with pytest.raises(PbxError, match="channel"):
        asyncio.run(made.display(channel, "x"))
    assert client.actions == []


@pytest.mark.parametrize("endpoint", ["", "1001/sip:evil@example.org", "a\nb", "sip:1001", "王"])
def test_a_name_that_is_no_endpoint_never_reaches_asterisk(endpoint: str) -> None:
    """A URI in its place would send the hint to any address."""
    made, client = writer()
    with pytest.raises(PbxError, match="endpoint"):
        asyncio.run(made.send_message(endpoint, "x"))
    assert client.actions == []


@pytest.mark.parametrize("name", ["hint)", "GLOBAL(x", "", "a=b"])
def test_a_variable_can_be_no_function_of_the_dialplan(name: str) -> None:
    made, client = writer()
    with pytest.raises(PbxError, match="variable"):
        asyncio.run(made.set_variables("1795.1", {name: "x"}))
    assert client.actions == []


def test_the_connected_line_comes_back_after_two_hints() -> None:
    made, client = writer()
    where = ("1795.1", "CONNECTEDLINE(name)")
    client.values[where] = "陈总"
    for text in ("先给证据", "说明风险"):
        asyncio.run(made.display("1795.1", text))
        assert client.values[where] == text
    asyncio.run(made.display("1795.1", ""))
    assert client.values[where] == "陈总"


def test_a_party_that_asterisk_put_on_the_display_meanwhile_stays() -> None:
    made, client = writer()
    where = ("1795.1", "CONNECTEDLINE(name)")
    client.values[where] = "陈总"
    asyncio.run(made.display("1795.1", "先给证据"))
    client.values[where] = "王经理"
    client.actions.clear()
    asyncio.run(made.display("1795.1", ""))
    assert [name for name, _ in client.actions] == ["Getvar"]
