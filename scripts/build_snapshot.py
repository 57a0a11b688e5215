"""Builds the snapshot of the newest corpus revision and takes it into use; a running service notices.

What is encoded already is not encoded again. A server keeps its snapshot at the corpus by itself; run this where none
does, or where a snapshot was damaged.
"""

import os
import signal
import sys
import threading
import time

from embeddings.snapshot import CURRENT
from scripts.terminal import DONE, parser, run
from service.drifting import DriftWatch
from service.logs import configure
from service.settings import Settings
from service.watching import POLL_SECONDS, Watch
from service.wiring import build, builder_lock, open_encoder, open_store, updater_of

NICER = 5  # a third of what a request gets of a busy core: few changes wait no seconds, many slow no request by much
END_SECONDS = 2.0  # after which a watch that is told to end has no time left to end by itself


def main() -> int:
    """Build, say what was built, and return the exit code."""
    arguments = parser("build_snapshot", __doc__ or "")
    arguments.add_argument("--whole", action="store_true", help="build it as one segment, whatever is there")
    arguments.add_argument(
        "--watch", action="store_true", help="keep it at the corpus until the process is told to stop"
    )
    arguments.add_argument(
        "--tied", action="store_true", help="end the watch when standard input ends, as a server has it"
    )
    asked = arguments.parse_args()
    settings = Settings.from_environment()
    configure(settings.log_format, settings.log_level)
    if asked.watch:
        watch(settings, tied=asked.tied)
        return DONE
    with open_store(settings) as store:
        built = build(settings, store, open_encoder(settings), whole=asked.whole)
    print(f"revision {built.corpus_revision} passages {built.passages} encoded {built.encoded}: {built.folder}")
    return DONE


def watch(settings: Settings, *, tied: bool) -> None:
    """Keep the snapshot at the corpus, from the first snapshot on, until told to stop."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    if tied:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the server too, which ends the pipe
        threading.Thread(target=_end_with_stdin, args=(stopped,), daemon=True).start()
    while not (settings.snapshots_dir / CURRENT).exists():  # whoever makes the first needs the cores for that
        if stopped.wait(POLL_SECONDS):
            return
    encoder = open_encoder(settings)
    os.nice(NICER)  # not before: a change that comes soon after a start waits for the encoder
    with open_store(settings) as store:
        drift = DriftWatch(settings, encoder)
        Watch(updater_of(settings, store, encoder), builder_lock(settings), stopped, drift).run()


def _end_with_stdin(stopped: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):  # not by sys.stdin, whose lock an interpreter that ends must have
        pass
    stopped.set()
    time.sleep(END_SECONDS)
    os._exit(DONE)  # in the midst of a round; what it wrote is not named yet, and the next builder deletes it


if __name__ == "__main__":
    run(main)
