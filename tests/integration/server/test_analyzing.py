"""``/v1/analyze`` over HTTP: bounded, one request at a time, and never at the cost of the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from calls_site import Site, calls_site

from rid_telephony.cti.access.scope import Right
from rid_telephony.cti.server import analyze as analyzing

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with calls_site(tmp_path) as made:
        yield made


def test_analyze_takes_one_record_or_a_list(site: Site) -> None:
    headers = site.token(Right.ANALYZE)
    one = {"id": "1", "party": "customer", "text": "好"}
    single = site.http.post("/v1/analyze", json=one, headers=headers)
    assert single.json() == {"id": "1", "objection": "none"}
    several = site.http.post("/v1/analyze", json=[one, {**one, "id": "2"}], headers=headers)
    assert [result["id"] for result in several.json()] == ["1", "2"]


def test_a_record_that_is_not_valid_is_named_and_too_many_are_refused(site: Site) -> None:
    headers = site.token(Right.ANALYZE)
    bad = site.http.post("/v1/analyze", json=[{"id": "1"}, {"x": 1}], headers=headers)
    assert bad.status_code == 422
    assert bad.json()["record"] == 1
    for records in ([], [{"id": "1"}] * 201, [{"id": "1", "turns": [{}] * 1001}]):
        refused = site.http.post("/v1/analyze", json=records, headers=headers)
        assert refused.status_code == 422


def test_a_flood_of_requests_to_analyze_is_told_to_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyzing, "MAX_WAITING", 2)
    headers = site.token(Right.ANALYZE)

    async def flood() -> list[httpx.Response]:
        transport = httpx.ASGITransport(site.http.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            records = [{"id": str(number)} for number in range(12)]
            asked = (http.post("/v1/analyze", json=one, headers=headers) for one in records)
            return await asyncio.gather(*asked)

    answers = asyncio.run(flood())
    assert {answer.status_code for answer in answers} == {200, 503}
    busy = [answer for answer in answers if answer.status_code == 503]
    assert all(answer.headers["retry-after"] for answer in busy)


def test_text_that_no_answer_can_hold_is_refused(site: Site) -> None:
    headers = {**site.token(Right.ANALYZE), "Content-Type": "application/json"}
    for body in (b'{"id":"\\ud800","text":"x"}', b'[{"id":"1","\\udfff":"x"}]'):
        assert site.http.post("/v1/analyze", content=body, headers=headers).status_code == 422
