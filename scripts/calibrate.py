"""Fits a calibration on judged posts, and writes it with its card; a service takes it by MYTHMATCH_CALIBRATION."""

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from corpus.errors import UnreadableSource
from corpus.importers import jsonl
from corpus.judged import JudgedPost, read_judged
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.cache import CachedEncoder, CachedPairModel
from scripts.terminal import DONE, WRONG_USE, parser, run, tell
from service.calibrating import Fitted, ToMeasure, calibrate
from service.calibration_file import read_calibration, write_calibration
from service.card import card_markdown
from service.settings import Settings
from service.wiring import open_encoder, open_pair_model, open_store, prepare

MIN_ABOUT, MIN_OTHERS = 20, 20  # posts; with fewer a calibration is chance


def main() -> int:
    """Fit on the corpus of the settings and the given posts; return the exit code."""
    arguments = _parser().parse_args()
    output = Path(arguments.output)
    card = Path(arguments.card) if arguments.card else output.with_suffix(".md")
    if card.absolute() == output.absolute():
        tell(f"error: the card would overwrite the calibration {output}; name another file by --card")
        return WRONG_USE
    settings = Settings.from_environment()
    judged, dev = _posts(arguments.judged), _posts(arguments.dev)
    unheard = [debunk for debunks_path, _ in arguments.unheard for debunk in _debunks(debunks_path)]
    unheard_posts = _posts([posts_path for _, posts_path in arguments.unheard])
    measured = [ToMeasure(Path(name).stem, _posts([name])) for name in (*arguments.dev, *arguments.measure)]
    measured += [
        ToMeasure(Path(posts).stem, _posts([posts]), _debunks(debunks)) for debunks, posts in arguments.measure_unheard
    ]
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
    _check_known((*judged, *dev), debunks, "the corpus of these settings")
    _check_known(unheard_posts, unheard, "the files given by --unheard")
    tell(f"fitting on {len(judged)} posts; a minute or two on two cores for a thousand")
    cached = CachedEncoder(encoder, settings.data_dir / "cache")
    pair_model = open_pair_model(settings, encoder)
    if pair_model is not None:
        pair_model = CachedPairModel(pair_model)
    with tempfile.TemporaryDirectory() as folder:
        fitted = Fitted(debunks, unheard, judged, cached, pair_model, Path(folder))
        calibration = calibrate(fitted, unheard_posts, dev, measured)
    write_calibration(output, calibration, encoder)
    card.write_text(card_markdown(read_calibration(output)), "utf-8")
    thresholds = read_calibration(output).thresholds
    print(f"{output}: match from {thresholds.match}, possible from {thresholds.possible}")
    if Path(arguments.judged[0]).absolute() != settings.judged_path or len(arguments.judged) > 1:
        tell("set MYTHMATCH_CALIBRATION to this file, and MYTHMATCH_JUDGED to the judged posts in one file")
    return DONE


def _parser() -> argparse.ArgumentParser:
    options = parser("calibrate", __doc__ or "")
    pair = ("DEBUNKS.jsonl", "POSTS.jsonl")
    options.add_argument("--judged", nargs="+", required=True, metavar="FILE.jsonl", help="posts to fit on")
    options.add_argument("--dev", nargs="*", default=[], metavar="FILE.jsonl", help="posts to choose thresholds on")
    options.add_argument("--measure", nargs="*", default=[], metavar="FILE.jsonl", help="more posts to measure on")
    meaning = "debunks that are not in the corpus, and posts about them: to fit on as debunks without variants"
    options.add_argument("--unheard", nargs=2, metavar=pair, action="append", default=[], help=meaning)
    meaning = "debunks that are not in the corpus, and posts about them: to measure on"
    options.add_argument("--measure-unheard", nargs=2, metavar=pair, action="append", default=[], help=meaning)
    options.add_argument("--output", required=True, metavar="FILE.json", help="where to write the calibration")
    options.add_argument("--card", metavar="FILE.md", help="where to write its card; beside it is the default")
    return options


def _posts(names: Sequence[str]) -> list[JudgedPost]:
    """Return the posts of all files; raises UnreadableSource where two of them have one id."""
    posts = [post for name in names for post in read_judged(Path(name))]
    twice = [post_id for post_id, count in Counter(post.id for post in posts).items() if count > 1]
    if twice:
        raise UnreadableSource(f"id {twice[0]!r} stands in two of {', '.join(names)}; give each post an id of its own")
    return posts


def _debunks(name: str) -> list[Debunk]:
    return [debunk for debunk in jsonl.read(open_source(Path(name), {})) if isinstance(debunk, Debunk)]


def _check_known(posts: Sequence[JudgedPost], debunks: Sequence[Debunk], where: str) -> None:
    """Raise UnreadableSource where a post is about a debunk that is not there: it would count as about nothing."""
    unknown = {debunk_id for post in posts for debunk_id in post.debunk_ids} - {debunk.id for debunk in debunks}
    if unknown:
        raise UnreadableSource(
            f"met posts about {min(unknown)!r}, which is not in {where}; import that debunk, or leave the posts out"
        )


if __name__ == "__main__":
    run(main)
