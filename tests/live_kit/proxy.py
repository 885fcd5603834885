"""A way between two programs that can be broken."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

from live_kit.ports import HOST

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Passes TCP connections on; a context manager.

    Args:
        target: The port.
        host: Its machine; this one unless said.
    """

    def __init__(self, target: int, host: str = HOST) -> None:
        self._target = (host, target)
        self._server = socket.create_server((HOST, 0))
        self.port = self._server.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._hole = self._refusing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> TcpProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._refusing = True
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset all connections; new ones are passed on."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """Reset all connections, and new ones too, until :meth:`heal`."""
        self._refusing = True
        self.cut()

    def black_hole(self) -> None:
        """Keep the connections, but lose all that is sent over them, until :meth:`heal`."""
        self._hole = True

    def heal(self) -> None:
        """Work again, with new connections."""
        self.cut()
        self._hole = self._refusing = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            try:
                if self._refusing:
                    raise ConnectionRefusedError
                server = socket.create_connection(self._target, 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.add((client, server))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not self._hole:
                    sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._pairs = {pair for pair in self._pairs if source not in pair}
        source.close()  # the other pump of the pair closes the other end
