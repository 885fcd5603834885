"""A small manager client for tests: blocking, and nothing of the product's in it."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable

Message = dict[str, str]


class Ami:
    """One session. Events and replies are kept in order; of a key that comes twice, the first."""

    def __init__(self, host: str, port: int, user: str, secret: str) -> None:
        self.events: list[Message] = []
        self._replies: dict[str, Message] = {}
        self._changed = threading.Condition()
        self._ids = itertools.count(1)
        self._socket = socket.create_connection((host, port), 5)
        self._socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()
        reply = self.action("Login", Username=user, Secret=secret)
        if reply["Response"] != "Success":
            raise PermissionError(reply.get("Message"))

    def __enter__(self) -> Ami:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def action(self, name: str, seconds: float = 5, **fields: str) -> Message:
        """Send an action and return its response, an error too."""
        action_id = f"test-{next(self._ids)}"
        lines = [f"Action: {name}", f"ActionID: {action_id}"]
        lines += [f"{key}: {value}" for key, value in fields.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        with self._changed:
            if not self._changed.wait_for(lambda: action_id in self._replies, seconds):
                raise TimeoutError(f"no reply to {name}")
            return self._replies.pop(action_id)

    def listed(self, name: str, complete: str, seconds: float = 5, **fields: str) -> list[Message]:
        """Send a list action and return its items."""
        start = len(self.events)
        reply = self.action(name, seconds, **fields)
        if reply["Response"] != "Success":
            raise PermissionError(reply.get("Message"))
        last = self.wait(complete, seconds, start)
        found = self.events[start:]
        return [e for e in found if e.get("ActionID") == last.get("ActionID") and e is not last]

    def wait(
        self,
        event: str,
        seconds: float = 10,
        start: int = 0,
        where: Callable[[Message], bool] = lambda _: True,
    ) -> Message:
        """Return the first event of a name, since the position ``start``, that fits."""

        def found() -> Message | None:
            fits = (e for e in self.events[start:] if e["Event"] == event and where(e))
            return next(fits, None)

        with self._changed:
            self._changed.wait_for(found, seconds)
            if message := found():
                return message
        names = [e["Event"] for e in self.events[start:]]
        raise TimeoutError(f"no {event} within {seconds} s, only {names}")

    def forget(self) -> None:
        """Start the list of events anew."""
        with self._changed:
            self.events = []

    def channels(self) -> list[Message]:
        return self.listed("CoreShowChannels", "CoreShowChannelsComplete")

    def getvar(self, channel: str, name: str) -> str:
        return self.action("Getvar", Channel=channel, Variable=name).get("Value", "")

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        data = b""
        try:
            while chunk := self._socket.recv(65536):
                *whole, data = (data + chunk).split(b"\r\n\r\n")
                for block in whole:
                    self._keep(block)
        except OSError:
            return

    def _keep(self, block: bytes) -> None:
        message: Message = {}
        for line in block.decode(errors="replace").split("\r\n"):
            key, colon, value = line.partition(":")
            if colon:
                message.setdefault(key, value.strip())
        with self._changed:
            if "Event" in message:
                self.events.append(message)
            elif "Response" in message:
                self._replies[message.get("ActionID", "")] = message
            self._changed.notify_all()
