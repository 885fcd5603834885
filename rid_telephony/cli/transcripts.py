"""Written calls as plain text: a line for each turn, the speaker before a colon."""

from __future__ import annotations

import re

from rid_telephony.calls.messages import Party
from rid_telephony.errors import InputError
from rid_telephony.pipeline.texts import Turn
from rid_telephony.records import MAX_TEXT, MAX_TURNS

SPEAKERS = {
    Party.AGENT: ("agent", "坐席", "客服", "经理", "客户经理", "理财经理"),
    Party.CUSTOMER: ("customer", "client", "客户", "顾客"),
}
"""What the speakers may be called."""
_NAMES = {name: party for party, names in SPEAKERS.items() for name in names}
_LINE = re.compile(r"(?:\[?\d{1,2}:\d\d(?::\d\d)?\]?\s*)?(\S{1,10}?)\s*[:：]\s*(.*)")


def read_transcript(text: str, name: str) -> list[Turn]:
    """The turns of a transcript such as ``坐席：您好``; blank lines and ``#`` lines are passed.

    A time before the speaker (``[0:12]``) is read over.

    Args:
        text: The transcript.
        name: Of the file, for errors.

    Raises:
        InputError: A line has no speaker, or there are too many, or too long ones.
    """
    turns = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        party = _NAMES.get(found.group(1).lower()) if found else None
        if found is None or party is None:
            raise InputError(
                f"{name}, line {number}: no speaker before a colon.",
                "Write 坐席：… or 客户：… (agent: …, customer: …), one turn a line; "
                "or give JSON as `rid-telephony analyze` takes.",
            )
        if len(found.group(2)) > MAX_TEXT:
            raise InputError(f"{name}, line {number}: longer than {MAX_TEXT} characters.")
        turns.append(Turn(party, found.group(2)))
    if len(turns) > MAX_TURNS:
        raise InputError(f"{name} has more than {MAX_TURNS} turns.", "Split it.")
    return turns
