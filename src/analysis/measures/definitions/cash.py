"""What cash is expected, how sure that is, and how earlier forecasts turned out."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_COPULA = "Li, Journal of Fixed Income 9 (2000) 43-54"

CASH: tuple[Definition, ...] = (
    Definition(
        id="expected_receipts",
        name="Expected receipts from open invoices",
        formula="sum over open invoices of balance x (part owed at the start of the stretch of days - part owed at its "
        "end) x cash share; part owed = unpaid ^ pace, with pace and cash share from the part-payments, discounts and "
        "credit notes of the last 365 days; interval: quantiles of a joint simulation in which invoices of one "
        "customer, week and month miss their forecast together as they did before",
        unit="currency",
        reading="Cash that invoices already written should bring. In 95 of 100 such stretches what comes lies within "
        "the interval.",
        trap="It falls week by week, because what will be invoiced is not in it. Sales on new terms, a merger or a "
        "lost customer are not in the past that it learned from.",
        source=f"This project; joint misses as a Gaussian copula: {_COPULA}.",
    ),
    Definition(
        id="receipts_with_coming",
        name="Expected receipts with invoices to come",
        formula="expected receipts from open invoices + sum over days to come of expected sales x share of new "
        "invoices paid by then x cash share; expected sales = mean month of the last twelve x factor of the month "
        "of the year ((sum of the ratios of its years + 2) / (years + 2)), even over weekdays",
        unit="currency",
        reading="All cash from customers, if they buy as they usually do. The part beyond open invoices grows with "
        "the distance.",
        trap="It takes next quarter's sales for last year's. Where orders say otherwise, believe the orders.",
        source="This project.",
    ),
    Definition(
        id="cash_beyond_or_never",
        name="Expected after thirteen weeks or never",
        formula="open balance - cash expected in thirteen weeks - discounts and credit notes expected in them",
        unit="currency",
        reading="What of today's open balance the next quarter will not bring.",
        trap="Late is not lost: the part that is never paid is the smaller one.",
        source="This project; with the weeks it adds up to the open balance.",
        better="lower",
    ),
    Definition(
        id="not_forecastable",
        name="Debt that cannot be forecast",
        formula="open balance of invoices in dispute, of customers with a write-off in the last year, later than any "
        "invoice ever paid, or overdue from customers never seen paying",
        unit="currency",
        reading="Money whose coming is a matter of negotiation and not of habit. Ask about it by name.",
        trap="It stands in the forecast with what little the past says of it; count on it last.",
        source="This project.",
        better="lower",
    ),
    Definition(
        id="forecast_gross_error",
        name="Gross error of earlier cash forecasts",
        formula="sum of |expected - received| over sum of received, over the first four weeks of forecasts made as of "
        "the last twelve months, each from what was known then",
        unit="share",
        reading="By how much a week was missed on average, delays of one week into the next included.",
        trap="A month alone flatters every method, because early and late cancel within it; judge by the week.",
        source="Kolassa and Schuetz, Foresight 6 (2007) 40-43 (mean absolute deviation over mean).",
        better="lower",
    ),
    Definition(
        id="forecast_net_error",
        name="Net error of earlier cash forecasts",
        formula="sum over forecasts of |expected - received in four weeks| over sum of received",
        unit="share",
        reading="What is left of the gross error once weeks of one forecast make up for each other.",
        trap="A small net error with a large gross one still empties the account in a bad week.",
        source="Common practice of cash forecasting.",
        better="lower",
    ),
    Definition(
        id="forecast_bias",
        name="Bias of earlier cash forecasts",
        formula="(sum of expected - sum of received) / sum of received, first four weeks of all forecasts",
        unit="share",
        reading="Above zero, forecasts promised too much; below, too little.",
        trap="Errors of both signs cancel: no bias does not mean no error.",
        source="Common practice of forecasting.",
    ),
    Definition(
        id="band_coverage",
        name="Weeks within the band",
        formula="weeks whose receipts lay within the 80% band / weeks judged",
        unit="share",
        reading="Should be near 80%. Below, the bands promise too much certainty; above, they are wider than they "
        "need be.",
        trap="Weeks of overlapping forecasts are not independent: twelve forecasts tell 80% from 60%, not from 75%.",
        source="Christoffersen, International Economic Review 39 (1998) 841-862.",
    ),
    Definition(
        id="pinball_loss",
        name="Quantile loss of earlier cash forecasts",
        formula="mean over weeks and quantiles q of (q if received is above the quantile, else 1 - q) x distance, over "
        "the mean week received",
        unit="share",
        reading="One figure for bands that are both narrow and right; compare it from month to month.",
        trap="It has no natural level: one method's figure means something beside another's.",
        source="Koenker and Bassett, Econometrica 46 (1978) 33-50.",
        better="lower",
    ),
    Definition(
        id="stress_shock",
        name="Cash lost if the worst shock came again",
        formula="expected receipts of four weeks - the same with every invoice's payment moved as far as the common "
        "part of the latest-paid past forecast was",
        unit="currency",
        reading="What the account must bear if customers as a whole pay as late against expectation as in the worst "
        "month of the record.",
        trap="The record is short: a worse month than it holds is possible.",
        source="This project.",
    ),
    Definition(
        id="stress_largest",
        name="Cash lost if the largest debtor paid sixty days later",
        formula="expected receipts of thirteen weeks - the same with the largest customer's payments 60 days later",
        unit="currency",
        reading="How far the quarter hangs on one customer.",
        trap="It is late, not lost: most of it comes after the quarter.",
        source="This project.",
    ),
)
