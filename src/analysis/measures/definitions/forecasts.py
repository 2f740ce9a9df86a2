"""How good the forecasts of payment were on days of the past, and whether a model is worth its place."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_IPCW = "Graf, Schmoor, Sauerbrei and Schumacher, Statistics in Medicine 18 (1999) 2529-2545"
_CALIBRATION = "Cox, Biometrika 45 (1958) 562-565; Van Calster et al., BMC Medicine 17 (2019) 230"

FORECASTS: tuple[Definition, ...] = (
    Definition(
        id="forecast_brier",
        name="Error of payment forecasts at a day (Brier score)",
        formula="mean over open invoices of w x (1{not paid by day h} - forecast chance to be unpaid at h)^2; w = 1 "
        "where the invoice was followed to h or to its end, 0 where the books end before, what is lost being made up "
        "by the weights of those followed longer",
        unit="ratio",
        reading="Zero is perfect; 0.25 is what always saying fifty-fifty gets. Invoices credited or written off count "
        "as never paid.",
        trap="It depends on how hard the ledger is: compare forecasts of the same invoices, never two companies.",
        source=f"{_IPCW}; with other exits Schoop, Beyersmann, Schumacher and Binder, Biometrical Journal 53 (2011) "
        "88-112.",
        better="lower",
    ),
    Definition(
        id="forecast_integrated_brier",
        name="Error of payment forecasts (integrated Brier score)",
        formula="mean over invoices, days of the past and the days 1 to 90 after them of the squared error of the "
        "chance to be unpaid",
        unit="ratio",
        reading="The one figure by which forecasters are ranked: it rewards both telling early from late and "
        "meaning the chances that are stated.",
        trap="Days on which nearly nothing or nearly all is paid are easy and pull it down; differences of less than "
        "2% of it are noise.",
        source=f"{_IPCW}.",
        better="lower",
    ),
    Definition(
        id="forecast_skill",
        name="Skill against a naive rule",
        formula="1 - integrated Brier score / that of the rule, on the same invoices; interval: percentiles over 1,000 "
        "draws of customers with all their invoices",
        unit="share",
        reading="The share of the rule's error that the forecast avoids. Zero is no better than the rule, below zero "
        "is worse. A model is used only where the whole interval of the difference from the strongest rule is on its "
        "side.",
        trap="Against a weak rule everything has skill: mind which one it is. With few customers the interval is too "
        "narrow.",
        source="Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 8.3; customers as clusters: "
        "Field and Welsh, Journal of the Royal Statistical Society B 69 (2007) 369-390.",
        better="higher",
    ),
    Definition(
        id="forecast_concordance",
        name="Right order of payments (concordance)",
        formula="pairs open on the same day, of which the one paid first was forecast to be paid first, ties half / "
        "pairs of which one is known to be paid first",
        unit="share",
        reading="Of two open invoices, how often the forecast knows which is paid first: one half is chance.",
        trap="It says nothing of the days: a forecast that is a month late throughout has the same order.",
        source="Harrell, Lee and Mark, Statistics in Medicine 15 (1996) 361-387.",
        better="higher",
    ),
    Definition(
        id="forecast_median_error",
        name="Error of the stated median day",
        formula="mean of |min(median day, 90) - min(day of payment, 90)|, days after the forecast",
        unit="days",
        reading="How far the day in the outlook is from the day of payment, on average.",
        trap="No forecast of a thing that varies reaches zero; one that names a single day is not surer for it.",
        source="Mean absolute error; cut at the forecast's ninety days.",
        better="lower",
    ),
    Definition(
        id="forecast_weekly_error",
        name="Error of weekly receipts from open invoices",
        formula="sum of |expected - received| / sum of received, over the four weeks after each day of the past; "
        "an invoice is received with its whole balance in the week that settles it",
        unit="share",
        reading="What part of a week's cash from open invoices is forecast wrongly.",
        trap="Over months errors of weeks cancel out and every rule looks good; judge by the week.",
        source="Weighted absolute percentage error: Kolassa and Schütz, Foresight 6 (2007) 40-43.",
        better="lower",
    ),
    Definition(
        id="forecast_calibration_slope",
        name="Calibration slope of payment forecasts",
        formula="slope b of logit P(paid by day h) = a + b x logit(forecast chance), by weighted logistic regression; "
        "forecasts cut at 0.001 and 0.999",
        unit="ratio",
        reading="One is right. Below one the forecast is too sure of itself, above one too timid.",
        trap="It is not defined where all or none were paid by the day.",
        source=f"{_CALIBRATION}.",
    ),
    Definition(
        id="forecast_paid_over_expected",
        name="Paid over expected within thirty days",
        formula="invoices paid within 30 days of the forecast / sum of their forecast chances",
        unit="ratio",
        reading="One is right; 0.9 says that a tenth fewer were paid than expected.",
        trap="Right in sum can be wrong everywhere: quick payers too slow and slow ones too quick.",
        source="Calibration in the large: Van Calster et al., BMC Medicine 17 (2019) 230.",
    ),
    Definition(
        id="forecast_interval_share",
        name="Payments within their 80% interval",
        formula="invoices paid from the first day with a chance of a tenth to the first with nine tenths / invoices "
        "known up to 90 days",
        unit="share",
        reading="Somewhat above 80% is right, because days are whole.",
        trap="Wide intervals always hold; look at their width as well.",
        source="Coverage of a prediction interval.",
    ),
    Definition(
        id="forecast_d_calibration_p",
        name="Chance of such uneven payments (D-calibration)",
        formula="each invoice belongs to the tenth in which its chance to be unpaid lies on the day of payment, spread "
        "evenly from what is left to zero where that day is not known; Hotelling's test that the mean over customers "
        "of (invoices in a tenth - a tenth of its invoices) is zero",
        unit="share",
        reading="Below 5% payments are systematically earlier, later, closer together or wider apart than stated.",
        trap="A high figure of few customers proves nothing. Taken by invoice instead of by customer it condemns every "
        "forecast, because customers pay in batches.",
        source="Haider, Hoehn, Davis and Greiner, JMLR 21 (2020) 85; Hotelling, Annals of Mathematical Statistics 2 "
        "(1931) 360-378.",
    ),
)
