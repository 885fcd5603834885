"""Beside an outbound dialer: what the CRM knows goes in before each call, hints come out.

RID_TELEPHONY_TOKEN=ridt_… python outbound_dialer.py https://rid.bank.example:8787 < leads.jsonl
"""

import json
import sys
import threading
from contextlib import suppress

from rid_telephony.client import Client, ClientError
from rid_telephony.cti.events import CallEnded, CallStarted, ComplianceAlert, HintOffered

TYPES = ["call.started", "call.ended", "hint.offered", "compliance.alert"]


def tell(**what: object) -> None:
    """To your dialer, or to the agent's screen: here a line of JSON."""
    print(json.dumps(what, ensure_ascii=False), flush=True)  # noqa: T201 - its whole purpose


def dial(client: Client) -> None:
    """Each lead is a line such as {"customer_id": "C-1001", "age": 58, "risk_level": "C2"}."""
    for lead in map(json.loads, sys.stdin):
        client.give_context(lead["customer_id"], by="customer", **lead)
        tell(dial=lead["customer_id"])  # originate now, marked, with its rid_customer_id


with Client(sys.argv[1]) as client, client.follow(types=TYPES, cursor_file="dialer.cursor") as feed:
    threading.Thread(target=dial, args=(client,), daemon=True).start()
    for event in feed:
        match event.data:
            case HintOffered(hint_id=hint, line=line, script=script):
                tell(call=event.call_id, agent=event.agent, show=line, say=script)
                with suppress(ClientError):  # told again after a restart, its call may be over
                    client.feedback(hint, "displayed")
            case ComplianceAlert(finding=finding):
                tell(call=event.call_id, agent=event.agent, instead=finding.safe_wording)
            case CallStarted() | CallEnded() as data:
                tell(call=event.call_id, now=event.type, **data.model_dump(exclude={"parties"}))
