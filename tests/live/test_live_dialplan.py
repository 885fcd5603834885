"""The shipped dialplan on a real Asterisk: what it marks, and that it harms no call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from live_kit import Baresip, RealAsterisk, script
from websockets.sync.server import ServerConnection, serve


@pytest.fixture(scope="module")
def pbx() -> Iterator[RealAsterisk]:
    dialplan = """
[probe]
exten => _X.,1,GosubIf(${DIALPLAN_EXISTS(rid-assist,s,1)}?rid-assist,s,1(${PROBE_LEG}))
 same => n,Set(PROBE_STATE=${CHANNEL(state)})
 same => n,Set(PROBE_DONE=yes)
 same => n,Wait(0.2)
[long]
exten => _X.,1,Set(RID_AGENT=1001)
 same => n,Set(RID_OCCUPATION=${PROBE_PIECE}${PROBE_PIECE}${PROBE_PIECE}${PROBE_PIECE})
 same => n,Goto(probe,${EXTEN},1)
[gone]
exten => _X.,1,GosubIf(${DIALPLAN_EXISTS(rid-absent,s,1)}?rid-absent,s,1(customer))
 same => n,Set(PROBE_DONE=yes)
"""
    with RealAsterisk(dialplan=dialplan) as running:
        yield running


def probe(pbx: RealAsterisk, context: str = "probe", **variables: str) -> dict[str, str]:
    """Send a channel through the subroutine; what it set, once it has gone on after it."""
    start = len(pbx.ami.events)
    given = ",".join(f"{key}={value}" for key, value in variables.items())
    fields = {"Variable": given} if given else {}
    pbx.ami.action(
        "Originate", Channel=f"Local/100@{context}/n", Application="Wait", Data="0.3",
        Async="true", **fields,
    )  # fmt: skip
    done = pbx.ami.wait("VarSet", 5, start, lambda e: e["Variable"] == "PROBE_DONE")
    found = {}
    for event in pbx.ami.events[start:]:
        if event["Event"] == "VarSet" and event["Uniqueid"] == done["Uniqueid"]:
            found[event["Variable"]] = event["Value"]
        if event["Event"] == "UserEvent" and event["UserEvent"] == "RidAssist":
            found["sent"] = f"{event['Assist']} {event['Mark']}"
    return found


@pytest.mark.parametrize("word", ["off", "OFF", "no", "0", "False"])
def test_the_switch_turns_a_call_off_and_says_so(pbx: RealAsterisk, word: str) -> None:
    found = probe(pbx, RID_ASSIST=word)
    assert found["RID_ASSIST"] == "off"
    assert found["sent"].startswith("off ")


def test_the_switch_as_a_global_variable_turns_all_calls_off_without_a_reload(
    pbx: RealAsterisk,
) -> None:
    pbx.cli("dialplan set global RID_ASSIST off")
    assert probe(pbx)["RID_ASSIST"] == "off"
    pbx.cli("dialplan set global RID_ASSIST on")
    assert probe(pbx)["RID_ASSIST"] == "on"


@pytest.mark.parametrize(
    ("argument", "variable", "leg"),
    [
        ("", "", "customer"),
        ("agent", "", "agent"),
        ("", "agent", "agent"),
        ("customer", "agent", "customer"),
        ("nonsense", "", "customer"),
    ],
)
def test_the_leg_is_the_argument_else_the_variable_else_the_customer(
    pbx: RealAsterisk, argument: str, variable: str, leg: str
) -> None:
    found = probe(pbx, PROBE_LEG=argument, RID_LEG=variable)
    assert parse_qs(found["RID_MARK"])["leg"] == [leg]


@pytest.mark.parametrize(
    "value",
    [
        "退休教师",
        'a"b" & c=d?e%20',
        "${EXTEN} $[1+1] {x} [y]",
        "(a) b) ((c",
        "semi;colon:colon|pipe\\back",
        "长" * 300,  # of the 1022 bytes that a line of the manager may have
        " blanks  around ",
    ],
)
def test_any_value_arrives_as_it_was_and_the_call_goes_on_unanswered(
    pbx: RealAsterisk, value: str
) -> None:
    # Through the manager a variable's value is taken as it is; commas separate variables there.
    pbx.ami.action("Setvar", Variable="RID_OCCUPATION", Value=value)
    try:
        found = probe(pbx)
    finally:
        pbx.ami.action("Setvar", Variable="RID_OCCUPATION", Value="")
    assert found["PROBE_STATE"] == "Ring"
    kept = parse_qs(found["RID_MARK"])["occupation"][0]
    assert kept.strip() == value.strip()  # the manager trims values


def test_a_value_longer_than_asterisk_can_hold_ends_no_call(pbx: RealAsterisk) -> None:
    pbx.ami.action("Setvar", Variable="PROBE_PIECE", Value="长" * 300)
    found = probe(pbx, "long")
    assert found["PROBE_STATE"] == "Ring"
    assert found["RID_ASSIST"] == "on"
    assert found["sent"].startswith("on leg=customer&agent=1001&")


def test_the_line_does_nothing_where_the_subroutine_is_missing(pbx: RealAsterisk) -> None:
    assert probe(pbx, "gone")["PROBE_DONE"] == "yes"


def test_the_call_goes_on_where_functions_and_modules_are_missing() -> None:
    missing = ["func_uri", "func_strings", "func_logic", "func_module", "app_userevent"]
    dialplan = """
