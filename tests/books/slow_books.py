"""The ledger once more, slowly: one account after the other, one day after the other, on paper as it were.

Written from the documents of the project and not from its code, so that it can be an oracle for it.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from small_books import Ledger

NOT_STATED = "(not stated)"
CASH = ("payment", "discount", "reversal")
Row = dict[str, Any]


@dataclass
class Bill:
    row: Row
    balance: Decimal
    days: dict[date, dict[str, Decimal]] = field(default_factory=dict)  # day -> cause -> lowered
    after: dict[date, Decimal] = field(default_factory=dict)  # day -> balance at its end


@dataclass
class Account:
    bills: dict[str, Bill] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)  # nameless payments with what is left, in order
    whole: dict[str, Decimal] = field(default_factory=dict)
    used: dict[str, list[tuple[str, Decimal]]] = field(default_factory=lambda: defaultdict(list))
    returned: set[str] = field(default_factory=set)


class SlowBooks:
    """State of the ledger at the end of ``on`` from rows known by ``known_by``, with all earlier days kept."""

    def __init__(self, ledger: Ledger, on: date, known_by: date) -> None:
        self.ledger, self.on = ledger, on
        self.tolerance = ledger.policy.settled_tolerance
        self.invoices, self.entries = self._known(known_by)
        self.accounts: dict[tuple[str, str, str], Account] = defaultdict(Account)
        self.bills: dict[str, Bill] = {}
        self.on_account: dict[date, dict[str, Decimal]] = {}  # day -> entry -> amount
        self.balances: dict[date, dict[str, Decimal]] = {}  # day -> invoice -> balance
        self._run()

    def _known(self, known_by: date) -> tuple[dict[str, Row], dict[str, Row]]:
        invoices, entries = {}, {}
        for row in self.ledger.tables["invoices"]:
            full = {"entity": None, "due_on": None, "channel": None, "disputed": None} | row
            full["currency"] = row.get("currency") or self.ledger.currency
            full["entity"] = row.get("entity") or NOT_STATED
            if row["issued_on"] > self.on or row.get("recorded_on", row["issued_on"]) > known_by:
                continue
            if row["amount"] > 0:
                invoices[row["invoice_id"]] = full
            if row["amount"] < 0:
                entries[row["invoice_id"] + ":credit"] = full | {
                    "kind": "credit_note",
                    "booked_on": row["issued_on"],
                    "invoice_id": None,
                    "amount": -row["amount"],
                }
        for row in self.ledger.tables["entries"]:
            if row["booked_on"] <= self.on and row.get("recorded_on", row["booked_on"]) <= known_by:
                of = next((i for i in self.ledger.tables["invoices"] if i["invoice_id"] == row.get("invoice_id")), {})
                entries[row["entry_id"]] = {
                    **row,
                    "invoice_id": row.get("invoice_id"),
                    "customer_id": of.get("customer_id") or row["customer_id"],
                    "currency": row.get("currency") or of.get("currency") or self.ledger.currency,
                    "entity": row.get("entity") or of.get("entity") or NOT_STATED,
                }
        return invoices, entries

    def _run(self) -> None:
        dates = [r["issued_on"] for r in self.invoices.values()] + [r["booked_on"] for r in self.entries.values()]
        today = min(dates, default=self.on)
        while today <= self.on:
            self._one_day(today)
            today += timedelta(days=1)

    def _fits(self, entry: Row) -> bool:
        invoice = self.invoices.get(entry["invoice_id"])
        return invoice is not None and invoice["currency"] == entry["currency"]

    def _one_day(self, today: date) -> None:
        for number, row in sorted(self.invoices.items()):
            if row["issued_on"] == today:
                account = self.accounts[row["customer_id"], row["currency"], row["entity"]]
                account.bills[number] = self.bills[number] = Bill(row, row["amount"])
        for entry in (e for e in self.entries.values() if self._fits(e) and e["kind"] != "recovery"):
            invoice = self.bills.get(entry["invoice_id"])
            if invoice and max(entry["booked_on"], invoice.row["issued_on"]) == today:
                self._lower(invoice, entry["kind"], entry["amount"], today)
        if self.ledger.policy.unapplied_cash == "exact_then_oldest":
            nameless = sorted(n for n, e in self.entries.items() if e["booked_on"] == today and _is_nameless_cash(e))
            for number in nameless:
                if self.entries[number]["amount"] > 0:
                    account = self._account_of(self.entries[number])
                    account.cash[number] = account.whole[number] = self.entries[number]["amount"]
            for number in nameless:
                if self.entries[number]["amount"] < 0:
                    self._return(number, self.entries[number], today)
            for account in self.accounts.values():
                self._match(account, today)
        self.balances[today] = {n: bill.balance for n, bill in self.bills.items()}
        self.on_account[today] = {
            n: left for n, e in self.entries.items() if e["booked_on"] <= today and (left := self._waiting(n, e, today))
        }

    def _match(self, account: Account, today: date) -> None:
        """Cash in order of arrival: first to invoices of its very amount, then whatever is left to the oldest."""
        for exact in (True, False):
            for cash in account.cash:
                for number in sorted(account.bills, key=lambda n: (account.bills[n].row["issued_on"], n)):
                    owed, left = account.bills[number].balance, account.cash[cash]
                    if owed > 0 and left > 0 and (owed == left or not exact):
                        part = min(owed, left)
                        account.cash[cash] -= part
                        account.used[cash].append((number, part))
                        self._lower(account.bills[number], "payment", part, today)

    def _return(self, number: str, entry: Row, today: date) -> None:
        account = self._account_of(entry)
        same = [n for n, whole in account.whole.items() if whole == -entry["amount"] and n not in account.returned]
        if not same:
            return
        account.returned.add(same[-1])
        account.cash[same[-1]] = Decimal(0)
        for invoice, part in account.used[same[-1]]:
            account.used[number].append((invoice, -part))
            self._lower(account.bills[invoice], "reversal", -part, today)

    def _account_of(self, entry: Row) -> Account:
        return self.accounts[entry["customer_id"], entry["currency"], entry["entity"]]

    def _waiting(self, number: str, entry: Row, today: date) -> Decimal:
        if entry["kind"] == "recovery":
            return Decimal(0)
        if self._fits(entry):
            return entry["amount"] if self.invoices[entry["invoice_id"]]["issued_on"] > today else Decimal(0)
        account = self._account_of(entry)
        return entry["amount"] - sum(part for _, part in account.used[number])

    def _lower(self, bill: Bill, kind: str, amount: Decimal, today: date) -> None:
        cause = "cash" if kind in CASH else {"credit_note": "credited", "write_off": "written_off"}[kind]
        causes = bill.days.setdefault(today, {"cash": Decimal(0), "credited": Decimal(0), "written_off": Decimal(0)})
        causes[cause] += amount
        bill.balance -= amount
        bill.after[today] = bill.balance

    # what it all comes to

    def outcome(self, number: str) -> tuple[str, date | None]:
        """How the invoice stands and since when it is settled."""
        bill = self.bills[number]
        if not bill.after or bill.balance > self.tolerance:
            return "open", None
        settled, was_open = None, True
        for today in sorted(bill.after):
            is_open = bill.after[today] > self.tolerance
            if was_open and not is_open:
                settled = today
            was_open = is_open
        causes = bill.days[settled]
        largest = max(causes.values())
        named = {"cash": "paid", "credited": "credited", "written_off": "written_off"}
        return next(named[c] for c in ("cash", "credited", "written_off") if causes[c] == largest), settled

    def month_ends(self) -> list[date]:
        ends = [d for d in self.balances if d.day == calendar.monthrange(d.year, d.month)[1]]
        return sorted({*ends, self.on})

    def bucket(self, number: str, today: date) -> str:
        due = self.bills[number].row["due_on"]
        return "no due date" if due is None else age_bucket((today - due).days)


def _is_nameless_cash(entry: Row) -> bool:
    return entry["invoice_id"] is None and entry["kind"] in ("payment", "reversal")


def age_bucket(late: int) -> str:
    if late <= 0:
        return "not due"
    for low, high in ((1, 30), (31, 60), (61, 90), (91, 120)):
        if late <= high:
            return f"{low}-{high}"
    return "over 120"
