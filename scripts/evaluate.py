"""Measures ranking and deciding: on the judged posts that ship, on others, or on a set of claims and posts.

Without arguments: the dev posts that ship, on the corpus of the settings, with the variants of its debunks and without.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.importers import jsonl
from corpus.judged import DEV, DEV_HOSTILE, DEV_LANGUAGES, OPEN_DEV, TRAIN, JudgedPost, read_judged
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.cache import CachedEncoder, CachedPairModel
from embeddings.encoder import Encoder, PairModel
from scripts.terminal import DONE, WRONG_USE, parser, run, tell
from service.calibrating import BARE, Groups, measured_json, merged, outcomes, snapshot_of, stance_groups
from service.evaluating import hide_half, read_pairs, read_set, read_stances
from service.matching.evaluation import Outcome, by_group
from service.matching.matcher import Matcher
from service.plotting import plot_reliability, plot_thresholds, write_errors
from service.settings import Settings
from service.wiring import open_calibration, open_encoder, open_pair_model, open_store, prepare

Section = tuple[str, list[Outcome], Groups]
RANKED = 10  # debunks a post that are looked at


def main() -> int:
    """Measure and print a table; return the exit code."""
    options = _parser()
    arguments = options.parse_args()
    given = [arguments.claims, arguments.queries, arguments.qrels]
    if any(given) and not all(given):
        tell("error: --claims, --queries and --qrels belong together; give all three")
        return WRONG_USE
    if arguments.debunks and not arguments.judged:
        tell("error: --debunks says what --judged posts are about; give both")
        return WRONG_USE
    settings = Settings.from_environment()
    bare = open_encoder(settings)
    encoder = CachedEncoder(bare, settings.data_dir / "cache")
    pair_model = open_pair_model(settings, bare)
    pair_model = CachedPairModel(pair_model) if pair_model else None
    calibration = open_calibration(settings, encoder)
    with tempfile.TemporaryDirectory() as folder:
        sections = list(_sections(arguments, settings, (encoder, pair_model), Path(folder)))
    report: dict[str, Any] = {
        "encoder": f"{encoder.name}@{encoder.fingerprint}",
        "calibration": calibration.id,
        "thresholds": {"match": calibration.thresholds.match, "possible": calibration.thresholds.possible},
        "sections": {name: measured_json(groups) for name, _, groups in sections},
    }
    _print(report["sections"])
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if arguments.plot:
        folder_of_plots = Path(arguments.plot)
        folder_of_plots.mkdir(parents=True, exist_ok=True)
        for name, answered, _ in sections:
            if not answered:
                continue
            stem = name.replace(" ", "-").replace(",", "")
            plot_reliability(answered, name, folder_of_plots / f"{stem}-reliability.svg")
            plot_thresholds(answered, calibration.thresholds, name, folder_of_plots / f"{stem}-thresholds.svg")
            write_errors(answered, folder_of_plots / f"{stem}-errors.md")
    if arguments.compare:
        _compare(json.loads(Path(arguments.compare).read_text(encoding="utf-8")), report)
    return DONE


def _parser() -> argparse.ArgumentParser:
    options = parser("evaluate", __doc__ or "")
    options.add_argument("--judged", nargs="+", metavar="FILE.jsonl", default=[], help="judged posts about the corpus")
    options.add_argument("--claims", metavar="FILE", help="claims of a set: JSON Lines, also .gz")
    options.add_argument("--queries", metavar="FILE", help="its posts: JSON Lines")
    options.add_argument("--qrels", metavar="FILE", help="which post is about which claim: tab-separated")
    options.add_argument("--stance", metavar="FILE", help="stances of the pairs: tab-separated")
    options.add_argument("--stance-alone", action="store_true", help="measure the stances of a set and nothing else")
    options.add_argument("--pairs", metavar="FILE", help="lines of {premise, hypothesis, label} to measure stance on")
    options.add_argument("--debunks", metavar="FILE.jsonl", help="what the judged posts are about, if not the corpus")
    options.add_argument("--hide-half", action="store_true", help="take half of the right answers out of the corpus")
    options.add_argument("--json", metavar="OUT", help="write every figure here")
    options.add_argument("--plot", metavar="DIR", help="write plots and the worst misses here")
    options.add_argument(
        "--compare", metavar="OLD.json", help="say what changed since, and whether it is more than noise"
    )
    return options


def _sections(
    arguments: argparse.Namespace, settings: Settings, models: tuple[Encoder, PairModel | None], folder: Path
) -> Iterator[Section]:
    encoder, pair_model = models
    judged = read_judged(settings.judged_path)
    calibration = open_calibration(settings, encoder)

    def matcher_of(debunks: Sequence[Debunk], name: str) -> Matcher:
        return Matcher(encoder, snapshot_of(debunks, judged, encoder, folder / name), calibration, pair_model)

    if arguments.pairs:
        path = Path(arguments.pairs)
        pairs = read_pairs(path)
        yield f"{path.parent.name} stance", [], stance_groups(pairs.posts, matcher_of(pairs.debunks, "pairs"))
    elif arguments.claims:
        yield from _of_set(arguments, matcher_of)
    elif arguments.debunks:
        own = matcher_of(_debunks(arguments.debunks), "own")
        for path in map(Path, arguments.judged):
            yield _section(f"{path.stem}, without variants", read_judged(path), own)
    else:
        yield from _of_corpus(arguments, settings, encoder, matcher_of)


def _of_set(arguments: argparse.Namespace, matcher_of: Callable[[Sequence[Debunk], str], Matcher]) -> Iterator[Section]:
    claims, queries = Path(arguments.claims), Path(arguments.queries)
    met = read_set(claims, queries, Path(arguments.qrels), Path(arguments.stance) if arguments.stance else None)
    if arguments.hide_half:
        met = hide_half(met)
    matcher = matcher_of(met.debunks, "set")
    stances: Groups = {}
    if arguments.stance:
        stances = stance_groups(read_stances(claims, queries, Path(arguments.stance)).posts, matcher)
    answered = [] if arguments.stance_alone else outcomes(met.posts, matcher, limit=RANKED)
    yield claims.parent.name or "set", answered, merged(by_group(answered) if answered else {}, stances)


def _of_corpus(
    arguments: argparse.Namespace,
    settings: Settings,
    encoder: Encoder,
    matcher_of: Callable[[Sequence[Debunk], str], Matcher],
) -> Iterator[Section]:
    prepare(settings, encoder)
    with open_store(settings) as store:
        debunks = store.changes_since(0).put
    ids = {debunk.id: f"{BARE}{debunk.id}" for debunk in debunks}
    stripped = [debunk.model_copy(update={"id": ids[debunk.id], "variants": ()}) for debunk in debunks]
    whole, bare = matcher_of(debunks, "whole"), matcher_of(stripped, "bare")
    for path in map(Path, arguments.judged or (DEV, DEV_LANGUAGES, DEV_HOSTILE)):
        if path.absolute() == TRAIN:
            tell("train.jsonl is what the calibration was fitted on: its figures say nothing")
        posts = read_judged(path)
        yield _section(f"{path.stem}, with variants", posts, whole)
        yield _section(f"{path.stem}, without variants", posts, bare, ids)
    if not arguments.judged:
        debunks_path, posts_path = OPEN_DEV
        own = matcher_of(_debunks(str(debunks_path)), "open")
        yield _section(f"{posts_path.stem}, without variants", read_judged(posts_path), own)


def _section(name: str, posts: Sequence[JudgedPost], matcher: Matcher, ids: Mapping[str, str] | None = None) -> Section:
    answered = outcomes(posts, matcher, ids, limit=RANKED)
    return name, answered, merged(by_group(answered), stance_groups(posts, matcher, ids))


def _debunks(name: str) -> list[Debunk]:
    return [debunk for debunk in jsonl.read(open_source(Path(name), {})) if isinstance(debunk, Debunk)]


def _print(sections: dict[str, Any]) -> None:
    for section, groups in sections.items():
        names = dict.fromkeys(name for measures in groups.values() for name in measures)
        print(f"\n## {section}\n\n| measure | {' | '.join(groups)} |\n|---|{'---|' * len(groups)}")
        for name in names:
            print(f"| {name} | {' | '.join(_cell(measures.get(name)) for measures in groups.values())} |")


def _cell(measured: dict[str, float | None] | None) -> str:
    if measured is None or measured["value"] is None:
        return ""
    if measured["low"] is None:
        return f"{measured['value']:.0f}"
    return f"{measured['value']:.3f} ({measured['low']:.3f}-{measured['high']:.3f})"


def _compare(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Print each measure that changed; more than noise is a change beyond the 95 % interval of the difference."""
    for section, groups in new["sections"].items():
        for group, measures in groups.items():
            before = old["sections"].get(section, {}).get(group, {})
            for name in measures.keys() & before.keys():
                _print_change(f"{section} / {group} / {name}", before[name], measures[name])


def _print_change(what: str, before: dict[str, float | None], after: dict[str, float | None]) -> None:
    numbers = [before["value"], before["low"], before["high"], after["value"], after["low"], after["high"]]
    if any(number is None for number in numbers) or before["value"] == after["value"]:
        return
    was, was_low, was_high, now, low, high = (float(number) for number in numbers if number is not None)
    half_width = (((was_high - was_low) / 2) ** 2 + ((high - low) / 2) ** 2) ** 0.5
    verdict = "more than noise" if abs(now - was) > half_width else "within noise"
    print(f"{what}: {was:.3f} -> {now:.3f} ({now - was:+.3f}, {verdict})")


if __name__ == "__main__":
    run(main)