[probe]
exten => _X.,1,Gosub(rid-assist,s,1(customer))
 same => n,Set(PROBE_DONE=yes)
"""
    with RealAsterisk(dialplan=dialplan, without=missing) as pbx:
        assert probe(pbx)["PROBE_DONE"] == "yes"
    with RealAsterisk(dialplan=dialplan, without=["app_userevent"]) as pbx:
        found = probe(pbx)
        assert found["RID_ASSIST"] == "on"
        assert "sent" not in found


def test_the_examples_mark_queue_and_outbound_calls_with_the_right_leg(
    pbx: RealAsterisk, tmp_path: Path
) -> None:
    said = script(tmp_path, end=1.0)
    with (
        Baresip(pbx, "customer", said.customer) as customer,
        Baresip(pbx, "1001", said.agent) as agent,
    ):

        def begin() -> None:
            for kept in (customer, agent, pbx.ami):
                kept.forget()

        def end() -> tuple[str, str]:
            pbx.ami.wait("BridgeEnter", where=lambda e: e["BridgeNumChannels"] == "2")
            mark = pbx.ami.wait("UserEvent")
            customer.hangup()
            agent.wait("CALL_CLOSED")
            customer.wait("CALL_CLOSED")
            return mark["Channel"].partition("-")[0], mark["Mark"].partition("&tenant")[0]

        begin()
        customer.dial("800")
        agent.take()
        assert end() == ("PJSIP/customer", "leg=customer&agent=")

        begin()
        agent.dial("913900000001")
        customer.take()
        assert end() == ("PJSIP/1001", "leg=agent&agent=")

        begin()
        outbound = {"Priority": "1", "Async": "true"}
        pbx.ami.action(
            "Originate", Channel="PJSIP/1001", Context="rid-example-outbound-agent",
            Exten="913900000001", **outbound,
        )  # fmt: skip
        agent.take()
        customer.take()
        assert end() == ("PJSIP/1001", "leg=agent&agent=")

        begin()
        pbx.ami.action(
            "Originate", Channel="PJSIP/13900000001@trunk", Exten="1001",
            Context="rid-example-outbound-customer", **outbound,
        )  # fmt: skip
        customer.take()
        agent.take()
        assert end() == ("PJSIP/trunk", "leg=customer&agent=1001")

        begin()
        agent.dial("*51")
        added = pbx.ami.wait("QueueMemberAdded")
        assert (added["Queue"], added["Interface"]) == ("wealth-dynamic", "PJSIP/1001")
        agent.wait("CALL_CLOSED")

        begin()
        customer.dial("801")
        agent.take()
        assert end() == ("PJSIP/customer", "leg=customer&agent=")


def test_the_websocket_client_connects_to_where_the_settings_say(pbx: RealAsterisk) -> None:
    came: list[tuple[str, str | None]] = []
    heard = threading.Event()

    def take(connection: ServerConnection) -> None:
        assert connection.request
        came.append((connection.request.path, connection.subprotocol))
        for message in connection:
            if isinstance(message, bytes):
                heard.set()
                return

    with serve(take, "127.0.0.1", pbx.ports.fork, subprotocols=["media"]) as server:  # type: ignore[list-item]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pbx.ami.action(
            "Originate", Channel="WebSocket/rid/c(slin16)v(leg=customer)", Application="Echo",
            Async="true",
        )  # fmt: skip
        pbx.ami.action(
            "Originate", Channel="WebSocket/rid/c(slin16)", Application="Playback",
            Data="vm-goodbye", Async="true",
        )  # fmt: skip
        assert heard.wait(5)
        server.shutdown()
    assert ("/media?leg=customer", "media") in came
