"""Plots of an evaluation and of memory, and the table of errors. The only file that knows matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from service.matching.evaluation import Outcome, reliability
from service.matching.scoring import Thresholds

WORST = 40  # rows of the table of errors
SHOWN_CHARS = 300
STEPS = 201

mpl.rcParams["svg.hashsalt"] = "mythmatch"  # the same plot is the same file


def plot_reliability(outcomes: Sequence[Outcome], title: str, path: Path) -> None:
    """Write a reliability diagram: the share of right answers against the mean probability, bin by bin."""
    bins = reliability(outcomes)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="probability", ylabel="share right", xlim=(0, 1), ylim=(0, 1), title=title)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="calibrated")
    axes.plot([mean for mean, _, _ in bins], [share for _, share, _ in bins], marker="o", label="measured")
    for mean, share, posts in bins:
        axes.annotate(str(posts), (mean, share), textcoords="offset points", xytext=(6, -10), fontsize=8)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def plot_thresholds(outcomes: Sequence[Outcome], thresholds: Thresholds, title: str, path: Path) -> None:
    """Write precision, recall and the share of others refused against the cut-off, and where the thresholds stand."""
    probability = np.array([outcome.probability for outcome in outcomes])
    right = np.array([outcome.is_right for outcome in outcomes])
    about = np.array([bool(outcome.about) for outcome in outcomes])
    cut_offs = np.linspace(0, 1, STEPS)
    above = probability[None, :] >= cut_offs[:, None]
    with np.errstate(invalid="ignore"):
        precision = (above & right).sum(axis=1) / above.sum(axis=1)
        recall = (above & right)[:, about].sum(axis=1) / about.sum()
        refused = (~above)[:, ~about].sum(axis=1) / (~about).sum()
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="cut-off", xlim=(0, 1), ylim=(0, 1.02), title=title)
    for name, values in (("precision", precision), ("recall", recall), ("others refused", refused)):
        axes.plot(cut_offs, values, label=name)
    for name, cut_off in (("possible", thresholds.possible), ("match", thresholds.match)):
        axes.axvline(cut_off, color="grey", linestyle=":")
        axes.annotate(name, (cut_off, 0.02), rotation=90, fontsize=8, ha="right")
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def plot_memory(swaps: Sequence[int], megabytes: Mapping[str, Sequence[int]], path: Path) -> None:
    """Write how much memory each process held after so many snapshots had followed each other."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="snapshots taken up", ylabel="resident memory, MB", title="Memory over swaps")
    for name, held in megabytes.items():
        axes.plot(swaps, held, label=name)
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def write_errors(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write the worst misses with their texts: posts that were answered wrongly, then posts that were not found."""
    wrong = sorted((o for o in outcomes if not o.is_right and o.decision != "no_match"), key=lambda o: -o.probability)
    missed = sorted((o for o in outcomes if o.about and o.decision == "no_match"), key=lambda o: o.probability)
    lines = ["| what | post | kind | expected | answered | probability | text |", "|---|---|---|---|---|---|---|"]
    for what, some in (("wrong", wrong), ("not found", missed)):
        for outcome in some[:WORST]:
            text = " ".join(outcome.text.split())[:SHOWN_CHARS].replace("|", "\\|")
            expected, answered = (
                ", ".join(sorted(outcome.about)) or "nothing",
                outcome.ranking[0][0] if outcome.ranking else "",
            )
            cells = (what, outcome.post_id, outcome.kind, expected, answered, f"{outcome.probability:.3f}", text)
            lines.append(f"| {' | '.join(cells)} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
