"""DrainingArbiter: gunicorn's main process, which stops without losing a request: by SIGTERM and by SIGINT alike.

A client takes its connection for made as soon as the kernel has shaken hands, long before the server accepts it. So no
handshake may begin any more before the worker takes the last connections and closes the port: the kernel is told to
drop what would begin one, and the client's kernel tries again a second later, and is then refused.
"""

import ctypes
import logging
import queue
import signal
import socket
import struct
import time

from gunicorn.arbiter import Arbiter

log = logging.getLogger(__name__)
SO_ATTACH_FILTER = 26  # asm-generic/socket.h; Python has no name for it
# classic BPF over the TCP header: drop what has SYN and not ACK among its flags, let through all else
NO_HANDSHAKES = (
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # yes: drop
    (0x06, 0, 0, 0xFFFFFFFF),  # no: let through
)


def refuse_handshakes(listener: socket.socket) -> bool:
    """Have the kernel let no new connection in, and return whether it does so (only Linux can).

    Those that are made or being made stay.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in NO_HANDSHAKES))
    try:
        listener.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(NO_HANDSHAKES), ctypes.addressof(program))
        )
    except OSError as error:
        log.warning("connections that are made in the last moment may be reset: %s", error.strerror)
        return False
    return True


class DrainingArbiter(Arbiter):
    """gunicorn's arbiter; a second SIGINT, or SIGQUIT, ends it at once."""

    def handle_int(self) -> None:
        """Stop as for SIGTERM."""
        self.handle_term()

    def stop(self, graceful: bool = True) -> None:
        """End the worker: by and by, or at once."""
        if graceful and self.LISTENERS:
            if self.app.drain_seconds:
                self.kill_workers(signal.SIGTERM)  # it begins to drain, and goes on taking connections
                self._wait(self.app.drain_seconds)
            for listener in self.LISTENERS:
                refuse_handshakes(listener.sock)
        super().stop(graceful)

    def _wait(self, seconds: float) -> None:
        """Return after so many seconds, or at once when somebody is in a hurry."""
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            try:
                met = self.SIG_QUEUE.get(timeout=left)
            except queue.Empty:
                return
            if met in (signal.SIGINT, signal.SIGQUIT):
                self.SIG_QUEUE.put_nowait(met)
                return
