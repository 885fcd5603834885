"""The shipped manager user on a real Asterisk: all that it needs, and nothing more."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kit import Baresip, RealAsterisk, script
from live_kit.asterisk import SECRET
from live_kit.config import DATA

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
[marked]
exten => _X.,1,Gosub(rid-assist,s,1(customer))
 same => n,Wait(0.2)
"""
    with RealAsterisk(dialplan=dialplan, files={"manager-more.conf": users()}) as running:
        yield running


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
                "Data": f"{entered['Channel']},quoESl",
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
        pbx.ami.action(
            "Originate", Channel="Local/100@marked/n", Application="Wait", Data="0.3", Async="true"
        )
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
