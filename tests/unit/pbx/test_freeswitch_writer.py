"""What the writer asks of the event socket: no text of a call becomes a command."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from esl_recordings import recorded_bytes
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.pbx.freeswitch import texts
from rid_telephony.pbx.freeswitch.writer import FreeSwitchWriter, profiles_of
from rid_telephony.pbx.messages import PbxError, PbxRefusedError
from rid_telephony.settings.freeswitch import FreeSwitchSettings

UUID = "3a8822fa-7be3-4d11-ab4d-8e12b4c7c6fe"
CONTACT = "sofia/internal/sip:1001@10.0.0.7:5060"


class FakeClient:
    """Remembers what it was asked; answers as FreeSWITCH 1.11 does."""

    def __init__(self, **answers: str) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.events: list[tuple[str, dict[str, str], str]] = []
        self.answers = {"global_getvar": "bank.example", "sofia_contact": CONTACT} | answers
        self.variables: dict[str, str] = {}

    async def api(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        self.asked.append((command, *arguments))
        if command == "uuid_getvar":
            return self.variables.get(arguments[1], "_undef_")
        answer = self.answers.get(command, "+OK\n")
        if not answer:
            raise PbxRefusedError("no reply")
        return answer

    async def bgapi(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        raise AssertionError("nothing that the writer does is slow")

    async def send_event(
        self,
        name: str,
        headers: Mapping[str, str],
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> str:
        self.events.append((name, dict(headers), body))
        return "+OK"

    def commands(self) -> list[str]:
        return [command for command, *_ in self.asked]

    def packets(self) -> list[str]:
        """Everything but bodies as it would be on the wire."""
        lines = ["api " + " ".join(asked) for asked in self.asked]
        for name, headers, _ in self.events:
            lines += [f"sendevent {name}", *(f"{key}: {text}" for key, text in headers.items())]
        return lines


def writer(
    settings: Mapping[str, object] = {}, **answers: str
) -> tuple[FreeSwitchWriter, FakeClient]:
    client = FakeClient(**answers)
    return FreeSwitchWriter(client, FreeSwitchSettings.model_validate(settings)), client


def as_freeswitch_reads(arguments: str, most: int) -> list[str]:
    """``switch_separate_string`` at blanks, after switch_utils.c of FreeSWITCH 1.11."""
    found: list[str] = []
    rest = arguments
    while rest and len(found) < most:
        if len(found) == most - 1:
            word, rest = rest, ""
        else:
            word, rest = _word(rest)
        found.append(_cleaned(word))
    return found


def _word(text: str) -> tuple[str, str]:
    quoted, at = False, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "'":
            quoted = not quoted
        elif text[at] == " " and not quoted:
            return text[:at], text[at:].lstrip(" ")
        at += 1
    return text, ""


def _cleaned(text: str) -> str:
    out, at, quoted = "", 0, False
    text = text.strip(" ")
    while at < len(text):
        sign, following = text[at], text[at + 1 : at + 2]
        if sign == "\\" and following and following in "'\"\\nrts":
            out += {"n": "\n", "r": "\r", "t": "\t", "s": " "}.get(following, following)
            at += 1
        elif sign == "'" and (quoted or "'" in text[at + 1 :]):
            quoted = not quoted
        else:
            out += sign
        at += 1
    return out


def test_variables_get_their_prefix_one_by_one_and_an_empty_one_is_removed() -> None:
    made, client = writer()
    asyncio.run(made.set_variables(UUID, {"hint_id": "h1", "hint": "先给证据", "strategy": ""}))
    assert client.asked == [
        ("uuid_setvar", UUID, "rid_hint_id", "h1"),
        ("uuid_setvar", UUID, "rid_hint", "先给证据"),
        ("uuid_setvar", UUID, "rid_strategy"),
    ]


def test_a_variable_is_set_as_in_the_recording() -> None:
    """Recorded on FreeSWITCH 1.11.2: the value came back whole from ``uuid_getvar``."""
    sent = b"".join(raw for _, raw in recorded_bytes("esl_writeback_commands", 1, "c2s")).decode()
    made, client = writer()
    asyncio.run(made.set_variables(UUID, {"hint": "客户要退款 100% sure"}))
    assert client.packets()[0] in sent.splitlines()


def test_an_event_looks_as_in_the_recording() -> None:
    """Recorded: the event with RID-UUID was published, the one with Unique-ID was not."""
    sent = b"".join(raw for _, raw in recorded_bytes("esl_writeback_commands", 1, "c2s")).decode()
    made, client = writer()
    asyncio.run(made.emit("RidHint", {"text": "客户要退款", "channel": UUID}))
    ((name, headers, _),) = client.events
    assert f"sendevent {name}\n" in sent
    for key, text in headers.items():
        assert f"{key}: {text}\n" in sent
    assert "Unique-ID" not in headers


def test_fields_of_an_event_are_named_after_ours() -> None:
    made, client = writer()
    asyncio.run(made.emit("RidAlert", {"call_id": "c", "unique_id": UUID, "channel": UUID}))
    ((_, headers, body),) = client.events
    assert headers == {
        "Event-Subclass": "rid::alert",
        "RID-Call-Id": "c",
        "RID-Unique-Id": UUID,
        "RID-UUID": UUID,
    }
    assert body == ""


def test_a_message_of_two_lines_goes_as_a_body_to_the_profile_of_the_registration() -> None:
    made, client = writer(sofia_contact="[x=y]sofia/external/sip:1001@1.2.3.4")
    asyncio.run(made.send_message("1001", "先给证据\r\n您可以|'先看'。"))
    assert client.asked[-1] == ("sofia_contact", "*/1001@bank.example")
    ((name, headers, body),) = client.events
    assert name == "SEND_MESSAGE"
    assert headers == {
        "profile": "external",
        "user": "1001",
        "host": "bank.example",
        "content-type": "text/plain",
        "subject": "RID",
    }
    assert body == "先给证据\n您可以|'先看'。"


def test_an_agent_who_is_not_registered_gets_no_message_and_it_counts_as_refused() -> None:
    made, client = writer(sofia_contact="error/user_not_registered")
    with pytest.raises(PbxRefusedError, match="not registered"):
        asyncio.run(made.send_message("1001", "x"))
    assert client.events == []


def test_the_domain_is_asked_once_and_never_where_it_is_set() -> None:
    made, client = writer()

    async def twice(made: FreeSwitchWriter) -> None:
        await made.send_message("1001", "x")
        await made.send_message("1002", "x")

    asyncio.run(twice(made))
    assert client.commands().count("global_getvar") == 1
    made, client = writer({"domain": "sip.bank.example"})
    asyncio.run(twice(made))
    assert client.commands() == ["sofia_contact", "sofia_contact"]
    assert client.events[0][1]["host"] == "sip.bank.example"


def test_a_pbx_without_a_domain_says_which_setting_helps() -> None:
    made, _ = writer(global_getvar="")
    with pytest.raises(PbxRefusedError) as raised:
        asyncio.run(made.send_message("1001", "x"))
    assert "domain in [freeswitch]" in raised.value.advice


def test_message_to_can_name_another_user_and_domain() -> None:
    made, client = writer({"write_back": {"message_to": "coach-{endpoint}@desk.example"}})
    asyncio.run(made.send_message("1001", "x"))
    assert client.asked == [("sofia_contact", "*/coach-1001@desk.example")]


def test_a_message_is_bounded_in_whole_characters() -> None:
    made, client = writer()
    asyncio.run(made.send_message("1001", "行" * 5000))
    assert len(client.events[0][2].encode("utf-8")) <= 1000


NASTY = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "it's\nfine",
            "a\r\nContent-Length: 5\n\n",
            "${system(id)}",
            "$'{'system id}",
            "$${domain}",
            "please unload mod_event_socket",
            "UNLOAD Mod_Event_Socket",
            "ARRAY::a|:b",
            "\\n\\'\\",
            'x" <sip:evil@example.org>',
            "\x00\x85\u2028",
            "行" * 2000,
        ]
    ),
)


@given(NASTY)
def test_no_text_becomes_a_command_a_header_or_a_variable(text: str) -> None:
    made, client = writer()
    asyncio.run(made.set_variables(UUID, {"hint": text}))
    asyncio.run(made.display(UUID, text))
    asyncio.run(made.emit("RidHint", {"line": text}))
    for line in client.packets():
        assert not set(line) & set("\r\n\0")
        assert "mod_event_socket" not in line.lower()
        assert len(line.encode("utf-8")) < 1200


@given(NASTY)
def test_a_value_arrives_as_it_was_sent_and_expands_to_nothing(text: str) -> None:
    """A dialplan that writes ${rid_hint} runs what ``${system …}`` in it says."""
    value = texts.argument(text)
    read = as_freeswitch_reads(f"{UUID} rid_hint {value}", 3)
    assert read[:2] == [UUID, "rid_hint"]
    assert (read[2:] or [""])[0] == value.strip()
    assert "$" not in value


def test_a_value_with_a_quote_would_lose_it() -> None:
    """The model of FreeSWITCH's splitting that the property above rests on, as recorded."""
    assert as_freeswitch_reads("u v it's 'so'", 3) == ["u", "v", "its so'"]
    assert as_freeswitch_reads(r"u v $'{'x\n}", 3) == ["u", "v", "${x\n}"]


