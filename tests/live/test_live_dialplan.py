"""The shipped configuration on a real Asterisk: what it allows, and that it harms no call."""

from __future__ import annotations

import base64
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from live_kit import Baresip, RealAsterisk, script
from live_kit.asterisk import SECRET
from live_kit.config import DATA
from websockets.sync.server import ServerConnection, serve

SHIPPED = (DATA / "manager-rid.conf").read_text(encoding="utf-8")
READ = re.search(r"(?m)^read = (.*)$", SHIPPED)[1].split(",")  # type: ignore[index]
WRITE = re.search(r"(?m)^write = (.*)$", SHIPPED)[1].split(",")  # type: ignore[index]
NEEDS_READ = {
    "call": {"Newchannel", "DialBegin", "DialEnd", "BridgeEnter", "Hold", "Unhold", "Hangup"},
    "agent": {"AgentCalled", "AgentConnect"},
    "user": {"UserEvent"},
    "system": {"FullyBooted"},
}
NEEDS_WRITE = {
    "call": {"Setvar", "Hangup"},
    "originate": {"Originate"},
    "user": {"UserEvent"},
    "message": {"MessageSend"},
    "reporting": {"CoreShowChannels"},
}


def users() -> str:
    """A user with the shipped classes, and one for each class that lacks it."""
    lines = []
    for kind, classes in (("read", READ), ("write", WRITE)):
        for left_out in classes:
            kept = {"read": list(READ), "write": list(WRITE)}
            kept[kind].remove(left_out)
            lines += [f"[no-{kind}-{left_out}]", f"secret={SECRET}"]
            lines += [f"{key}={','.join(value)}" for key, value in kept.items()]
    filters = re.findall(r"(?m)^eventfilter.*$", SHIPPED)
    lines += ["[flooded]", f"secret={SECRET}", "read=all"]
    lines += ["[filtered]", f"secret={SECRET}", "read=all", *filters]
    return "\n".join([*lines, ""])


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
    with RealAsterisk(dialplan=dialplan, files={"manager-more.conf": users()}) as running:
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


def test_every_permission_that_is_shipped_is_needed_and_together_they_are_enough(
    pbx: RealAsterisk, tmp_path: Path
) -> None:
    names = ["rid"] + [f"no-read-{c}" for c in READ] + [f"no-write-{c}" for c in WRITE]
    sessions = {name: pbx.login(name) for name in names}
    said = script(tmp_path, end=1.0)
    with (
        Baresip(pbx, "customer", said.customer) as customer,
        Baresip(pbx, "1001", said.agent) as agent,
    ):
        customer.dial("800")
        agent.take()
        entered = pbx.ami.wait("BridgeEnter", where=lambda e: "1001" in e["Channel"])
        agent.hold()
        pbx.ami.wait("Hold")
        agent.wait("CALL_REMOTE_SDP", where=lambda e: e["param"] == "answer")
        agent.resume()
        pbx.ami.wait("Unhold")
        actions = {
            "Setvar": {"Channel": entered["Channel"], "Variable": "RID_STAGE", "Value": "试"},
            "Hangup": {"Channel": "fork-nobody"},
            "UserEvent": {"UserEvent": "RidHint"},
            "MessageSend": {
                "To": "pjsip:1001",
                "From": pbx.settings.write_back.message_from,
                "Base64Body": base64.b64encode("试".encode()).decode(),
            },
            "CoreShowChannels": {},
            "Originate": {
                "Channel": f"AudioSocket/127.0.0.1:{pbx.ports.fork}/{uuid.uuid4()}",
                "Application": "ChanSpy",
                "Data": f"{entered['Channel']},quoES",
                "Async": "true",
            },
        }
        denied = {
            name: {
                action
                for action, fields in actions.items()
                if session.action(action, **fields).get("Message") == "Permission denied"
            }
            for name, session in sessions.items()
        }
        for action in ("PJSIPShowEndpoints", "Reload", "Command", "GetConfig", "QueueAdd"):
            assert sessions["rid"].action(action)["Message"] == "Permission denied", action
        readable = sessions["rid"].action("Getvar", Variable="DEVICE_STATE(PJSIP/2001)")
        assert readable["Value"] == "UNAVAILABLE"
        customer.hangup()
        agent.wait("CALL_CLOSED")
    seen = {}
    for name, session in sessions.items():
        session.action("Ping")  # so that all before it has been read
        seen[name] = {event["Event"] for event in session.events}
        session.close()
    assert denied["rid"] == set()
    assert set().union(*NEEDS_READ.values()) <= seen["rid"]
    for name, events in NEEDS_READ.items():
        assert not events & seen[f"no-read-{name}"], name
    for name, lost in NEEDS_WRITE.items():
        assert denied[f"no-write-{name}"] == lost
    assert not seen["rid"] & {"VarSet", "Newexten", "RTCPSent", "RTCPReceived"}


def test_the_event_filters_hold_the_flood_back_even_from_a_user_who_may_read_all(
    pbx: RealAsterisk,
) -> None:
    with pbx.login("flooded") as flooded, pbx.login("filtered") as filtered:
        probe(pbx)
        flooded.wait("Hangup")
        filtered.wait("Hangup")
        seen = {event["Event"] for event in filtered.events}
        assert {"VarSet", "Newexten"} <= {event["Event"] for event in flooded.events}
        assert not seen & {"VarSet", "Newexten", "DeviceStateChange", "RTCPSent"}
        assert {"Newchannel", "UserEvent"} <= seen


def test_nobody_logs_in_from_elsewhere_or_with_another_secret(pbx: RealAsterisk) -> None:
    with pytest.raises(PermissionError):
        pbx.login("rid", "wrong")
    shown = pbx.cli("manager show user rid")
    assert "ACL: yes" in shown
    assert "allow - 127.0.0.1/255.255.255.255" in shown


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
