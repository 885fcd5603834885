"""``/v1/analyze``: text in, signals out, as ``rid-telephony analyze`` does it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import AfterValidator

from rid_telephony.cti.access.scope import Principal, Right
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.ports import Analyze
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import principal
from rid_telephony.errors import InputError

MAX_RECORDS = 200
MAX_TURNS = 1000
"""Utterances of one request, over all of its records."""
MAX_WAITING = 8
"""Requests that wait for their turn; they are taken one at a time, for the calls come first."""
RETRY_SECONDS = "2"

Record = dict[str, Any]
Asker = Annotated[Principal, Depends(principal(Right.ANALYZE))]

EXAMPLES: list[Any] = [
    {"id": "1", "party": "customer", "text": "真的假的", "context": "年化百分之三"},
    {
        "id": "d1",
        "turns": [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": "没兴趣"}],
        "crm": {"age": 58, "risk_level": 2},
    },
]


def make_router(parts: ServerParts) -> APIRouter:
    """The routes; none where nothing can be analysed."""
    router = APIRouter(tags=["analyze"])
    if parts.analyze is None:
        return router
    desk = _Desk(parts.analyze)

    @router.post("/v1/analyze", summary="What an utterance, or a dialogue, signals")
    async def analyze(
        records: Annotated[
            Record | list[Record], Body(examples=EXAMPLES), AfterValidator(_writable)
        ],
        _: Asker,
    ) -> Record | list[Record]:
        """Takes one record and gives one result, or a list of each, in the same order.

        Where a record is not valid nothing is analysed, and the refusal says which one it was.
        """
        several = isinstance(records, list)
        results = await desk.analyze(records if isinstance(records, list) else [records])
        return results if several else results[0]

    return router


def _writable(records: Record | list[Record]) -> Record | list[Record]:
    """Refuse halves of surrogate pairs: no tokenizer takes them, and no answer can hold them."""
    try:
        json.dumps(records, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("there is half of a surrogate pair in it") from error
    return records


class _Desk:
    """Takes one request after the other, in a thread of its own."""

    def __init__(self, analyze: Analyze) -> None:
        self._analyze = analyze
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="analyze")
        self._waiting = 0

    async def analyze(self, records: list[Record]) -> list[Record]:
        _check_size(records)
        if self._waiting >= MAX_WAITING:
            raise Problem(
                503, "Too many requests wait.", "busy", headers={"Retry-After": RETRY_SECONDS}
            )
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._all, records)
        finally:
            self._waiting -= 1

    def _all(self, records: list[Record]) -> list[Record]:
        return [self._one(number, record) for number, record in enumerate(records)]

    def _one(self, number: int, record: Record) -> Record:
        try:
            return self._analyze(record)
        except InputError as error:
            raise Problem(422, str(error), members={"record": number}) from error


def _check_size(records: list[Record]) -> None:
    if not 0 < len(records) <= MAX_RECORDS:
        raise Problem(422, f"A request may have 1 to {MAX_RECORDS} records.")
    if sum(_turns(record) for record in records) > MAX_TURNS:
        raise Problem(422, f"A request may have {MAX_TURNS} turns.")


def _turns(record: Record) -> int:
    turns = record.get("turns")
    return len(turns) if isinstance(turns, list) else 1