@pytest.mark.parametrize("channel", ["", "a b", "x\r\napi status", "行", "-x", "a" * 200, "a'b"])
def test_a_name_that_is_no_channel_never_reaches_freeswitch(channel: str) -> None:
    made, client = writer()
    for asked in (made.set_variables(channel, {"hint": "x"}), made.display(channel, "x")):
        with pytest.raises(PbxError, match="channel"):
            asyncio.run(asked)
    assert client.asked == []


@pytest.mark.parametrize("endpoint", ["", "1001@evil.example", "a\nb", "*", "1001 x", "王", "a/b"])
def test_a_name_that_is_no_user_never_reaches_freeswitch(endpoint: str) -> None:
    made, client = writer()
    with pytest.raises(PbxError, match="user"):
        asyncio.run(made.send_message(endpoint, "x"))
    assert client.events == []


@pytest.mark.parametrize("name", ["hint x", "Hint", "", "a=b", "a\nb"])
def test_a_variable_is_a_plain_word(name: str) -> None:
    made, client = writer()
    with pytest.raises(PbxError, match="variable"):
        asyncio.run(made.set_variables(UUID, {"hint": "x", name: "x"}))
    assert client.asked == []


@pytest.mark.parametrize("name", ["Hint", "RidHint\nx", "Rid", "rid::hint"])
def test_an_event_is_one_of_ours(name: str) -> None:
    made, client = writer()
    with pytest.raises(PbxError, match="event"):
        asyncio.run(made.emit(name, {}))
    assert client.events == []


@pytest.mark.parametrize(("direction", "party"), [("outbound", "caller"), ("inbound", "callee")])
def test_the_display_shows_the_hint_and_then_the_other_party_again(
    direction: str, party: str
) -> None:
    made, client = writer()
    client.variables = {
        "direction": direction,
        f"{party}_id_name": "陈总",
        f"{party}_id_number": "139",
    }
    for text in ("先给|证据", ""):
        asyncio.run(made.display(UUID, text))
    shown = [asked[1:] for asked in client.asked if asked[0] == "uuid_display"]
    assert shown == [(UUID, "先给｜证据|139"), (UUID, "陈总|139")]


def test_profiles_are_read_from_every_registration_once() -> None:
    two = "sofia/internal/sip:1@h;x=sofia/evil/,[a=b]sofia/ws/sip:2@h,sofia/internal/sip:3@h"
    assert profiles_of(two) == ["internal", "ws"]
    assert profiles_of("error/user_not_registered") == []
