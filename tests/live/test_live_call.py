"""A call through the shipped dialplan, with real phones and without our service."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import parse_qs

from live_kit import Baresip, RealAsterisk, audio, script
from live_kit.tools import until

KNOWN = {"RID_OCCUPATION": "教师", "RID_HOLDINGS": "deposit,fund", "RID_CUSTOMER_ID": "C1"}
HINT = "【要点】客户有三百万存单到期；先问用途\n话术：“陈总”，您这笔钱最近半年会动用吗？"


def test_a_marked_call_is_carried_as_any_other_and_its_mark_and_hints_arrive_intact(
    tmp_path: Path,
) -> None:
    said = script(tmp_path, "dd01", end=12.0)
    with (
        RealAsterisk(variables=KNOWN) as pbx,
        Baresip(pbx, "customer", said.customer) as customer,
        Baresip(pbx, "2001", said.agent) as agent,
    ):
        customer.dial("2001")
        agent.take()
        customer.wait("CALL_ESTABLISHED")
        event = pbx.ami.wait("UserEvent", where=lambda e: e["UserEvent"] == "RidAssist")
        assert event["Assist"] == "on"
        assert event["Channel"].startswith("PJSIP/customer-")
        mark = {key: value[0] for key, value in parse_qs(event["Mark"]).items()}
        assert mark == {
            "leg": "customer",
            "agent": "2001",
            "customer_id": "C1",
            "occupation": "教师",
            "holdings": "deposit,fund",
        }
        assert pbx.ami.getvar(event["Channel"], "RID_MARK") == event["Mark"]
        assert pbx.ami.getvar(event["Channel"], "RID_ASSIST") == "on"

        body = base64.b64encode(HINT.encode()).decode()
        sender = pbx.settings.write_back.message_from
        with pbx.login("rid") as ours:
            sent = ours.action("MessageSend", To="pjsip:2001", From=sender, Base64Body=body)
        assert sent["Response"] == "Success", sent
        text = agent.wait_text()
        assert (text.sender, text.body) == ("sip:rid@localhost", HINT)

        # The customer's first words end at 11.4 s of the dialogue.
        until(customer.wait("CALL_ESTABLISHED")["at"] + 11.6)
        customer.hangup()
        agent.wait("CALL_CLOSED")
        customer.wait("CALL_CLOSED")
        pbx.ami.wait("Hangup")
        assert pbx.ami.channels() == []
        assert pbx.warnings() == []
        for phone, other, party in (
            (customer, said.agent, "agent"),
            (agent, said.customer, "customer"),
        ):
            turn = next(t for t in said.turns if t["speaker"] == party)
            begin, end = round(turn["begin"] * audio.RATE), round(turn["end"] * audio.RATE)
            at, score = audio.find(audio.read(other)[begin:end], audio.read(phone.heard()))
            assert score > 0.97, (party, at, score)
            counted = phone.statistics()[-1]
            assert counted.lost == 0
            assert counted.received > 500
