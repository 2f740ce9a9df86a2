"""What cash comes in the next thirteen weeks? The forecast, its record, what changed, and what could go wrong."""

from __future__ import annotations

from analysis.ledger.opening import Opened
from analysis.measures.history import history_of
from analysis.models.cash import coherence
from analysis.models.cash_forecasters import rivals
from analysis.models.cash_outlook import CashOutlook, cash_outlook
from analysis.models.cash_record import NEAR_WEEKS, hit_table
from analysis.models.forecast import PaymentForecast, payment_forecast
from analysis.models.forecastable import FORECASTABLE
from analysis.reporting import blocks, charts
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import cash_shown, cash_words, forecasters, record_light
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

# A sum of some hundred thousand floats.
_ROUNDING = 1e-9
NO_RECORD = "no earlier month of these books can be forecast and judged"
NO_PAYMENT = "no invoice was paid yet, so the books say nothing of when customers pay"


def why_not(opened: Opened) -> str:
    """Why no cash can be forecast from these books; blank where it can."""
    if opened.snapshot.open_items_only:
        return OPEN_ITEMS_ONLY
    paid = opened.snapshot.items.filter(opened.snapshot.items["outcome"] == "paid")
    return "" if int(paid.count().execute()) else NO_PAYMENT


def forecast_of(opened: Opened) -> PaymentForecast | None:
    """Every open invoice forecast by what has earned it; None where :func:`why_not` says why there is none."""
    return None if why_not(opened) else payment_forecast(history_of(opened.snapshot))


def outlook_of(made: PaymentForecast | None, *, with_coming: bool = True, seed: int = 0) -> CashOutlook | None:
    """The cash forecast made of the forecasts of invoices, with its record; None where there are none."""
    if made is None:
        return None
    history = made.book.history
    return cash_outlook(history, made.forecaster, rivals=rivals(), with_coming=with_coming, seed=seed)


def hand_over(findings: Findings, opened: Opened, outlook: CashOutlook | None, made: PaymentForecast | None) -> None:
    """Findings of notebook 6: who forecasts, the forecast with its bands, record, bridge and stress, and its sums."""
    nameless = {} if outlook is None else _nameless(outlook, currency=opened.company.currency)
    for id, text in told(opened, outlook).items():
        findings.sentence(id, text, uses=_USES.get(id, ()) if outlook else (), nameless=nameless.get(id, ""))
    if outlook is None:
        findings.unavailable("cash", why_not(opened))
        return
    if made is not None:
        forecasters.hand_over(findings, made)
        record_light.hand_over(findings, made, outlook)
    currency = opened.company.currency
    _numbers(findings, outlook, currency=currency)
    _figures(findings, opened, outlook, currency=currency)
    _tables(findings, outlook, currency=currency)
    for place, (formula, left, right) in enumerate(coherence(outlook.forecast)):
        findings.invariant(f"inv8_cash_{place}", formula, left, right, tolerance=max(abs(right), 1.0) * _ROUNDING)


def told(opened: Opened, outlook: CashOutlook | None) -> dict[str, str]:
    """The sentences of the page by their ids; where there is no forecast, one that says why."""
    if outlook is None:
        return {"cash_told": "What cash comes in cannot be said: " + why_not(opened) + "."}
    currency, forecast = opened.company.currency, outlook.forecast
    names = opened.snapshot.customers.select("customer_id", "name").execute().set_index("customer_id")["name"]
    name = str(names.get(outlook.stress.largest, outlook.stress.largest))
    record = (cash_words.record_sentence(outlook.record), cash_words.rivals_sentence(outlook.rivals))
    said = {
        "cash_told": cash_words.cash_sentence(forecast, currency=currency),
        "cash_quarter_told": cash_words.quarter_sentence(forecast, currency=currency),
        "cash_record_told": " ".join(part for part in record if part),
        "cash_bridge_told": cash_words.bridge_sentence(outlook, currency=currency),
        "cash_stress_told": cash_words.stress_sentence(outlook.stress, currency=currency, name=name),
        "cash_doubtful_told": cash_words.doubtful_sentence(outlook.doubtful, currency=currency),
    }
    return {id: text for id, text in said.items() if text}


def _nameless(outlook: CashOutlook, *, currency: str) -> dict[str, str]:
    """What a sentence says without the name of a customer, by its id."""
    text = cash_words.stress_sentence(outlook.stress, currency=currency, name="The largest debtor")
    return {"cash_stress_told": text}


_USES = {
    "cash_told": ("cash_30_days",),
    "cash_quarter_told": ("cash_13_weeks", "cash_later"),
    "cash_record_told": ("cash_coverage", "cash_gross_error", "cash_net_error"),
    "cash_stress_told": ("cash_stress_shock", "cash_stress_largest"),
    "cash_doubtful_told": ("cash_doubtful",),
}


