"""A trade-credit world with known truth: every table of the contract, and beside it the right answers."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.faults import UsageFault
from analysis.ledger.world.block import Block, DrawnWorld, joined, make_block
from analysis.ledger.world.business_days import day_number, payment_calendar
from analysis.ledger.world.calibration import calibration
from analysis.ledger.world.general_ledger import draw_rates, first_day
from analysis.ledger.world.parameters import COMPANY_CURRENCY, Parameters
from analysis.ledger.world.paying import market_months
from analysis.ledger.world.service import shock_window, slow_service_window
from analysis.ledger.world.tables import World, as_world

__all__ = ["DrawnWorld", "Parameters", "World", "as_world", "calibration", "draw_world", "simulate", "write_world"]

COMPANY_NAME = "Tarnwick Valve Works"
CUSTOMERS_PER_BLOCK = 20_000
_INVOICES_PER_CUSTOMER = 60


def simulate(
    *,
    n_invoices: int = 24_000,
    seed: int = 1,
    end: date = date(2026, 10, 31),
    months: int = 36,
    n_customers: int | None = None,
    parameters: Parameters | None = None,
) -> World:
    """A company that starts to sell on credit ``months`` before ``end``, and its customers.

    The same arguments give the same world. ``n_customers`` is a sixtieth of ``n_invoices`` where it is not
    given. Customers are made in blocks of at most 20,000 from random streams of their own, all under one
    market, one service desk and one set of exchange rates. Nothing is booked after ``end``; the truth
    tables also hold what happens later.

    The control account converts each currency's balance at the latest rate on or before the month end,
    rounds it to cents (half away from zero) and sums over currencies.

    Raises UsageFault for fewer than 200 invoices, 20 customers or 12 months, or more than 120 months.
    """
    return as_world(
        draw_world(
            n_invoices=n_invoices,
            seed=seed,
            end=end,
            months=months,
            n_customers=n_customers,
            parameters=parameters,
        )
    )


def draw_world(
    *,
    n_invoices: int = 24_000,
    seed: int = 1,
    end: date = date(2026, 10, 31),
    months: int = 36,
    n_customers: int | None = None,
    parameters: Parameters | None = None,
) -> DrawnWorld:
    """The world of :func:`simulate` as it was drawn; ``as_world`` writes it down.

    It also holds what no table of the contract does: :func:`analysis.ledger.world.truth.true_outlook` needs it.
    """
    parameters = parameters or Parameters()
    n_customers = n_customers if n_customers is not None else max(20, n_invoices // _INVOICES_PER_CUSTOMER)
    for name, value, low, high in (
        ("invoices", n_invoices, 200, 10**9),
        ("customers", n_customers, 20, n_invoices),
        ("months", months, 12, 120),
        ("seed", seed, 0, 2**63),
    ):
        if not low <= value <= high:
            raise UsageFault(f"{name}: {value} is not between {low} and {high}")
    first, last = first_day(end, months), day_number(end)
    started = end.replace(day=1) - timedelta(days=31 * months)
    calendar = payment_calendar(started, end + timedelta(days=1_500))
    common, *streams = np.random.SeedSequence(seed).spawn(1 + -(-n_customers // CUSTOMERS_PER_BLOCK))
    rng = np.random.default_rng(common)
    rates = draw_rates(rng, first=first, last=last, parameters=parameters)
    market = market_months(rng, n_months=months + 12, parameters=parameters)
    blocks: list[Block] = []
    for stream, customers, invoices in zip(
        streams, _shared(n_customers, len(streams)), _shared(n_invoices, len(streams)), strict=True
    ):
        blocks.append(
            make_block(
                np.random.default_rng(stream),
                n_customers=customers,
                n_invoices=invoices,
                first=first,
                last=last,
                calendar=calendar,
                market=market,
                parameters=parameters,
            )
        )
    block = joined(blocks)
    del blocks
    truth = _truth(block, parameters, n_invoices=n_invoices, seed=seed, end=end, months=months, first=first, last=last)
    truth["market_days_by_month"] = market.round(3).tolist()
    return DrawnWorld(
        block=block,
        rates=rates,
        calendar=calendar,
        market=market,
        first=first,
        last=last,
        parameters=parameters,
        truth=truth,
    )


def write_world(world: World, directory: Path | str, *, name: str = COMPANY_NAME) -> None:
    """Writes one CSV per table of the contract, the truth, and a ``company.toml`` for them into ``directory``.

    Files: ``<table>.csv``, ``truth.json``, ``truth_customers.csv``, ``truth_invoices.csv``, ``company.toml``;
    UTF-8, comma, ISO dates, decimal point. Existing files of these names are replaced.
    Raises UsageFault where the directory cannot be written.
    """
    directory = Path(directory)
    frames = {**world.tables, "truth_customers": world.truth_customers, "truth_invoices": world.truth_invoices}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for table, frame in frames.items():
            _write_csv(frame, directory / f"{table}.csv")
        truth = json.dumps(world.truth, indent=2, ensure_ascii=False) + "\n"
        (directory / "truth.json").write_text(truth, encoding="utf-8", newline="\n")
        (directory / "company.toml").write_text(_company_toml(world, name=name), encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageFault(f"{directory}: cannot be written ({error.strerror})") from None


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    written = frame.copy(deep=False)
    for column in frame:
        if isinstance(frame[column].dtype, pd.BooleanDtype) or frame[column].dtype == bool:
            written[column] = frame[column].map({True: "true", False: "false"})
    written.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _shared(total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` whole parts that differ by at most one."""
    return [total // parts + (place < total % parts) for place in range(parts)]


def _truth(
    block: Block,
    parameters: Parameters,
    *,
    n_invoices: int,
    seed: int,
    end: date,
    months: int,
    first: int,
    last: int,
) -> dict[str, Any]:
    """What was put in, as JSON can hold it; dates of a window are its first day and the day after its last."""

    def window(days: tuple[int, int]) -> list[str]:
        return [str(np.datetime64(day, "D")) for day in days]

    stated = asdict(parameters)
    stated["terms_days"] = {str(days): share for days, share in parameters.terms_days.items()}
    return {
        "seed": seed,
        "n_invoices": n_invoices,
        "n_customers": len(block.customers),
        "start": str(np.datetime64(first, "D")),
        "end": end.isoformat(),
        "months": months,
        "shock_due_dates": window(shock_window(first=first, last=last, parameters=parameters)),
        "slow_service": window(slow_service_window(first=first, last=last, parameters=parameters)),
        "customers_by_payer": {str(k): int(v) for k, v in sorted(block.customers["payer"].value_counts().items())},
        "invoices_by_outcome": {str(k): int(v) for k, v in sorted(block.invoices["outcome"].value_counts().items())},
        "invoices_by_fraud": {str(k): int(v) for k, v in sorted(block.invoices["fraud"].value_counts().items()) if k},
        "parameters": stated,
    }


def _company_toml(world: World, *, name: str) -> str:
    """A configuration that reads the files of ``write_world``, each column under its own name."""
    lines = [
        f"# A simulated company: seed {world.truth['seed']}, {world.truth['n_invoices']} invoices. Nobody owes this.",
        "[company]",
        f"name = {json.dumps(name)}",
        f'currency = "{COMPANY_CURRENCY}"',
        "",
        "[format]",
        'timezone = "Europe/Amsterdam"',
        "",
        "[policy]",
        'segment_by = "segment"',
        "net_margin = 0.05",
        "",
        "[targets]",
        "overdue_share = 0.25",
        "over_90_share = 0.02",
        "median_days = 32",
        "dso_countback = 45",
        "days_delinquent = 12",
        "effectiveness = 0.80",
        "bad_debt_to_sales = 0.005",
        "",
        "[tables]",
        *(f'{table} = {{ file = "{table}.csv" }}' for table in world.tables),
        *_outlook_toml(date.fromisoformat(world.truth["end"])),
    ]
    return "\n".join(lines) + "\n"


def _outlook_toml(end: date) -> list[str]:
    """What a company might state about losses to come: scenarios of a month and of a year before, and one overlay."""
    last = end.replace(day=1) - timedelta(days=1)
    before = (pd.Timestamp(last) - pd.DateOffset(years=1)).date()
    source = "made up for the simulated company"
    views = (("base", 0.60, 1.0, ""), ("downturn", 0.25, 1.4, '"not due" = 1.6'), ("upturn", 0.15, 0.85, ""))
    calm = (("base", 0.70, 1.0, ""), ("downturn", 0.15, 1.4, ""), ("upturn", 0.15, 0.85, ""))
    lines: list[str] = []
    for stated_on, scenarios in ((before, calm), (last, views)):
        for name, weight, factor, factors in scenarios:
            lines += ["", "[[scenarios]]", f'name = "{name}"', f"stated_on = {stated_on}", f"weight = {weight}"]
            lines += [
                f"factor = {factor}",
                *([f"factors = {{ {factors} }}"] if factors else []),
                f'source = "{source}"',
            ]
    return [
        *lines,
        "",
        "[[overlays]]",
        'name = "new carrier"',
        "amount = 5000",
        'owner = "head of credit"',
        'reason = "claims about late deliveries that no invoice shows yet"',
        f"stated_on = {last}",
        f"expires_on = {last + timedelta(days=184)}",
    ]
