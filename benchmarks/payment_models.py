"""Every naive rule and every model of payment beside each other on one ledger, refitted on each day of the past.

    .venv/bin/python benchmarks/payment_models.py COMPANY.toml [--dates 2013-01-15 2013-01-31 ...] [--rungs-only]

On each date the books are opened as they were then (``as_of``), all is fitted anew, and every invoice open then is
forecast for 90 days. Scored is what the whole books say came of it. Without ``--dates`` they are the 15th and the
last day of each month from one year after the first invoice until the last. Prints tables; nothing is asserted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.ledger.books import Books, open_books
from analysis.ledger.company import load_company
from analysis.ledger.snapshot import as_of
from analysis.measures.history import History, Known, history_of
from analysis.models.backtest import Backtest, Models, score_origin, summary
from analysis.models.champion import champion
from analysis.models.ladder import LADDER, strongest_carried
from analysis.models.landmarks import OpenBook, Outcomes, open_book
from analysis.models.origin_scores import Origin
from analysis.models.payment_model import HEADS, payment_model
from analysis.models.skill import drawn_scores
from analysis.models.traffic_light import traffic_light

SLOPE_DAYS = (7, 14, 30)


def last_day(books: Books) -> date:
    """Last day on which anything was issued or booked."""
    issued, booked = books.tables["invoices"]["issued_on"].max(), books.tables["entries"]["booked_on"].max()
    days = [day for day in (issued.execute(), booked.execute()) if not pd.isna(day)]
    return max(pd.Timestamp(day).date() for day in days)


def usual_dates(books: Books) -> list[date]:
    """The 15th and the last day of each month from a year after the first invoice until the last."""
    issued = books.tables["invoices"]["issued_on"]
    first, last = (pd.Timestamp(day) for day in (issued.min().execute(), issued.max().execute()))
    months = pd.date_range(first.replace(day=1), last, freq="MS")
    middles, ends = months + pd.Timedelta(days=14), months + pd.offsets.MonthEnd(0)
    return sorted(day.date() for day in [*middles, *ends] if first + pd.DateOffset(years=1) <= day <= last)


def scored(
    books: Books, whole: History, on: date, *, models: Models | None, seconds: dict[str, list[float]]
) -> Origin | None:
    """All forecasts of one date, made of the books as they were, and what the whole books say came of them."""
    history = history_of(as_of(books, on))
    known, book = history.known(on), open_book(history, on)
    if not len(book):
        return None
    forecasts: dict[str, np.ndarray] = {}
    for rung in LADDER:
        began = time.perf_counter()
        forecasts[rung.id] = rung.forecast(known, book)
        seconds.setdefault(rung.id, []).append(time.perf_counter() - began)
    if models is not None:
        began = time.perf_counter()
        forecasts |= models(known, book)
        seconds.setdefault("models", []).append(time.perf_counter() - began)
    after = open_book(whole, on)
    place = pd.Index(after.items["invoice_id"]).get_indexer(book.items["invoice_id"])
    if (place < 0).any():
        raise ValueError(f"{on}: {int((place < 0).sum())} invoices open then are not in the whole books")
    came = after.outcome(whole.last)
    outcomes = Outcomes(
        paid_after=came.paid_after[place], left_after=came.left_after[place], seen_days=came.seen_days[place]
    )
    return score_origin(forecasts, book, outcomes)


def hazard_models(known: Known, book: OpenBook) -> Mapping[str, np.ndarray]:
    """Both heads of the daily hazard model and their mean, fitted to the history that the book is of."""
    return payment_model(book.history).unpaid(known, book)


def lines(tested: Backtest, seconds: Mapping[str, list[float]]) -> Iterator[str]:
    """The table, one forecaster a line."""
    width = max(len(name) for name in tested.names.values())
    heads = [
        "IBS",
        "C",
        "MAE days",
        "weekly WAPE",
        *(f"slope {day}" for day in SLOPE_DAYS),
        "D-cal p",
        "by customer",
        "seconds",
    ]
    yield " ".join(["".ljust(width), *(head.rjust(11) for head in heads)])
    for id, name in tested.names.items():
        row = tested.table.loc[id]
        slopes = {line.horizon: line.slope for line in tested.lines[id]}
        cells = [
            f"{row['integrated_brier']:.4f}",
            f"{row['concordance']:.3f}",
            f"{row['median_error']:.2f}",
            f"{row['weekly_error']:.1%}",
            *(f"{slopes[day]:.2f}" for day in SLOPE_DAYS),
            f"{row['d_calibration_p']:.3f}",
            f"{row['d_calibration_p_customers']:.3f}",
            f"{np.mean(seconds.get(id, seconds.get('models', [np.nan]))):.2f}",
        ]
        yield " ".join([name.ljust(width), *(cell.rjust(11) for cell in cells)])


def differences(tested: Backtest) -> Iterator[str]:
    """Each model against each rung and against the models before it, with intervals over customers."""
    drawn = drawn_scores(tested)
    for place, model in enumerate(tested.models):
        for other in (*tested.rungs, *tested.models[:place]):
            found = drawn.compare(model, against=other)
            yield (
                f"{model} - {other}: {found.difference:+.4f} [{found.difference_low:+.4f}, "
                f"{found.difference_high:+.4f}], skill {found.skill:.1%} "
                f"[{found.skill_low:.1%}, {found.skill_high:.1%}]"
            )


def main() -> None:
    """Read the books, score every date, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("company", type=Path)
    parser.add_argument("--dates", nargs="+", type=date.fromisoformat)
    parser.add_argument("--rungs-only", action="store_true")
    asked = parser.parse_args()
    books = open_books(load_company(asked.company))
    whole = history_of(as_of(books, last_day(books)))
    models, names = (None, {}) if asked.rungs_only else (hazard_models, HEADS)
    seconds: dict[str, list[float]] = {}
    origins = [
        origin
        for on in sorted(asked.dates or usual_dates(books))
        if on < whole.last and (origin := scored(books, whole, on, models=models, seconds=seconds)) is not None
    ]
    named = {rung.id: rung.name for rung in LADDER} | dict(names)
    tested = summary(origins, names=named, rungs=[rung.id for rung in LADDER])
    print(f"{len(tested.origins)} dates, {tested.n_invoices:,} open invoices, {tested.n_customers:,} customers\n")
    print("\n".join(lines(tested, seconds)), "\n")
    print("\n".join(differences(tested)), "\n")
    used = champion(tested, carried=strongest_carried(whole.known(whole.last)))
    light = traffic_light(tested, used.id)
    print(used.verdict)
    print(f"Traffic light: {light.colour}")
    for gate in light.gates:
        print(f"  {'not judged' if gate.is_met is None else 'met' if gate.is_met else 'not met'}: {gate.name}", end="")
        print("" if gate.is_met is None else f" ({gate.value:.4f})")


if __name__ == "__main__":
    main()
