"""Charts of payer segments: whether finer ones pay, and who moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import label_gap, spread

_SHORT = {"company's own segments": "own segments", "each customer's own past": "own past"}


@style.in_house_style
def segment_numbers(table: pd.DataFrame, references: pd.DataFrame, *, chosen: int, needed: float) -> style.PageFigure:
    """Does finer segmentation pay? What each number of segments foretold, and how it stood redraws.

    ``table`` and ``references`` as of ``NumberOfSegments``; ``needed`` is the least stability. Left: the share of the
    differences between customers in the following year that was foretold, with one standard error of the distance from
    the best (none for the best itself), and the references as lines. Right: agreement with segments of redrawn
    customers. The chosen number is set apart; hollow marks did not stand.
    """
    figure = style.figure("full", height=54.0, gaps=(0.06, 0.02))
    told, stable = figure.subplots(1, 2, width_ratios=(1.3, 1.0))
    numbers = table.index.to_numpy(int)
    _marks(told, table, "gain", chosen=chosen, error="shortfall_error")
    low, high = told.get_ylim()
    low, high = min(low, -0.05), max(high, 1.0)
    told.set(ylim=(low, high))
    last = float(numbers[-1]) + 0.45
    known = references["gain"].dropna()
    for value in known:
        told.plot([0.6, last], [value, value], color=style.QUIET, linewidth=0.8, linestyle=(0, (4, 2)))
    moved = spread([float(value) for value in known], gap=2 * label_gap(told), low=low, high=high)
    for place, (name, value) in zip(moved, known.items(), strict=True):
        told.text(
            last + 0.1,
            place,
            f"{_SHORT.get(str(name), str(name))}\n{words.share(value)}",
            va="center",
            color=style.QUIET,
        )
    told.set_title("Foretold, %, with one standard error of the distance to the best")
    told.yaxis.set_major_formatter(lambda tick, _: f"{tick * 100:.0f}".replace("-", words.MINUS))
    _marks(stable, table, "stability", chosen=chosen)
    stable.axhline(needed, color=style.QUIET, linewidth=0.8, linestyle=(0, (4, 2)))
    stable.text(last, needed - 0.03, f"needed {words.fixed(needed, 2)}", ha="right", va="top", color=style.QUIET)
    stable.set(ylim=(0, 1.05))
    stable.set_title("Agreement on redraw")
    for panel in (told, stable):
        panel.set_xticks(numbers)
        panel.set(xlim=(0.6, last), xlabel="Segments")
        panel.grid(axis="y")
        panel.spines["left"].set_visible(False)
    return figure


def _marks(ax: Axes, table: pd.DataFrame, column: str, *, chosen: int, error: str | None = None) -> None:
    values, numbers = table[column].to_numpy(float), table.index.to_numpy(int)
    if error is not None:
        reach = table[error].fillna(0.0).to_numpy(float)
        ax.vlines(numbers, values - reach, values + reach, color=style.ACCENT, linewidth=2.2, alpha=0.55)
    ax.plot(numbers, values, color=style.PREVIOUS, linewidth=1.0)
    stands = table["stands"].to_numpy(bool)
    ax.plot(numbers[stands], values[stands], "o", color=style.ACTUAL, markersize=5)
    ax.plot(numbers[~stands], values[~stands], "o", markerfacecolor="white", markeredgecolor=style.ACTUAL, markersize=5)
    at = float(table[column].loc[chosen])
    if np.isfinite(at):
        ax.plot(chosen, at, "o", color=style.ACCENT, markersize=8)
        ax.annotate("chosen", (chosen, at), (0, -10), textcoords="offset points", ha="center", va="top")


def segment_numbers_alt(table: pd.DataFrame, references: pd.DataFrame, *, chosen: int) -> str:
    """What ``segment_numbers`` shows, in words."""
    parts = []
    for number, row in table.iterrows():
        text = f"{number}: {words.share(float(row['gain']))} foretold, agreement {words.fixed(row['stability'], 2)}"
        parts.append(text if row["stands"] else f"{text} (does not stand)")
    against = words.listing([f"{name} {words.share(float(gain))}" for name, gain in references["gain"].items()])
    return f"By number of segments: {'; '.join(parts)}. Chosen: {chosen}. For comparison: {against}."


@style.in_house_style
def migration_heat(counts: pd.DataFrame, *, before: str, now: str, width: Any = "full", ax: Axes | None = None) -> Axes:
    """Customers from their earlier segments (rows) to the present ones (columns), darker where more of a row went.

    ``counts``: whole numbers, index and columns the names; ``before`` and ``now`` name the two days. The last column
    and row are the totals.
    """
    rows, columns = counts.shape
    ax = style.axes(ax, width, height=20 + 7.0 * (rows + 1))
    customers = counts.to_numpy(int)
    shares = counts.div(counts.sum(axis=1).replace(0, 1), axis=0).to_numpy(float)
    for (row, column), part in np.ndenumerate(shares):
        number = int(customers[row, column])
        colour = style.ramp(part) if number else "#ffffff"
        ax.fill([column, column + 1, column + 1, column], [row, row, row + 1, row + 1], color=colour)
        if number:
            ax.text(column + 0.5, row + 0.5, words.count(number), ha="center", va="center", color=style.text_on(colour))
    for row, number in enumerate(counts.sum(axis=1)):
        ax.text(columns + 0.5, row + 0.5, words.count(int(number)), ha="center", va="center", color=style.QUIET)
    for column, number in enumerate(counts.sum()):
        ax.text(column + 0.5, rows + 0.5, words.count(int(number)), ha="center", va="center", color=style.QUIET)
    ax.text(columns + 0.5, rows + 0.5, words.count(int(counts.to_numpy().sum())), ha="center", va="center")
    for line in range(1, max(rows, columns)):
        ax.axhline(line, color="white", linewidth=1.0)
        ax.axvline(line, color="white", linewidth=1.0)
    ax.set(xlim=(0, columns + 1), ylim=(rows + 1, 0))
    ax.set_yticks(np.arange(rows + 1) + 0.5, [*_short(counts.index, most=32), f"{now}, all"])
    ax.set_xticks(np.arange(columns + 1) + 0.5, [*(_broken(name) for name in counts.columns), f"{before}\nall"])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(f"Customers; rows: segment on {before}, columns: on {now}")
    return ax


def migration_heat_alt(counts: pd.DataFrame, *, before: str, now: str) -> str:
    """What ``migration_heat`` shows, in words: how many stayed and the largest moves."""
    cells = {(str(was), str(is_)): int(counts.loc[was, is_]) for was in counts.index for is_ in counts.columns}
    moves = {cell: n for cell, n in cells.items() if cell[0] != cell[1] and n}
    stayed = int(counts.to_numpy().sum()) - sum(moves.values())
    largest = sorted(moves.items(), key=lambda item: (-item[1], item[0]))[:3]
    said = [f"{words.plural(n, 'customer')} from {was} to {became}" for (was, became), n in largest]
    text = f"From {before} to {now}: {words.plural(stayed, 'customer')} in the same segment"
    return f"{text}; most moved: {'; '.join(said)}." if said else f"{text}, none moved."


def _short(names: pd.Index, *, most: int) -> list[str]:
    return [words.shortened(str(name), most=most) for name in names]


def _broken(name: object) -> str:
    """A name on lines of at most fourteen characters, at most three."""
    lines: list[str] = [""]
    for word in str(name).split():
        fits = len(lines[-1]) + len(word) < 14
        lines[-1:] = [f"{lines[-1]} {word}".strip()] if fits else [lines[-1], word]
    return "\n".join(line for line in lines[:3] if line)
