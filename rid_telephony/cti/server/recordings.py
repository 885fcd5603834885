"""``/v1/calls/{id}/recording``: the sound of a call, where the bank keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from starlette.responses import FileResponse, Response

from rid_telephony.cti.access.scope import Principal, Right, matches
from rid_telephony.cti.server.context import MAX_ID
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.past import PastCalls
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import principal
from rid_telephony.cti.threads import in_thread

MEDIA_TYPE = "audio/wav"
SPOKEN = "utterance.final"
"""Who may read the words may hear them."""


def make_router(parts: ServerParts) -> APIRouter:
    """The route; it has to stand before that of calls, whose ids may hold slashes."""
    router = APIRouter(tags=["calls"])
    past = PastCalls(parts.board, parts.archive)

    @router.head("/v1/calls/{call_id:path}/recording", include_in_schema=False)
    @router.get(
        "/v1/calls/{call_id:path}/recording",
        summary="The sound of a call",
        response_class=Response,
        responses={200: {"content": {MEDIA_TYPE: {}}}, 206: {"content": {MEDIA_TYPE: {}}}},
    )
    async def recording(
        call_id: Annotated[str, PathParameter(min_length=1, max_length=MAX_ID)],
        who: Annotated[Principal, Depends(principal(Right.READ))],
    ) -> Response:
        """Stereo WAV, the customer left and the agent right; ranges of bytes can be asked for.

        It is sent as it lies in `server.recordings_dir`: nothing is masked in it.
        """
        may_hear = matches(SPOKEN, who.scope.types) and await past.find(call_id, who)
        directory = parts.settings.recordings_dir
        file = None
        if may_hear and directory:
            file = await in_thread(recording_of, directory, call_id)
        if file is None:
            raise Problem(404, "No recording of such a call is kept.", "no-recording")
        return FileResponse(file, media_type=MEDIA_TYPE, content_disposition_type="inline")

    return router


def recording_of(directory: Path, call_id: str) -> Path | None:
    """The file of a call; None where there is none, or the id is none that names a file.

    A link out of the directory is followed nowhere.
    """
    name = f"{call_id}.wav"
    if name != Path(name).name or not name.isprintable():
        return None
    file = directory / name
    try:
        is_there = file.is_file() and file.resolve().parent == directory.resolve()
    except OSError:
        return None
    return file if is_there else None
