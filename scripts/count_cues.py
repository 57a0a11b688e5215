"""Counts in judged posts which cue words are met, and in how many posts of each relation.

A post is read with the words of its language, or of a neighbour's, as when its stance is judged.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from corpus.judged import JUDGED, TRAIN, JudgedPost, Relation, read_judged
from scripts.terminal import DONE, parser, run
from service.matching.cues import CUE_WORDS, language_read, words_met

LEARNED_FROM = (TRAIN, JUDGED / "open-train.jsonl", JUDGED / "open-fit.jsonl")  # never a dev file
RELATIONS: tuple[Relation, ...] = get_args(Relation)


@dataclass(frozen=True)
class KindCount:
    """Of one language and kind: the posts of each relation that have any of the words, and those that have each."""

    any_word: Counter[Relation]
    by_word: Mapping[str, Counter[Relation]]

    @property
    def never_met(self) -> list[str]:
        """Return the words that no post has, in the order of their table."""
        return [word for word, posts in self.by_word.items() if not posts]


def main() -> int:
    """Count in the given files and print the tables; return the exit code."""
    options = parser("count_cues", __doc__ or "")
    files = ", ".join(path.name for path in LEARNED_FROM)
    options.add_argument(
        "--judged", nargs="+", default=LEARNED_FROM, metavar="FILE.jsonl", help=f"posts to count in (default: {files})"
    )
    options.add_argument("--words", action="store_true", help="print a table of each kind's words, too")
    arguments = options.parse_args()
    posts = [post for name in arguments.judged for post in read_judged(Path(name))]
    of_language = {lang: [post for post in posts if language_read(post.lang) == lang] for lang in CUE_WORDS}
    counts = {lang: counted(lang, of_language[lang]) for lang in CUE_WORDS}
    if arguments.words:
        for lang, kinds in counts.items():
            for kind, count in kinds.items():
                print(word_table(f"{lang} {kind}", count))
    print(summary(of_language, counts))
    print(never_met(counts))
    return DONE


def counted(lang: str, posts: Sequence[JudgedPost]) -> dict[str, KindCount]:
    """Return the count of each kind of that language's words in posts that are read with them."""
    counts = {
        kind: KindCount(Counter(), {word: Counter() for word in words}) for kind, words in CUE_WORDS[lang].items()
    }
    for post in posts:
        for kind, count in counts.items():
            met = words_met(kind, post.text, post.lang)
            if met:
                count.any_word[post.relation] += 1
            for word in met:
                count.by_word[word][post.relation] += 1
    return counts


def word_table(title: str, count: KindCount) -> str:
    """Return one kind's words as a table, those in most posts first; each cell is a number of posts."""
    rows = [_heading(title, "posts", *RELATIONS)]
    for word, posts in sorted(count.by_word.items(), key=lambda row: -row[1].total()):
        rows.append(_row(word, posts.total(), *(posts[relation] for relation in RELATIONS)))
    return "\n".join([*rows, ""])


def summary(of_language: Mapping[str, Sequence[JudgedPost]], counts: Mapping[str, Mapping[str, KindCount]]) -> str:
    """Return a table of all languages and kinds: words, words met, posts with any, and their share of each relation."""
    rows = [_heading("language", "kind", "words", "met", "posts", *RELATIONS)]
    for lang, kinds in counts.items():
        everywhere = Counter(post.relation for post in of_language[lang])
        rows.append(_row(lang, "(all posts)", "", "", everywhere.total(), *(everywhere[name] for name in RELATIONS)))
        for kind, count in kinds.items():
            words, met = len(count.by_word), len(count.by_word) - len(count.never_met)
            shares = (_share(count.any_word[name], everywhere[name]) for name in RELATIONS)
            rows.append(_row(lang, kind, words, met, count.any_word.total(), *shares))
    return "\n".join([*rows, ""])


def never_met(counts: Mapping[str, Mapping[str, KindCount]]) -> str:
    """Return a list of the words that no post has."""
    return "\n".join(
        f"- {lang} {kind}, never met: {', '.join(count.never_met)}"
        for lang, kinds in counts.items()
        for kind, count in kinds.items()
        if count.never_met
    )


def _heading(*cells: str) -> str:
    return f"{_row(*cells)}\n|{'---|' * len(cells)}"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _share(posts: int, of: int) -> str:
    return f"{posts / of:.2f}" if of else "-"


if __name__ == "__main__":
    run(main)
