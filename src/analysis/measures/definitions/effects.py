"""What goes with slow payment."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

EFFECTS: tuple[Definition, ...] = (
    Definition(
        id="effect_in_days",
        name="Days longer unpaid that go with one thing",
        formula="mean over invoices of sum over days below the horizon of (S1(day) - S0(day)), S1 and S0 the shares "
        "unpaid that a Cox model gives the same invoice with and without that thing, all else as it is; one baseline "
        "for each band of terms; interval from an error robust to the likeness of a customer's invoices",
        unit="days",
        reading="Among invoices alike in all that the model knows, those that have it stay unpaid so many days longer "
        "within the first 180 days. Below zero they are paid sooner.",
        trap="It goes with slow payment and need not cause it: whoever disputes may differ in what nobody recorded. An "
        "effect that changes with the age of an invoice is shown as its mean. Credit notes and write-offs end the "
        "watch, so the days are those of invoices that are to be paid in cash.",
        source="Cox, Journal of the Royal Statistical Society B 34 (1972) 187-220; standardisation: Makuch, Journal of "
        "Chronic Diseases 35 (1982) 437-443; robust error: Lin and Wei, Journal of the American Statistical "
        "Association 84 (1989) 1074-1078.",
        better="lower",
    ),
)
