"""Share of the reachable skill, from the customer's average delay to the true chances, on simulated ledgers.

    .venv/bin/python benchmarks/reachable_skill.py [--invoices 24000 6000 3000] [--seeds 1] [--as-of 2026-10-31]

On a simulated ledger the true chances of every open invoice are known: no forecast can do better on average. For
each size this prints, over all seeds, the integrated Brier score of two rules, of the models and of the truth, by
kind of payer, and how far each goes from the rule to the truth. The truth also knows the habits of a new customer and
the day on which one will fail, which nobody else can: the line "learnable" leaves both out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.ledger.books import open_books
from analysis.ledger.company import load_company
from analysis.ledger.simulate import as_world, draw_world, write_world
from analysis.ledger.snapshot import as_of
from analysis.ledger.world.truth import true_outlook
from analysis.measures.history import History, history_of
from analysis.models.ladder import RUNGS
from analysis.models.landmarks import OpenBook, open_book
from analysis.models.payment_model import payment_model
from analysis.models.reachable_skill import TRUTH, learnable, reachable_share, true_losses
from analysis.models.scores import Matrix

RULES = ("customer_delay", "customer_curve")


def losses(n_invoices: int, *, seed: int, on: date) -> pd.DataFrame:
    """Squared errors of rules, models and truth on one simulated ledger."""
    drawn = draw_world(n_invoices=n_invoices, seed=seed, end=max(on, date(2026, 10, 31)))
    outlook = true_outlook(drawn, on=on, rng=np.random.default_rng(seed))
    with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as folder:
        write_world(as_world(drawn), folder)
        history = history_of(as_of(open_books(load_company(Path(folder) / "company.toml")), on))
        known, book = history.known(on), open_book(history, on)
        forecasts = {rule: RUNGS[rule].forecast(known, book) for rule in RULES}
        return true_losses(outlook, book, forecasts | modelled(history, book))


def modelled(history: History, book: OpenBook) -> Mapping[str, Matrix]:
    """The heads of the payment model, fitted as of the last day of the history."""
    return payment_model(history).unpaid(history.known(history.last), book)


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores and shares by kind of payer, and of all."""
    models = [column for column in rows.columns if column not in (*_FACTS, TRUTH, RULES[0])]
    parts = {payer: rows[rows["payer"] == payer] for payer in sorted(rows["payer"].unique())}
    parts |= {"learnable": learnable(rows), "all": rows}
    table = pd.DataFrame({name: part[[*RULES[:1], *models, TRUTH]].mean() for name, part in parts.items()}).T
    for model in models:
        table[f"share: {model}"] = [reachable_share(part, of=model) for part in parts.values()]
    table.insert(0, "n", [len(part) for part in parts.values()])
    return table


_FACTS = ("invoice_id", "customer_id", "payer", "fails", "paid_before", "rel")


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, nargs="+", default=[24_000, 6_000, 3_000])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 10, 31))
    asked = parser.parse_args()
    for size in asked.invoices:
        began = time.perf_counter()
        rows = pd.concat([losses(size, seed=seed, on=asked.as_of) for seed in range(1, asked.seeds + 1)])
        print(f"\n{size:,} invoices, {asked.seeds} ledger(s), {time.perf_counter() - began:.0f} seconds")
        print(told(rows).round(4).to_string())


if __name__ == "__main__":
    main()
