"""TimedSocket: a client's socket that waits for the client only so long in all, however many calls read or write it.

A timeout of each call alone lets a client that sends a byte a second hold a thread for as long as it likes. Here the
time that calls have waited is added up, and what arrives earns some of it back, as Apache's RequestReadTimeout has it.
"""

import errno
import socket
import struct
import time
from typing import Self

from service.errors import TooSlow

BYTES_PER_SECOND = 1 << 16  # half a megabit: a client that is as fast as this is never cut off
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what a client did not take is thrown away when the socket is closed
SHORTEST_WAIT = 0.001  # seconds; 0 would make the socket one that does not wait


class TimedSocket(socket.socket):
    """A socket with so many seconds to read one request in, and as many to write its answer."""

    _reading: float
    _writing: float
    has_given_up: bool = False  # on a client that does not take its answer

    @classmethod
    def of(cls, accepted: socket.socket) -> Self:
        """Return the accepted socket as one that counts its waiting; the accepted one is not to be used again."""
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        return cls(family, kind, protocol, fileno=accepted.detach())

    def allow(self, reading: float, writing: float) -> None:
        """Set how many seconds may be waited for the client from now on."""
        self._reading, self._writing = reading, writing

    def hurry(self, seconds: float) -> None:
        """Leave no more than so many seconds for what is still to be read."""
        self._reading = min(self._reading, seconds)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return what came; raises TooSlow when the time for reading is used up.

        A shorter timeout that somebody has set counts too, and raises TimeoutError.
        """
        allowed, set_by_caller, started = max(self._reading, SHORTEST_WAIT), self.gettimeout(), time.monotonic()
        is_shorter = set_by_caller is not None and set_by_caller < allowed
        self.settimeout(set_by_caller if is_shorter else allowed)
        try:
            received = super().recv(bufsize, flags)
        except TimeoutError:
            if is_shorter:
                raise
            self._reading = 0.0
            raise TooSlow("the request did not arrive in time; send it in one go, or in parts") from None
        finally:
            self.settimeout(set_by_caller)
        waited, earned = time.monotonic() - started, len(received) / BYTES_PER_SECOND
        self._reading = min(allowed, allowed - waited + earned)
        return received

    def recv_now(self, bufsize: int) -> bytes:
        """Return what has come already; raises BlockingIOError where nothing has."""
        self.setblocking(False)
        return super().recv(bufsize)

    def sendall(self, data: bytes, flags: int = 0, /) -> None:  # type: ignore[override]  # we send bytes alone
        """Send all; where the client takes it too slowly, have the connection reset, and raise ConnectionResetError."""
        allowed, earned = max(self._writing, SHORTEST_WAIT), len(data) / BYTES_PER_SECOND
        set_by_caller, started = self.gettimeout(), time.monotonic()
        self.settimeout(allowed + earned)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.has_given_up = True
            raise ConnectionResetError(errno.ECONNRESET, "the client took its answer too slowly") from None
        finally:
            self.settimeout(set_by_caller)
        self._writing = min(allowed, allowed + earned - (time.monotonic() - started))

    def send_now(self, data: bytes) -> None:
        """Send what the client's side takes at once, and give up the rest; raises OSError where the client is gone."""
        self.setblocking(False)
        super().send(data)
