"""``/v1/calls`` and ``/v1/hints`` over HTTP, with real calls and a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calls_site import Site, calls_site

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.cti.access.scope import Right
from rid_telephony.errors import StoreError

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with calls_site(tmp_path) as made:
        yield made


def test_the_list_shows_live_calls_first_and_then_those_of_the_store(site: Site) -> None:
    site.floor.start("c1")
    site.floor.doubted("c1")
    site.floor.end("c1")
    site.floor.start("c2", agent="1002")
    answer = site.http.get("/v1/calls", headers=site.token(Right.READ))
    assert answer.status_code == 200
    lines = answer.json()["calls"]
    assert [(one["call_id"], one["state"]) for one in lines] == [("c2", "talking"), ("c1", "ended")]
    assert lines[1]["relationship"] is not None
    live = site.http.get("/v1/calls?state=live", headers=site.token(Right.READ))
    assert [one["call_id"] for one in live.json()["calls"]] == ["c2"]


def test_the_list_goes_on_while_the_store_is_broken(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.floor.start("c1")
    site.floor.end("c1")
    site.floor.start("c2")

    def broken(*_: object) -> None:
        raise StoreError("disk")

    monkeypatch.setattr(site.store, "calls", broken)
    answer = site.http.get("/v1/calls", headers=site.token())
    assert [one["call_id"] for one in answer.json()["calls"]] == ["c2", "c1"]


def test_a_call_is_told_alike_while_it_is_in_memory_and_out_of_the_store(site: Site) -> None:
    site.floor.start("c1")
    site.floor.doubted("c1")
    site.floor.end("c1")
    headers = site.token(Right.READ)
    first = (site.http.get("/v1/calls/c1", headers=headers)).json()
    site.floor.board._ended.clear()
    second = (site.http.get("/v1/calls/c1", headers=headers)).json()
    assert first == second
    assert [turn["role"] for turn in first["transcript"]] == ["agent", "customer"]
    assert first["hints"]
    assert first["summary"]
    assert first["evidence"]["relationship"]


def test_calls_outside_the_scope_do_not_exist_for_a_token(site: Site) -> None:
    site.floor.start("c1", agent="1001", tenant="ours", queue="sales")
    site.floor.doubted("c1")
    for scope in ({"agents": ("1002",)}, {"tenants": ("theirs",)}, {"queues": ("service",)}):
        headers = site.token(**scope)
        assert (site.http.get("/v1/calls", headers=headers)).json()["calls"] == []
        assert (site.http.get("/v1/calls/c1", headers=headers)).status_code == 404
        verdict = {"verdict": "used"}
        hint = site.floor.last("hint.offered").data["hint_id"]
        path = f"/v1/hints/{hint}/feedback"
        assert (site.http.post(path, json=verdict, headers=headers)).status_code == 404
    assert site.floor.types("hint.accepted") == []
    mine = site.token(agents=("10*",), tenants=("ours",), queues=("sales",))
    assert (site.http.get("/v1/calls/c1", headers=mine)).status_code == 200


def test_event_types_of_a_token_hold_for_calls_too(site: Site) -> None:
    site.floor.start("c1")
    site.floor.doubted("c1")
    headers = site.token(types=("hint.*",))
    told = (site.http.get("/v1/calls/c1", headers=headers)).json()
    assert told["hints"]
    assert told["transcript"] == []
    assert told["profile"]["relationship"] is None


@pytest.mark.parametrize(
    ("right", "method", "path", "body"),
    [
        (Right.READ, "GET", "/v1/calls", None),
        (Right.READ, "GET", "/v1/calls/c1", None),
        (Right.CONTEXT, "POST", "/v1/calls/c1/context", {"age": 60}),
        (Right.FEEDBACK, "POST", "/v1/hints/x/feedback", {"verdict": "used"}),
        (Right.ANALYZE, "POST", "/v1/analyze", {"id": "1", "party": "customer", "text": "好"}),
    ],
)
def test_each_route_asks_for_its_own_right(
    site: Site, right: Right, method: str, path: str, body: object
) -> None:
    others = site.token(*(set(Right) - {right}))
    refused = site.http.request(method, path, json=body, headers=others)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert (site.http.request(method, path, json=body)).status_code == 401


def test_context_before_and_during_a_call(site: Site) -> None:
    headers = site.token(Right.CONTEXT)
    early = site.http.post("/v1/calls/c1-b/context?by=channel", json={"age": 66}, headers=headers)
    assert (early.status_code, early.json()) == (202, {"outcome": "kept"})
    site.floor.start("c1")
    site.floor.customer("你好")
    late = site.http.post(
        "/v1/calls/c1/context",
        json={"risk_level": "C2", "holdings": ["fund"], "occupation": " 老师 "},
        headers=headers,
    )
    assert (late.status_code, late.json()) == (200, {"outcome": "done"})
    facts = site.floor.last("rid.demand.updated").data["facts"]
    assert facts == {"age": 66, "holdings": ["fund"], "occupation": "老师"}
    site.floor.agent("这款产品")
    assert site.floor.words.risk_levels[-1] == 2


def test_context_for_a_call_that_is_over_is_too_late_even_when_only_the_store_knows_it(
    site: Site,
) -> None:
    site.floor.start("c1")
    site.floor.end("c1")
    site.floor.control._ended.clear()
    site.floor.board._ended.clear()
    answer = site.http.post(
        "/v1/calls/c1/context", json={"age": 66}, headers=site.token(Right.CONTEXT)
    )
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(":too-late")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"age": -1},
        {"age": "old"},
        {"income_monthly_cny": 1e300},
        {"risk_level": 6},
        {"risk_level": "C9"},
        {"risk_level": "²"},
        {"holdings": ["yacht"]},
        {"holdings": ["fund"] * 50},
        {"occupation": "长" * 101},
        {"customer_id": "x" * 129},
        {"nickname": "x"},
        [],
        "text",
    ],
)
def test_a_context_that_is_not_one_is_refused_and_says_where(site: Site, body: Any) -> None:
    site.floor.start("c1")
    answer = site.http.post("/v1/calls/c1/context", json=body, headers=site.token())
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_by_customer_the_body_may_not_name_another(site: Site) -> None:
    path = "/v1/calls/k/context?by=customer"
    headers = site.token()
    wrong = site.http.post(path, json={"customer_id": "x"}, headers=headers)
    assert wrong.status_code == 422
    right = site.http.post(path, json={"customer_id": "k", "age": 60}, headers=headers)
    assert right.status_code == 202
    site.floor.start(context=CustomerContext(customer_id="k"))
    site.floor.customer("你好")
    assert site.floor.last("rid.demand.updated").data["facts"]["age"] == 60


def test_feedback_reaches_the_store_under_the_tokens_name(site: Site) -> None:
    site.floor.start("c1")
    hint = site.floor.doubted("c1")
    path = f"/v1/hints/{hint}/feedback"
    headers = site.token(Right.FEEDBACK)
    body = {"verdict": "used", "note": "管用"}
    for _ in range(2):
        answer = site.http.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"outcome": "done"})
    kept = [e for e in site.store.events_of("c1") if e.type == "hint.accepted"]
    assert [(e.data["reason"], e.data["by"], e.data["note"]) for e in kept] == [
        ("used", "t0", "管用")
    ]
    opposite = site.http.post(path, json={"verdict": "wrong"}, headers=headers)
    assert opposite.status_code == 409


def test_feedback_long_after_the_call_is_too_late_and_of_no_hint_not_found(
    site: Site,
) -> None:
    site.floor.start("c1")
    hint = site.floor.doubted("c1")
    site.floor.end("c1")
    site.floor.now += 3600
    headers = site.token()
    body = {"verdict": "used"}
    late = site.http.post(f"/v1/hints/{hint}/feedback", json=body, headers=headers)
    assert late.status_code == 409
    none = site.http.post("/v1/hints/c1-h-777/feedback", json=body, headers=headers)
    assert none.status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"verdict": "good"}, {"verdict": "used", "note": "x" * 501}, {"verdict": "used", "x": 1}],
)
def test_a_verdict_that_is_not_one_is_refused(site: Site, body: Any) -> None:
    site.floor.start("c1")
    hint = site.floor.doubted("c1")
    path = f"/v1/hints/{hint}/feedback"
    assert (site.http.post(path, json=body, headers=site.token())).status_code == 422


def test_an_id_with_slashes_is_one_id(site: Site) -> None:
    site.floor.start("a/b@host")
    headers = site.token()
    assert (site.http.get("/v1/calls/a%2Fb@host", headers=headers)).status_code == 200
    told = site.http.post("/v1/calls/a%2Fb@host/context", json={"age": 60}, headers=headers)
    assert told.status_code == 200
