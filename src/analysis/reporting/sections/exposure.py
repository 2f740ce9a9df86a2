"""What hangs on whom? Limits and breaches, exceptions to policy, concentration, and single names: page 6."""

from __future__ import annotations

from analysis.measures.policy_exceptions import EXCEPTIONS
from analysis.reporting import blocks
from analysis.reporting.charts_exposure import exposure_curves, exposure_curves_alt, limit_dots, limit_dots_alt
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import exposure_words, single_names
from analysis.reporting.sections.exposed import (
    Exposed,
    breaches_table,
    divisions_table,
    exceptions_table,
    largest_use,
)
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY, compared

# At most seven exceptions stand on a page; the rest is in the appendix.
_ON_PAGE, _BREACHES_ON_PAGE, _LISTED = 7, 5, 1_000
KICKER = "Exposure"
_SEVERE_NOTE = (
    "Severe: paid 91 days or more past due, open by then, or written off, of the invoices old enough to tell, with 95% "
    "interval over customers. Late now: amount of open invoices past due."
)


def told(found: Exposed) -> dict[str, str]:
    """The sentences of the page by their ids; blank ones left out."""
    currency, policy, book = found.currency, found.opened.company.policy, found.book
    said = {
        "exposure_told": exposure_words.headline(
            found.used, found.months, top_share=book.top_share, n_debtors=book.n_debtors, currency=currency
        ),
        "limits_told": exposure_words.limits_sentence(found.used, currency=currency),
        "exceptions_told": exposure_words.exceptions_sentence(
            found.kinds,
            found.became_severe(exceptions=True),
            found.became_severe(exceptions=False),
            hold_days=policy.credit_hold_days,
            has_limits=found.used.has_limits,
            currency=currency,
        )
        if _knows_paid(found)
        else f"What was invoiced against policy cannot be told: {OPEN_ITEMS_ONLY}.",
        "concentration_told": exposure_words.concentration_sentence(found.divisions, found.of_loss),
        "debtors_needed_told": exposure_words.target_sentence(
            found.needed,
            target=found.opened.company.targets.effective_number,
            now=book.effective_number,
            average=book.exposure / max(book.n_debtors, 1),
            currency=currency,
        ),
        "high_risk_told": exposure_words.risk_sentence(found.risk, currency=currency),
    }
    return {id: text for id, text in said.items() if text}


def hand_over(findings: Findings, found: Exposed) -> None:
    """Findings of page 6 but the single names, which need the forecast of cash (:mod:`single_names`)."""
    for id, text in told(found).items():
        findings.sentence(id, text)
    _numbers(findings, found)
    currency, table = found.currency, found.used.table
    if table.empty:
        for id in ("exposure_curves", "limit_use_dots", "breaches", "concentrations"):
            findings.unavailable(id, "nobody owes anything")
    else:
        balances, loss = found.owed["open_balance"], found.expected_loss
        has_loss = loss is not None and bool((loss > 0).any())
        findings.figure(
            "exposure_curves",
            exposure_curves(balances, loss),
            caption="On how few exposure and expected loss hang" if has_loss else "On how few exposure hangs",
            alt=exposure_curves_alt(balances, loss),
        )
        units = {"number": "count", "effective": "ratio", "largest": "share"}
        units |= {"effective, loss": "ratio", "largest, loss": "share"}
        findings.table("concentrations", divisions_table(found), caption="Concentration", units=units)
        _limits(findings, found, currency=currency)
    if not _knows_paid(found):
        findings.unavailable("exceptions", OPEN_ITEMS_ONLY)
    elif found.issued.empty:
        findings.unavailable("exceptions", "no invoice was issued in the last twelve months")
    else:
        units = {"invoices": "count", "customers": "count", "severe": "share", "from": "share", "to": "share"}
        units |= dict.fromkeys(["amount", "late now", "written off"], currency)
        caption = "Invoices of twelve months by their standing to the policy when they were issued"
        findings.table("exceptions", exceptions_table(found), caption=caption, units=units)
    left, right = float(table["open_balance"].sum()), float(found.owed["open_balance"].sum())
    findings.invariant("inv_limits_open", "open balance against limits = open balance", left, right, tolerance=0.001)


def _limits(findings: Findings, found: Exposed, *, currency: str) -> None:
    if not found.used.has_limits:
        findings.unavailable("limit_use_dots", exposure_words.NO_LIMITS)
        findings.unavailable("breaches", exposure_words.NO_LIMITS)
        return
    top = largest_use(found, most=_ON_PAGE)
    findings.figure(
        "limit_use_dots",
        limit_dots(top, currency=currency),
        caption=f"Use of limits, {'the seven largest' if len(found.used.table) > _ON_PAGE else 'all'} exposures",
        alt=limit_dots_alt(top, currency=currency),
        names=True,
    )
    if found.used.breaches.empty:
        findings.unavailable("breaches", "no customer is over its limit")
        return
    units: dict[str, str] = dict.fromkeys(["exposure", "limit", "excess", "overdue"], currency)
    units |= {"use": "share", "over since": "date"}
    table, caption = breaches_table(found).head(_LISTED), "Customers over their limit"
    findings.table("breaches", table, caption=caption, units=units, names=["customer"])


