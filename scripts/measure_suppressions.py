"""Measures which light edits of a judged post are caught as that post, and which other posts about its myth are not."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from corpus.judged import JUDGED, TRAIN, JudgedPost, read_judged
from embeddings.cache import CachedEncoder
from embeddings.encoder import Encoder
from scripts.terminal import DONE, parser, run, tell
from service.matching.claims import plainly
from service.matching.light_edits import LIGHT_EDITS, OTHER_CLAIMS, Edit
from service.matching.suppression import NEAR, Likeness, is_near, jaccard, likeness
from service.settings import Settings
from service.wiring import SHIPPED_VECTORS, open_encoder

LEARNED_FROM = (TRAIN, JUDGED / "open-train.jsonl")  # never a dev file
SEED = 7
HEADING = "| | texts | Jaccard, 1st percentile | 99th | near by Jaccard | by the rule | cosine, 1st percentile | 99th |"


def main() -> int:
    """Edit or pair posts, print how alike they are, and return the exit code."""
    options = parser("measure_suppressions", __doc__ or "")
    files = ", ".join(path.name for path in LEARNED_FROM)
    options.add_argument(
        "--judged", nargs="+", default=LEARNED_FROM, metavar="FILE.jsonl", help=f"posts to edit (default: {files})"
    )
    options.add_argument("--edited", type=int, default=1500, metavar="N", help="posts that are edited (1500)")
    options.add_argument("--cosines", type=int, default=0, metavar="N", help="posts whose cosines are told, too (none)")
    arguments = options.parse_args()
    posts = [post for name in arguments.judged for post in read_judged(Path(name))]
    chance = Random(SEED)
    chance.shuffle(posts)
    edited, encoder = posts[: arguments.edited], None
    if arguments.cosines:
        tell(f"encoding {arguments.cosines} posts in {len(LIGHT_EDITS) + len(OTHER_CLAIMS)} edits")
        encoder = CachedEncoder(open_encoder(Settings.from_environment()), SHIPPED_VECTORS, keep=False)
    print(f"{HEADING}\n|{'---|' * HEADING[1:].count('|')}")
    for name, edit in (LIGHT_EDITS | OTHER_CLAIMS).items():
        print(row(name, list(edits_of(edited, edit, chance)), encoder, arguments.cosines), flush=True)
    print(row("other posts about the myth", list(pairs_of(posts)), encoder, len(LIGHT_EDITS) * arguments.cosines))
    return DONE


Pair = tuple[str, str, str]  # two texts, and the language of the first


def edits_of(posts: Sequence[JudgedPost], edit: Edit, chance: Random) -> Iterator[Pair]:
    """Yield each post with its edit, where that is a change."""
    for post in posts:
        changed = edit(post.text, post.lang, chance)
        if changed != post.text:
            yield post.text, changed, post.lang


def pairs_of(posts: Sequence[JudgedPost]) -> Iterator[Pair]:
    """Yield each two posts that are about one debunk."""
    about: dict[str, list[JudgedPost]] = defaultdict(list)
    for post in posts:
        if post.debunk_id:
            about[post.debunk_id].append(post)
    for together in about.values():
        yield from ((one.text, other.text, one.lang) for one, other in combinations(together, 2))


def row(name: str, pairs: Sequence[Pair], encoder: Encoder | None, cosines: int) -> str:
    """Return a line of the table: how alike the two texts of the pairs are, and how many pass for one."""
    known: dict[tuple[str, str], Likeness] = {}

    def of(text: str, lang: str) -> Likeness:
        if (text, lang) not in known:
            known[text, lang] = likeness(plainly(text), lang)
        return known[text, lang]

    alike = [(of(one, lang), of(other, lang)) for one, other, lang in pairs]
    shares = np.array([jaccard(*both) for both in alike])
    near = sum(is_near(one, other) for one, other in alike)
    by_jaccard = int((shares >= NEAR).sum())
    told = "- | -" if encoder is None else _percentiles(_cosines(pairs[:cosines], encoder))
    return f"| {name} | {len(pairs)} | {_percentiles(shares)} | {by_jaccard} | {near} | {told} |"


def _cosines(pairs: Sequence[Pair], encoder: Encoder) -> npt.NDArray[np.float32]:
    one, other = (encoder.encode_queries([plainly(pair[side]) for pair in pairs]) for side in (0, 1))
    return np.asarray((one * other).sum(axis=1), dtype=np.float32)


def _percentiles(values: npt.NDArray[np.floating]) -> str:
    return f"{np.percentile(values, 1):.2f} | {np.percentile(values, 99):.2f}"


if __name__ == "__main__":
    run(main)
