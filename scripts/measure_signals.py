"""Measures the cosine from which two signals are a match, for the encoder that is set, and writes it down."""

from corpus.importing import SHIPPED, read_sources
from corpus.judged import DEV, read_judged
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.cache import CachedEncoder
from scripts.terminal import DONE, parser, run, tell
from service.settings import Settings
from service.sockets.signal_cuts import CUTS, write_cut
from service.sockets.signal_measuring import measured
from service.wiring import SHIPPED_VECTORS, open_encoder


def main() -> int:
    """Measure on the posts that ship, print the figures, and return the exit code."""
    options = parser("measure_signals", __doc__ or "")
    options.add_argument("--write", action="store_true", help=f"put the cut-off into service/sockets/{CUTS.name}")
    arguments = options.parse_args()
    settings = Settings.from_environment()
    encoder = CachedEncoder(open_encoder(settings), SHIPPED_VECTORS, keep=False)
    read = read_sources(open_source(path, {}) for path in SHIPPED)
    cut = measured(encoder, [debunk for debunk in read if isinstance(debunk, Debunk)], read_judged(DEV))
    print(
        f"{cut.encoder}@{cut.fingerprint}: match from the cosine {cut.cosine} on: precision {cut.precision},"
        f" recall {cut.recall}, others refused {cut.others_refused}, of {cut.posts} posts and {cut.wordings} wordings"
    )
    if arguments.write:
        write_cut(settings.encoder, cut)
        tell(f"wrote {CUTS}")
    return DONE


if __name__ == "__main__":
    run(main)