def _numbers(findings: Findings, outlook: CashOutlook, *, currency: str) -> None:
    made, record, goes = outlook.forecast, outlook.record, outlook.forecast.where_it_goes().iloc[0]
    low, high = made.band_30_days(0.95)
    findings.number(
        "cash_30_days",
        made.within_30_days,
        unit=currency,
        label="Cash within 30 days",
        definition="expected_receipts",
        low=low,
        high=high,
        count=len(made.debt.items),
        inputs={"open_balance": made.debt.total, "pace": made.share.pace, "cash_share": made.share.cash},
    )
    low, high = made.band(0.95)
    findings.number(
        "cash_13_weeks",
        made.expected,
        unit=currency,
        label="Cash within 13 weeks",
        definition="expected_receipts",
        low=low,
        high=high,
        count=len(made.debt.items),
    )
    later = float(goes["beyond"] + goes["never"])
    findings.number(
        "cash_later", later, unit=currency, label="Later or never", definition="cash_beyond_or_never", better="lower"
    )
    if made.with_coming is not None:
        total = float(made.with_coming["expected"].sum())
        findings.number(
            "cash_with_coming",
            total,
            unit=currency,
            label="Cash within 13 weeks, invoices to come included",
            definition="receipts_with_coming",
        )
    unsure = float(outlook.doubtful.drop(index=FORECASTABLE, errors="ignore")["open_balance"].sum())
    findings.number(
        "cash_doubtful", unsure, unit=currency, label="Not forecastable", definition="not_forecastable", better="lower"
    )
    judged = {"forecasts": float(record.forecasts), "weeks": float(len(record.weeks))}
    for id, value, label, definition in (
        ("cash_gross_error", record.gross_error(), "Missed by, a week", "forecast_gross_error"),
        ("cash_net_error", record.net_error(), "Missed by, four weeks", "forecast_net_error"),
        ("cash_bias", record.bias(), "Promised too much", "forecast_bias"),
        ("cash_coverage", record.coverage(0.80), "Weeks within the 80% band", "band_coverage"),
        ("cash_pinball", record.pinball(), "Quantile loss", "pinball_loss"),
    ):
        findings.number(
            id, value if record.forecasts else None, unit="share", label=label, definition=definition, inputs=judged
        )
    shock, late = outlook.stress.lost("shock again", weeks=NEAR_WEEKS), outlook.stress.lost("largest later")
    findings.number(
        "cash_stress_shock", shock, unit=currency, label="Lost in the worst shock", definition="stress_shock"
    )
    findings.number(
        "cash_stress_largest", late, unit=currency, label="Largest debtor later", definition="stress_largest"
    )


def _figures(findings: Findings, opened: Opened, outlook: CashOutlook, *, currency: str) -> None:
    made = outlook.forecast
    weeks = made.weeks if made.with_coming is None else made.with_coming
    what = (
        "Cash from open invoices" if made.with_coming is None else "All cash from customers, invoices to come included"
    )
    bridge = "" if outlook.bridge is None else charts.waterfall_alt(outlook.bridge, unit=currency)
    judged = cash_shown.judged_weeks(outlook.record)
    for id, drawn, caption, alt, reason in (
        (
            "cash_fan",
            cash_shown.fan(opened, outlook),
            f"{what}, by week",
            charts.cash_fan_alt(weeks, currency=currency),
            "",
        ),
        (
            "cash_record",
            cash_shown.record(opened, outlook),
            "Earlier forecasts of open invoices, first four weeks of each, beside what came",
            charts.forecast_record_alt(judged, currency=currency),
            NO_RECORD,
        ),
        (
            "cash_bridge",
            cash_shown.bridge(opened, outlook),
            "From the forecast of a month ago to this one",
            bridge,
            "there is no forecast of a month ago",
        ),
    ):
        if drawn is None:
            findings.unavailable(id, reason)
        else:
            findings.figure(id, drawn, caption=caption, alt=alt)


def _tables(findings: Findings, outlook: CashOutlook, *, currency: str) -> None:
    weeks = cash_shown.weeks_table(outlook)
    units = {"week to": "date", **dict.fromkeys(weeks.columns[1:], currency)}
    findings.table("cash_weeks", weeks, caption="Expected cash by week", units=units)
    if outlook.record.forecasts:
        hits = hit_table(outlook.record).reset_index()
        findings.table(
            "cash_hits",
            hits,
            caption="How often the bands held",
            units=dict.fromkeys(hits.columns, "share"),
        )
        table = cash_shown.rivals_table(outlook)
        findings.table("cash_rivals", table, caption="Missed by", units=dict.fromkeys(table.columns[1:], "share"))
    else:
        findings.unavailable("cash_hits", NO_RECORD)
    table = cash_shown.doubtful_table(outlook)
    units = {"invoices": "count", "open balance": currency, "expected": currency}
    findings.table("cash_doubt", table, caption="Forecastable and not", units=units)
    for by in ("segment", "customer", "currency", "entity"):
        table = cash_shown.divided_table(outlook, by=by)
        if len(table) > 2:
            units = dict.fromkeys(table.columns[1:], currency)
            names, caption = [by] if by == "customer" else [], f"Cash within thirteen weeks by {by}"
            findings.table(f"cash_by_{by}", table, caption=caption, units=units, names=names)
    findings.table("cash_frozen", outlook.forecast.kept().rename(columns=str), caption="The forecast as it is kept")


def page(collected: Collected) -> dict[str, object]:
    """Page 5: cash to come, beside the record of earlier forecasts."""
    if "cash_fan" not in collected.figures:
        reason = blocks.unavailable(collected, "cash")["reason"]
        return {"kicker": "Cash", "title": "What cash comes in?", "unavailable": reason}
    content = [
        blocks.lead(collected, "demotion_told", "cash_quarter_told", "cash_record_told", "cash_printed_told"),
        blocks.figure(collected, "cash_fan"),
        blocks.figure(collected, "cash_record"),
    ]
    if "cash_hits" in collected.tables:
        content.append(
            {"kind": "row", "blocks": [blocks.table(collected, "cash_hits"), blocks.table(collected, "cash_rivals")]}
        )
    content += [
        blocks.lead(collected, "cash_bridge_told"),
        blocks.figure(collected, "cash_bridge"),
        blocks.lead(collected, "cash_stress_told", "cash_doubtful_told"),
        blocks.table(collected, "cash_doubt"),
    ]
    if "cash_by_segment" in collected.tables:
        content.append(blocks.table(collected, "cash_by_segment", total=True))
    return {
        "kicker": "Cash",
        "title": collected.sentences["cash_told"]["text"].removesuffix("."),
        "blocks": [block for block in content if block.get("sentences") != []],
    }
