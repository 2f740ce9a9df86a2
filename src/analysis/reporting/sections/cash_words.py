"""Cash to come and the record of earlier forecasts, in words."""

from __future__ import annotations

import math

import pandas as pd

from analysis.models.cash import CashForecast
from analysis.models.cash_outlook import CashOutlook
from analysis.models.cash_record import TrackRecord
from analysis.models.cash_stress import LATE_DAYS, Stress
from analysis.models.forecastable import FORECASTABLE
from analysis.reporting import words

# Fewer forecasts than half a year say little of how they turn out.
FEWEST_JUDGED = 6
MODEL = "model"


def cash_sentence(forecast: CashForecast, *, currency: str) -> str:
    """What open invoices bring within 30 days, with its band; the title of the page."""
    if not forecast.debt.total:
        return "Nothing is owed, so open invoices bring no cash."
    low, high = forecast.band_30_days(0.80)
    expected = words.money(forecast.within_30_days, currency=currency)
    return (
        f"Open invoices should bring {expected} within 30 days, "
        f"in four of five such months between {words.interval(low, high, unit=currency).replace(' to ', ' and ')}."
    )


def quarter_sentence(forecast: CashForecast, *, currency: str) -> str:
    """Thirteen weeks: what is invoiced already, what is to come, and what the weeks will not bring."""
    goes = forecast.where_it_goes().iloc[0]
    text = (
        f"In thirteen weeks, {words.money(forecast.expected, currency=currency)} of the "
        f"{words.money(forecast.debt.total, currency=currency)} open should come; "
        f"{words.money(goes['beyond'] + goes['never'], currency=currency)} is expected later or never"
    )
    if forecast.with_coming is None:
        return text + "."
    coming = float(forecast.with_coming["expected"].sum()) - forecast.expected
    return f"{text}. Invoices still to be written should add {words.money(coming, currency=currency)}."


def record_sentence(record: TrackRecord) -> str:
    """How earlier forecasts turned out: bands, weeks and months."""
    if not record.forecasts:
        return "There is no earlier month from which a forecast could be judged; the bands stand on stated figures."
    judged = f"Of {words.plural(record.forecasts, 'forecast')} made as of earlier months"
    text = (
        f"{judged}, {words.share(record.coverage(0.80))} of weeks lay within the 80% band; in the first four weeks a "
        f"week was missed by {words.share(record.gross_error())}, the four together by "
        f"{words.share(record.net_error())}."
    )
    if record.forecasts < FEWEST_JUDGED:
        return text + " So few forecasts say little of the next."
    return text


def rivals_sentence(rivals: pd.DataFrame) -> str:
    """Whether a naive rule would have been nearer, week by week; blank without any."""
    naive = rivals.drop(index=MODEL, errors="ignore")
    if naive.empty or MODEL not in rivals.index or naive["gross_error"].isna().all():
        return ""
    best = str(naive["gross_error"].idxmin())
    missed, own = words.share(naive["gross_error"].min()), rivals.loc[MODEL, "gross_error"]
    if own < naive["gross_error"].min():
        return f"The best naive rule, {best}, would have missed a week by {missed}."
    return f"A naive rule was as good: {best} missed a week by {missed}."


def doubtful_sentence(doubtful: pd.DataFrame, *, currency: str) -> str:
    """How much of the debt no forecast can speak for, and for what reason most."""
    unsure = doubtful.drop(index=FORECASTABLE, errors="ignore")
    total = float(unsure["open_balance"].sum())
    if not total:
        return "All open invoices are of kinds that were seen to be paid."
    part = total / float(doubtful["open_balance"].sum())
    return (
        f"{words.money(total, currency=currency)} ({words.share(part)}) cannot be forecast by habit, most of it "
        f"because of this: {unsure['open_balance'].idxmax()}."
    )


def stress_sentence(stress: Stress, *, currency: str, name: str) -> str:
    """What four weeks lose under the worst shock of the record, and a quarter if the largest customer is late."""
    shock, late = stress.lost("shock again", weeks=4), stress.lost("largest later")
    told = (
        "No past forecast was followed by customers paying later than expected as a whole."
        if math.isnan(shock)
        else f"The worst common delay of the record, come again, would take "
        f"{words.money(shock, currency=currency)} out of the next four weeks."
    )
    return (
        f"{told} {name}, who owes {words.share(stress.largest_share)} of all, paying {LATE_DAYS} days later would take "
        f"{words.money(late, currency=currency)} out of the quarter."
    )


def bridge_sentence(outlook: CashOutlook, *, currency: str) -> str:
    """Why the same weeks look different from a month ago; blank without an earlier forecast."""
    if outlook.bridge is None:
        return ""
    amounts = outlook.bridge.set_index("label")["amount"]
    before, now = amounts["expected then"], amounts["expected now"]
    moved = now - before
    return (
        f"For the weeks that both see, a month ago {words.money(before, currency=currency)} was expected of what was "
        f"open then; now it is {words.money(now, currency=currency)}, "
        f"{words.money(abs(moved), currency=currency)} {'more' if moved >= 0 else 'less'}, "
        f"with {words.money(amounts['new invoices'], currency=currency)} from invoices written since."
    )
