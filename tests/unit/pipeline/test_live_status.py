"""The status line tells an operator what was written to the PBX, and how soon."""

from __future__ import annotations

from rid_telephony.pbx.writeback_stats import Kind, Tally
from rid_telephony.vitals import flat


def test_what_happened_is_told_by_kind_and_what_never_did_is_left_out() -> None:
    tally = Tally()
    for hundredth in range(1, 101):
        tally.delivered(Kind.MESSAGE, hundredth / 100)
    tally.delivered(Kind.VARIABLES, None)
    tally.failed(Kind.MESSAGE, "pbx_refused")
    tally.failed(Kind.MESSAGE, "pbx_timeout")
    tally.late(Kind.EVENT)

    assert flat(tally.snapshot()) == {
        "message_delivered": 100,
        "message_failed": 2,
        "message_p95_ms": 950,
        "variables_delivered": 1,
        "event_late": 1,
    }
