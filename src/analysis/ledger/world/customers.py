"""Who buys on credit: customers, their groups, their size and how they mean to pay."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.ledger.world.business_days import (
    EVERY_DAY,
    FORTNIGHTLY,
    MONTH_END,
    RUN_CYCLE_DAYS,
    TWICE_A_MONTH,
    WEEKLY,
    Days,
)
from analysis.ledger.world.failing import choose_bust_outs, choose_failing
from analysis.ledger.world.parameters import COMPANY_CURRENCY, NEVER, Parameters

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

COUNTRIES = {"DE": 0.28, "NL": 0.24, "FR": 0.14, "BE": 0.08, "ES": 0.06, "GB": 0.11, "US": 0.09}
CURRENCY_OF = {"GB": "GBP", "US": "USD"}
ENTITIES = ("NL01", "UK01")
ENTITY_OF = {"GB": "UK01", "US": "UK01"}
SEGMENTS = {"direct": 0.62, "reseller": 0.26, "public": 0.12}
INDUSTRIES = ("chemicals", "construction", "energy", "food", "machinery", "paper", "transport", "water")
CHANNELS = {"e-mail": 0.50, "portal": 0.22, "EDI": 0.16, "paper": 0.12}
METHODS = {"DE": "transfer", "NL": "transfer", "FR": "transfer", "BE": "transfer", "ES": "transfer", "US": "cheque"}
SIZES = ("small", "medium", "large")

_STEMS = [
    "Arden",
    "Belmar",
    "Corvin",
    "Dalmor",
    "Elstra",
    "Fenrow",
    "Garlan",
    "Halvik",
    "Istren",
    "Jorvan",
    "Kelmar",
    "Lorvik",
    "Merant",
    "Norvel",
    "Ostara",
    "Pelgar",
    "Quenby",
    "Rovan",
    "Selwin",
    "Tarmon",
    "Ulvert",
    "Vasten",
    "Wendal",
    "Yarrick",
    "Zelmon",
    "Bruvan",
    "Drestal",
    "Harkel",
    "Molvar",
    "Stenrik",
]
_ENDINGS = [
    "a",
    "berg",
    "by",
    "dal",
    "ex",
    "feld",
    "gate",
    "ham",
    "ia",
    "is",
    "ley",
    "mere",
    "ora",
    "stad",
    "ton",
    "um",
    "wick",
]
_LEGAL_FORM = {"DE": "GmbH", "NL": "BV", "FR": "SARL", "BE": "NV", "ES": "SL", "GB": "Ltd", "US": "Inc"}


def spread(rng: np.random.Generator, rank: Days, *, attribute: int) -> Floats:
    """Numbers in [0, 1) that are even within any stretch of ranks.

    A Weyl sequence with a random start: attributes drawn from it are mixed alike among the largest
    and the smallest customers, so that one large payer does not decide the figures of a whole world.
    """
    irrational = np.sqrt((2, 3, 5, 7, 11, 13, 17, 19)[attribute])
    result: Floats = (rng.random() + rank * irrational) % 1.0
    return result


def in_proportion(
    rng: np.random.Generator,
    rank: Days,
    value: Floats,
    shares: Mapping[str, float] | Mapping[int, float],
    *,
    attribute: int,
) -> NDArray[np.int64]:
    """Positions in ``shares`` that hold these shares of customers, and nearly so of ``value``.

    The best of 24 random starts of the sequence: with a few large customers, one start would leave the
    shares of value to chance.
    """
    goal = np.array(list(shares.values())) / sum(shares.values())
    best, least = np.zeros(len(rank), dtype=np.int64), np.inf
    for _ in range(24):
        chosen = choose(spread(rng, rank, attribute=attribute), shares)
        miss = float(np.abs(np.bincount(chosen, weights=value, minlength=len(goal)) / value.sum() - goal).max())
        if miss < least:
            best, least = chosen, miss
    return best


def choose(values: Floats, shares: Mapping[str, float] | Mapping[int, float]) -> NDArray[np.int64]:
    """Position in ``shares`` that each number in [0, 1) falls on."""
    edges = np.cumsum(list(shares.values()))
    return np.searchsorted(edges / edges[-1], values, side="right").clip(max=len(edges) - 1)


def draw_customers(
    rng: np.random.Generator, *, n: int, first: int, last: int, parameters: Parameters, loss_scale: float = 1.0
) -> pd.DataFrame:
    """``n`` customers who buy between the day numbers ``first`` and ``last``; one row each.

    ``payer`` is a type of ``parameters.payers``; ``fails_on`` and ``bust_from`` are NEVER for the sound.
    ``loss_scale`` multiplies the loss budgets.
    """
    size = ndtri((rng.permutation(n) + 0.5) / n)
    rank = np.argsort(np.argsort(-size, kind="stable"), kind="stable")
    half, whole = parameters.log_sd_of_invoice_count, parameters.log_sd_of_sales
    log_count = half * (0.75 * size + np.sqrt(1 - 0.75**2) * rng.standard_normal(n))
    value = np.exp(whole * size)
    country = np.array(list(COUNTRIES))[choose(spread(rng, rank, attribute=0), COUNTRIES)]
    currency = np.array([CURRENCY_OF.get(code, COMPANY_CURRENCY) for code in country])
    entity = np.array([ENTITIES.index(ENTITY_OF.get(code, ENTITIES[0])) for code in country])
    segment = np.array(list(SEGMENTS))[choose(spread(rng, rank, attribute=1), SEGMENTS)]
    segment = np.where(rank < 0.05 * n, "key account", segment)
    channel = np.array(list(CHANNELS))[choose((0.85 * rng.random(n) + 0.15 * rank / n) % 1, CHANNELS)]
    terms = np.array(list(parameters.terms_days))[in_proportion(rng, rank, value, parameters.terms_days, attribute=2)]
    shares = {name: payer.share for name, payer in parameters.payers.items() if payer.share > 0}
    payer = np.array(list(shares), dtype=object)[in_proportion(rng, rank, value, shares, attribute=3)]
    method = np.array([METHODS.get(code, "transfer") for code in country], dtype=object)
    method[rng.random(n) < parameters.direct_debit_share] = "direct debit"

    newly = rng.random(n) < parameters.onboarded_within_share
    newly &= rank >= 3  # the very largest have always been there
    customers = pd.DataFrame(
        {
            "size_rank": rank,
            "rate": np.exp(log_count),
            "mean_amount": parameters.median_amount * np.exp(whole * size - log_count),
            "country": country.astype(object),
            "currency": currency.astype(object),
            "entity": entity,
            "segment": segment.astype(object),
            "industry": np.array(INDUSTRIES, dtype=object)[rng.integers(len(INDUSTRIES), size=n)],
            "size": np.array(SIZES, dtype=object)[2 - np.searchsorted((0.12 * n, 0.5 * n), rank, side="right")],
            "channel": channel.astype(object),
            "method": method,
            "terms_days": terms.astype(np.int64),
            "payer": payer,
            "quality": rng.standard_normal(n),
            "onboarded": np.where(
                newly,
                first + (rng.random(n) * max(last - first - 60, 1)).astype(np.int64),
                first - 30 - (rng.random(n) * 3650).astype(np.int64),
            ),
            "takes_discount": rng.random(n) < parameters.discount_customer_share,
            "fails_on": np.full(n, NEVER),
            "bust_from": np.full(n, NEVER),
        }
    )
    customers["active_from"] = customers["onboarded"].clip(lower=first)
    customers["active_to"] = last
    choose_failing(rng, customers, first=first, last=last, parameters=parameters, loss_scale=loss_scale)
    choose_bust_outs(rng, customers, first=first, last=last, parameters=parameters, loss_scale=loss_scale)
    _habits(rng, customers, parameters=parameters)
    customers["parent"] = _parents(rng, customers)
    customers["name"] = _names(rng, customers)
    return customers


def _habits(rng: np.random.Generator, customers: pd.DataFrame, *, parameters: Parameters) -> None:
    """Adds the true habit of each customer: days late, trend, spread of single invoices and payment run."""
    n = len(customers)
    types = customers["payer"].map(dict(parameters.payers))
    payer = pd.DataFrame({name: [getattr(t, name) for t in types] for name in ("days_late", "between", "within")})
    customers["habit_days"] = (payer["days_late"] + payer["between"] * rng.standard_normal(n)).round(2).to_numpy()
    customers["days_per_year"] = [t.days_late_per_year for t in types]
    customers["within_days"] = payer["within"].to_numpy()
    in_runs = np.array([t.pays_in_runs for t in types])
    kinds = np.concatenate([np.repeat(WEEKLY[1:], 4), FORTNIGHTLY, [MONTH_END] * 8, [TWICE_A_MONTH] * 5])
    run = np.where(in_runs, kinds[rng.integers(len(kinds), size=n)], EVERY_DAY)
    # A cycle longer than the terms would break every promise to pay by the due date.
    customers["run"] = np.where(RUN_CYCLE_DAYS[run] > customers["terms_days"], WEEKLY[3], run)
    customers.loc[in_runs | (customers["habit_days"] > 0), "takes_discount"] = False


def _parents(rng: np.random.Generator, customers: pd.DataFrame) -> NDArray[np.int64]:
    """Position of the group's head for the one customer in eight that belongs to another; -1 for the rest."""
    n = len(customers)
    heads = np.flatnonzero((customers["size_rank"] < max(0.1 * n, 1)).to_numpy())
    parent = np.where(rng.random(n) < 0.12, heads[rng.integers(len(heads), size=n)], -1)
    parent[heads] = -1
    return parent


def _names(rng: np.random.Generator, customers: pd.DataFrame) -> list[str]:
    """Invented names; a member of a group carries the name of its head."""
    n = len(customers)
    stem = (rng.permutation(n) % (len(_STEMS) * len(_ENDINGS))).astype(np.int64)
    parent = customers["parent"].to_numpy()
    stem = np.where(parent >= 0, stem[parent], stem)
    words = [_STEMS[s % len(_STEMS)] + _ENDINGS[s // len(_STEMS)] for s in stem]
    trades = customers["industry"].str.capitalize()
    forms = customers["country"].map(_LEGAL_FORM)
    return [f"{word} {trade} {form}" for word, trade, form in zip(words, trades, forms, strict=True)]
