"""Spool: the calls of webhooks that are still to be made, a file each, so that a restart loses none of them."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)
SUFFIX = ".json"


@dataclass(frozen=True)
class Event:
    """What is told: an id, the body as it is signed, how often it was tried, and when it is due, in epoch seconds."""

    id: str
    body: str
    tried: int = 0
    due: float = 0.0


class Spool:
    """The events in a folder. Where it cannot be written the log says so, and events live in memory alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def events(self, most: int) -> list[Event]:
        """Return the newest events, up to so many, the oldest of them first; a file that is none is taken away."""
        paths = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.name)  # an id begins with its time
        found = []
        for path in paths:
            try:
                found.append(Event(**json.loads(path.read_bytes())))
            except (OSError, ValueError, TypeError) as error:
                log.error("webhooks: %s is no event (%s); it is taken away", path.name, type(error).__name__)
                self.remove(path.stem)
        for event in found[:-most]:
            self.remove(event.id)
        return found[-most:]

    def put(self, event: Event) -> None:
        """Keep the event, in place of what was kept of it, whole or not at all."""
        path = self._path(event.id)
        fresh = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(asdict(event)), encoding="utf-8")
            fresh.replace(path)
        except OSError as error:
            log.error(
                "webhooks: cannot keep an event in %s (%s); a restart would lose it", self._folder, error.strerror
            )

    def remove(self, event_id: str) -> None:
        """Let go of the event."""
        try:
            self._path(event_id).unlink(missing_ok=True)
        except OSError as error:
            log.error("webhooks: cannot remove an event from %s (%s)", self._folder, error.strerror)

    def _path(self, event_id: str) -> Path:
        return self._folder / f"{event_id}{SUFFIX}"