def _numbers(findings: Findings, found: Exposed) -> None:
    months, used, currency = found.months, found.used, found.currency
    last = months.iloc[-1]
    share = months["without_limit"] / months["exposure"].where(months["exposure"] > 0)
    if used.has_limits:
        for id, series, unit, label, inputs in (
            ("limit_use", months["use"], "share", "Use of limits", {"exposure": "limited", "limits": "limits"}),
            ("over_limit", months["over"], "count", "Customers over their limit", {}),
            ("limit_excess", months["excess"], currency, "Exposure above limits", {}),
            ("without_limit", share, "share", "Owed without a limit", {"exposure": "exposure"}),
        ):
            findings.number(
                id,
                float(series.iloc[-1]),
                unit=unit,
                label=label,
                definition=id,
                better="neither" if id == "limit_use" else "lower",
                inputs={name: float(last[column]) for name, column in inputs.items()},
                **compared(series),  # type: ignore[arg-type]
            )
    else:
        findings.unavailable("limit_use", exposure_words.NO_LIMITS)
    if _knows_paid(found):
        _of_policy(findings, found)
    _of_risk(findings, found)


def _knows_paid(found: Exposed) -> bool:
    """Whether invoices that were paid are in the books: without them all that is left would look badly paid."""
    return not found.opened.snapshot.open_items_only


def _of_policy(findings: Findings, found: Exposed) -> None:
    kinds, against = found.kinds, found.became_severe(exceptions=True)
    invoiced = float(kinds["amount"].sum())
    broke = kinds[kinds.index.isin(EXCEPTIONS)]
    if invoiced:
        findings.number(
            "policy_exceptions",
            float(broke["amount"].sum()) / invoiced,
            unit="share",
            label="Invoiced against policy, 12 months",
            definition="policy_exceptions",
            better="lower",
            count=int(broke["invoices"].sum()),
            inputs={"against policy": float(broke["amount"].sum()), "invoiced": invoiced},
        )
    for id, label, (value, low, high) in (
        ("severe_against_policy", "Severely late, issued against policy", against),
        ("severe_within_policy", "Severely late, other invoices", found.became_severe(exceptions=False)),
    ):
        if value == value:
            findings.number(
                id,
                value,
                unit="share",
                label=label,
                definition="severe_after_issue",
                low=low,
                high=high,
                better="lower",
            )


def _of_risk(findings: Findings, found: Exposed) -> None:
    if found.risk is not None:
        for id, value, label, definition in (
            ("high_risk_share", found.risk.share, "High-risk exposure", "high_risk_share"),
            ("expected_at_risk", found.risk.expected_share, "Exposure expected at risk", "expected_at_risk"),
        ):
            findings.number(
                id,
                value,
                unit="share",
                label=label,
                definition=definition,
                better="lower",
                inputs={"assessed": found.risk.assessed, "not assessed": found.risk.not_assessed},
            )
    if found.of_loss is not None and found.of_loss.loc["customer_id", "number"]:
        findings.number(
            "effective_number_loss",
            float(found.of_loss["effective_number"]["customer_id"]),
            unit="ratio",
            label="Effective number, expected loss",
            definition="effective_number",
            better="higher",
        )
    if found.needed is not None:
        findings.number(
            "debtors_needed",
            float(found.needed),
            unit="count",
            label="Average debtors needed",
            definition="debtors_needed",
            better="lower",
            target=None,
            inputs={"effective number": found.book.effective_number, "debtors": float(found.book.n_debtors)},
        )


def page(collected: Collected) -> dict[str, object]:
    """Page 6: limits and breaches, exceptions to policy, concentration, and single names."""
    if "exposure_told" not in collected.sentences:
        return {"kicker": KICKER, "title": "What hangs on whom?", "unavailable": "exposure was not measured"}
    if "exposure_curves" in collected.unavailable:
        reason = collected.unavailable["exposure_curves"]["reason"]
        return {"kicker": KICKER, "title": "What hangs on whom?", "unavailable": reason}
    content = [
        blocks.lead(collected, "limits_told", "high_risk_told"),
        *blocks.if_any(blocks.figure(collected, "limit_use_dots")),
        *blocks.if_any(blocks.table(collected, "breaches", rows=_BREACHES_ON_PAGE)),
        _concentration(collected),
        *single_names.section(collected, with_table=False),
    ]
    return {
        "kicker": KICKER,
        "title": collected.sentences["exposure_told"]["text"].removesuffix("."),
        "blocks": [block for block in content if block.get("sentences") != []],
    }


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: what was invoiced against policy, and concentration by each division."""
    if "exposure_told" not in collected.sentences or "exposure_curves" in collected.unavailable:
        return []
    return [
        *against_policy(collected),
        {"kind": "section", "title": "On how few it hangs"},
        blocks.table(collected, "concentrations"),
        *single_names.section(collected, with_sentence=False),
    ]


def against_policy(collected: Collected) -> list[blocks.Block]:
    """What was invoiced against policy; nothing where exposure was not measured."""
    if "exceptions_told" not in collected.sentences:
        return []
    return [
        {"kind": "section", "title": "What was invoiced against policy, and what became of it"},
        blocks.lead(collected, "exceptions_told"),
        *blocks.if_any(blocks.table(collected, "exceptions", note=_SEVERE_NOTE)),
    ]


def _concentration(collected: Collected) -> blocks.Block:
    """The curve with what is said of it beside it."""
    said = blocks.lead(collected, "concentration_told", "debtors_needed_told")
    drawn = blocks.figure(collected, "exposure_curves")
    return {"kind": "row", "blocks": [drawn, said]} if said["sentences"] else drawn
