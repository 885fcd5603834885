"""An action that waits for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from panoramisk.actions import Action
from panoramisk.message import Message

from rid_telephony.pbx.asterisk.ami_limits import MAX_LIST_BYTES, MAX_LIST_ITEMS
from rid_telephony.pbx.asterisk.ami_wire import Incoming
from rid_telephony.pbx.asterisk.messages import AmiEvent, AmiReply
from rid_telephony.pbx.messages import PbxError, PbxRefusedError

REFUSALS = ("error", "fail", "failure")


class PendingAction(Action):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's action with its own reading of when it is answered.

    panoramisk guesses from the response's words: after ``… successfully queued`` it raises
    KeyError when the action has no ``Async``, after ``Added … to queue`` it waits for events that
    never come. Here the first response decides; only one that announces a list is followed up.
    """

    future: asyncio.Future[AmiReply]

    def __init__(self, name: str, fields: Mapping[str, str]) -> None:
        super().__init__({"Action": name, **fields})
        self._announced: Incoming | None = None
        self._items: list[AmiEvent] = []
        self._size = 0

    def add_message(self, message: Message) -> bool:
        """Take a message of this action; True when it was the last one."""
        incoming: Incoming = message.incoming
        if not incoming.is_event:
            self._take_response(incoming)
        elif self._announced is not None:
            self._take_item(incoming, self._announced)
        return self.future.done()

    def _take_response(self, response: Incoming) -> None:
        fields = response.fields
        text = fields.get("message", "")
        if fields["response"].lower() in REFUSALS:
            self._fail(PbxRefusedError(text or "Asterisk refused without a reason."))
        elif fields.get("eventlist", "").lower() == "start" or "will follow" in text.lower():
            self._announced = self._announced or response
        elif self._announced is None:
            self._finish(response)

    def _take_item(self, item: Incoming, announced: Incoming) -> None:
        event = item.event
        if event.get("eventlist").lower() == "complete" or event.name.endswith("Complete"):
            self._finish(announced)
            return
        self._items.append(event)
        self._size += item.size
        if len(self._items) > MAX_LIST_ITEMS or self._size > MAX_LIST_BYTES:
            self._items.clear()
            self._fail(PbxError(f"The list that {self['Action']} asked for is too long."))

    def _finish(self, response: Incoming) -> None:
        if not self.future.done():
            message = response.fields.get("message", "")
            self.future.set_result(AmiReply(message, response.fields, tuple(self._items)))

    def _fail(self, error: PbxError) -> None:
        if not self.future.done():
            self.future.set_exception(error)
