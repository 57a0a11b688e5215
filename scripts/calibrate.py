"""Fits a calibration on judged posts, and writes it with its card; a service takes it by MYTHMATCH_CALIBRATION."""

import tempfile
from pathlib import Path

from corpus.importers import jsonl
from corpus.judged import JudgedPost, read_judged
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.cache import CachedEncoder
from scripts.terminal import DONE, WRONG_USE, parser, run, tell
from service.calibrating import Fitted, calibrate
from service.calibration_file import read_calibration, write_calibration
from service.card import card_markdown
from service.settings import Settings
from service.wiring import open_encoder, open_store, prepare

MIN_ABOUT, MIN_OTHERS = 20, 20  # posts; with fewer a calibration is chance


def main() -> int:
    """Fit on the corpus of the settings and the given posts; return the exit code."""
    options = parser("calibrate", __doc__ or "")
    options.add_argument("--judged", nargs="+", required=True, metavar="FILE.jsonl", help="posts to fit on")
    options.add_argument("--dev", nargs="*", default=[], metavar="FILE.jsonl", help="posts to choose thresholds on")
    options.add_argument("--measure", nargs="*", default=[], metavar="FILE.jsonl", help="more posts to measure on")
    pair = ("DEBUNKS.jsonl", "POSTS.jsonl")
    meaning = "debunks that are not in the corpus, and posts about them: to fit on as debunks without variants"
    options.add_argument("--unheard", nargs=2, metavar=pair, action="append", default=[], help=meaning)
    options.add_argument("--output", required=True, metavar="FILE.json", help="where to write the calibration")
    options.add_argument("--card", metavar="FILE.md", help="where to write its card; beside it is the default")
    arguments = options.parse_args()
    settings = Settings.from_environment()
    judged, dev = _posts(arguments.judged), _posts(arguments.dev)
    measured = {Path(name).stem: _posts([name]) for name in (*arguments.dev, *arguments.measure)}
    about = sum(post.debunk_id is not None for post in judged)
    if about < MIN_ABOUT or len(judged) - about < MIN_OTHERS:
        tell(
            f"error: met {about} posts about a debunk and {len(judged) - about} others; expected at least {MIN_ABOUT}"
            f" and {MIN_OTHERS}; judge more posts, near misses above all"
        )
        return WRONG_USE
    encoder = open_encoder(settings)
    prepare(settings, encoder)
    with open_store(settings) as store:
        debunks = store.changes_since(0).put
    unheard = [debunk for debunks_path, _ in arguments.unheard for debunk in _debunks(debunks_path)]
    unheard_posts = _posts([posts_path for _, posts_path in arguments.unheard])
    tell(f"fitting on {len(judged)} posts; a minute or two on two cores for a thousand")
    cached = CachedEncoder(encoder, settings.data_dir / "cache")
    with tempfile.TemporaryDirectory() as folder:
        calibration = calibrate(Fitted(debunks, unheard, judged, cached, Path(folder)), unheard_posts, dev, measured)
    output = Path(arguments.output)
    write_calibration(output, calibration, encoder)
    Path(arguments.card or output.with_suffix(".md")).write_text(card_markdown(read_calibration(output)), "utf-8")
    thresholds = read_calibration(output).thresholds
    print(f"{output}: match from {thresholds.match}, possible from {thresholds.possible}")
    if Path(arguments.judged[0]).absolute() != settings.judged_path or len(arguments.judged) > 1:
        tell("set MYTHMATCH_CALIBRATION to this file, and MYTHMATCH_JUDGED to the judged posts in one file")
    return DONE


def _posts(names: list[str]) -> list[JudgedPost]:
    return [post for name in names for post in read_judged(Path(name))]


def _debunks(name: str) -> list[Debunk]:
    return [debunk for debunk in jsonl.read(open_source(Path(name), {})) if isinstance(debunk, Debunk)]


if __name__ == "__main__":
    run(main)
