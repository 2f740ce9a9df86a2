"""The command that puts one customer on a page, before a call."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.arguments import AsOf, CompanyFile, KnownBy, app
from analysis.faults import UsageFault

if TYPE_CHECKING:
    from analysis.ledger.opening import Opened

_LONGEST_SLUG, _NEAREST = 60, 5


@app.command()
def customer(
    company: CompanyFile,
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="number of the customer, as in the ledger")],
    as_of: AsOf,
    known_by: KnownBy = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.pdf", help="customer-ID.pdf where absent")] = None,
    forecast: Annotated[
        Path | None,
        typer.Option(
            "--forecast", metavar="FILE.parquet", help="of a report of the same day, as REPORT/forecast.parquet"
        ),
    ] = None,
) -> None:
    """One customer on a page, before a call: balance, habits, risk, promises, and what to ask for."""
    from analysis.ledger.books import open_books
    from analysis.ledger.company import load_company
    from analysis.ledger.opening import iso_date, opened
    from analysis.run.account_page import read_forecast, write_account_page

    path = out or Path(f"customer-{slug(customer_id)}.pdf")
    if path.suffix != ".pdf":
        raise UsageFault(f"{path}: the page is written as PDF; name the file {path.stem}.pdf")
    if not path.parent.is_dir():
        raise UsageFault(f"{path.parent}: is no folder to write {path.name} into; make it first")
    settings = load_company(company)
    on = iso_date(as_of, name="--as-of")
    known = iso_date(known_by, name="--known-by") if known_by else on
    typer.echo("reading and checking the books", err=True)
    books = opened(open_books(settings), on, known_by=known)
    _require_known(books, customer_id)
    expected = read_forecast(forecast, customer_id, on=on) if forecast else None
    typer.echo("assessing all customers, then putting this one on a page", err=True)
    write_account_page(books, customer_id, path, expected=expected)
    typer.echo(f"{path}: written", err=True)


def slug(customer_id: str) -> str:
    """A customer's number as part of a file name: small letters, digits and hyphens, nothing that leads elsewhere.

    Where that is not the number itself in capitals, a part of its hash follows, so that no two customers share a file.

    >>> slug("C0317")
    'c0317'
    >>> slug("../Müller & Co")
    'muller-co-0c699946'
    """
    ascii_only = unicodedata.normalize("NFKD", customer_id).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(customer_id.encode(errors="surrogatepass")).hexdigest()[:8]
    return plain if plain and plain.upper() == customer_id else "-".join(part for part in (plain, digest) if part)


def _require_known(books: Opened, customer_id: str) -> None:
    """UsageFault for a customer that the books do not know, with the numbers that are like it."""
    customers = books.snapshot.customers.select("customer_id", "name").execute()
    known = dict(zip(customers["customer_id"], customers["name"], strict=True))
    if customer_id in known:
        return
    near = difflib.get_close_matches(customer_id, sorted(known), n=_NEAREST, cutoff=0.5)
    wanted = customer_id.casefold()
    named = sorted(id for id, name in known.items() if wanted and isinstance(name, str) and wanted in name.casefold())
    found = list(dict.fromkeys([*near, *named]))[:_NEAREST]
    told = ", ".join(f"{id} ({known[id]})" if known[id] not in (None, id) else id for id in found)
    like = f"; the nearest are {told}" if told else ""
    raise UsageFault(f"no customer {customer_id!r} in the books as of {books.snapshot.as_of}{like}")
