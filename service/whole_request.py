"""WholeRequest: a request whose body is read as it was sent, or refused; werkzeug cuts off one of no known length."""

from typing import IO, cast

from flask import Request
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_input_stream


class WholeStream(LimitedStream):
    """A body of at most so many bytes."""

    def readall(self) -> bytes:
        """Return all of it; raises RequestEntityTooLarge where more follows, which werkzeug 3.1 leaves unread."""
        taken = super().readall()
        if self.is_exhausted and self._stream.read(1):
            self.on_exhausted()
        return taken


class WholeRequest(Request):
    """Flask's request, with such a body."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """Return the body as a stream; raises RequestEntityTooLarge, here or while it is read."""
        most = self.max_content_length
        bounded = get_input_stream(self.environ, max_content_length=most)
        if most is None or not isinstance(bounded, LimitedStream):
            return bounded
        return cast(IO[bytes], WholeStream(self.environ["wsgi.input"], bounded.limit, bounded._limit_is_max))
