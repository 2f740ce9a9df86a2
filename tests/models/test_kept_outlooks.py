"""A day asked about twice is forecast once: what is kept is what would be made anew, and never that of other rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from simulated_books import simulated_books

from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.history import history_of
from analysis.models import payment_model as module
from analysis.models.landmarks import landmarks, open_book, open_books
from analysis.models.payment_model import HEADS, payment_model

ON = date(2026, 4, 15)


@pytest.fixture(scope="module")
def model():
    return payment_model(history_of(as_of(simulated_books(simulate(n_invoices=1_200, seed=5)), ON)))


def test_the_second_answer_is_the_first_and_that_of_a_model_that_keeps_nothing(model):
    known, book = model.history.known(ON), open_book(model.history, ON)
    first = model.outlooks(known, book)
    assert list(first) == list(HEADS)
    again = model.outlooks(known, open_book(model.history, ON), heads=("boosted",))
    assert list(again) == ["boosted"]
    assert again["boosted"] is first["boosted"]
    anew = replace(model, _kept={}).outlooks(known, book, heads=("boosted",))["boosted"]
    assert np.array_equal(anew.unpaid, again["boosted"].unpaid)
    assert np.array_equal(anew.never, again["boosted"].never)


def test_other_rows_of_the_day_are_forecast_for_themselves(model):
    known, book = model.history.known(ON), open_book(model.history, ON)
    model.outlooks(known, book)
    fewer = landmarks(model.history, [ON], rows_max=len(book) // 2)
    assert len(model.outlooks(known, fewer)["mean"].never) == len(fewer) < len(book)


def test_no_more_than_the_bound_is_kept(model, monkeypatch):
    known, book = model.history.known(ON), open_book(model.history, ON)
    monkeypatch.setattr(module, "_KEPT_MAX", len(book) - 1)
    small = replace(model, _kept={})
    assert small.outlooks(known, book)["mean"] is not small.outlooks(known, book)["mean"]


def test_days_read_together_are_forecast_as_each_alone(model):
    days = [date(2026, 2, 28), date(2026, 3, 31), ON]
    for on, book in open_books(model.history, days, rows_max=None):
        known = model.history.known(on)
        alone = open_book(model.history, on)
        assert book.together is not None
        assert len(book.together) > len(book) == len(alone)
        assert alone.together is None
        together, apart = (replace(model, _kept={}, _read=[]).outlooks(known, one) for one in (book, alone))
        for head in HEADS:
            assert np.array_equal(together[head].unpaid, apart[head].unpaid)
            assert np.array_equal(together[head].never, apart[head].never)
