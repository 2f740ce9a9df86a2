"""What moved DSO and overdue from one month end to another."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_FACTORS = "sales, customer mix, terms mix, payment behaviour, disputes, currency, cash on account"
_SOURCES = (
    "Shapley, A value for n-person games (1953); Shorrocks, Decomposition procedures for distributional analysis, "
    "Journal of Economic Inequality 11 (2013); the choice of factors is this project's."
)
_FACTORS_TRAP = (
    "It says what the figures moved with, not why: customers pay later when they are invoiced late or served badly, "
    "too. Kinds of customers are the segments of the report; a shift to slower customers within one shows as behaviour."
)
_BEHAVIOUR_TRAP = (
    "What enters dispute leaves this effect and enters that of disputes. Days before a holiday look like later "
    "payment. The interval stands for other customers of the same kind and not for what moves all at once; with a "
    "few large customers it is wide, and below ten there is none."
)

CHANGES: tuple[Definition, ...] = (
    Definition(
        id="dso_effect",
        name="What moved DSO",
        formula="mean, over all orders in which the factors can change, of what the count-back DSO changes by when "
        f"this one goes from its earlier to its present value; factors: {_FACTORS}; all effects add up to the change "
        "of DSO",
        unit="days",
        reading="Days of sales by which DSO is higher or lower because of this factor alone. Sales and mix are the "
        "business sold; behaviour and disputes are what collection can win back.",
        trap=_FACTORS_TRAP,
        source=_SOURCES,
    ),
    Definition(
        id="overdue_effect",
        name="What moved overdue",
        formula="mean, over all orders in which the factors can change, of what the overdue amount changes by when "
        f"this one goes from its earlier to its present value; factors: {_FACTORS}; all effects add up to the change "
        "of overdue",
        unit="currency",
        reading="Amount by which overdue is higher or lower because of this factor alone. More sales that have fallen "
        "due raise it with no change in how anybody pays.",
        trap=_FACTORS_TRAP,
        source=_SOURCES,
    ),
    Definition(
        id="dso_behaviour_effect",
        name="DSO moved by payment behaviour",
        formula="the effect on DSO of the shares still open, out of dispute, of what customers of a kind bought on "
        "given terms, by weeks past due",
        unit="days",
        reading="Days of sales by which customers pay later (plus) or sooner (minus) after their due dates than they "
        "did, with sales, customers and terms held. An interval across zero is no clear change.",
        trap=_BEHAVIOUR_TRAP,
        source=_SOURCES,
        better="lower",
    ),
    Definition(
        id="overdue_behaviour_effect",
        name="Overdue moved by payment behaviour",
        formula="the effect on the overdue amount of the shares still open, out of dispute, of what customers of a "
        "kind bought on given terms, by weeks past due",
        unit="currency",
        reading="Money that is overdue (plus) or no longer overdue (minus) because customers pay otherwise than they "
        "did, with sales, customers and terms held. An interval across zero is no clear change.",
        trap=_BEHAVIOUR_TRAP,
        source=_SOURCES,
        better="lower",
    ),
)
