"""``company.toml`` as a typed, frozen configuration; an unknown key is an error."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, Field, ValidationError, field_validator, model_validator

from analysis.faults import UsageFault
from analysis.ledger.contract import TABLES
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.policy import Policy
from analysis.ledger.provisioning import Overlay, Scenario, SpecificAllowance, named_once, whole_sets
from analysis.ledger.publishing import Publishing
from analysis.ledger.strict import Strict
from analysis.ledger.targets import Targets


def _iso_4217(value: str) -> str:
    if value not in MINOR_UNITS:
        raise ValueError(f"{value!r} is no ISO 4217 code; write for example EUR")
    return value


Encoding = Literal["utf-8", "utf-16", "cp1252", "latin-1", "iso-8859-15", "cp1250", "cp1251", "cp850", "mac-roman"]
CurrencyCode = Annotated[str, AfterValidator(_iso_4217)]
# A date or time format: cells hold the number of days since 1899-12-30, as spreadsheets count them.
EXCEL_SERIAL = "excel"


class Format(Strict):
    """How the files of a company write numbers, dates and text.

    ``date`` is a strftime pattern (``%d.%m.%Y``), or ``excel`` for the serial numbers of a spreadsheet; Excel
    and Parquet cells that are dates need none. ``timezone`` is where a moment in time (``%z``) becomes a day.
    """

    date: str = "%Y-%m-%d"
    timestamp: str = "%Y-%m-%d %H:%M:%S"
    timezone: str = "UTC"
    decimal: Literal[".", ","] = "."
    grouping: Literal["", ",", ".", "'", " "] = ""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: Encoding = "utf-8"

    @field_validator("date", "timestamp")
    @classmethod
    def _names_a_day(cls, value: str) -> str:
        named = any(year in value for year in ("%Y", "%y")) and "%d" in value
        if not (named and any(month in value for month in ("%m", "%b", "%B"))) and value != EXCEL_SERIAL:
            raise ValueError("needs a year (%Y), a month (%m, %b or %B) and a day (%d)")
        return value

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone; write for example Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _marks_differ(self) -> Format:
        if self.grouping == self.decimal:
            raise ValueError(f"decimal and grouping are both {self.decimal!r}")
        return self


class TotalsRow(Strict):
    """How a totals row of an export is recognised; its amount is checked against the rows it sums."""

    column: str
    value: str


class Source(Strict):
    """Where one table of the contract is and how its columns are called there."""

    file: str | tuple[str, ...] = Field(description="file, files or folder below the company's root")
    sheet: str | None = Field(default=None, description="sheet of an Excel file; needed where there are several")
    table: str | None = Field(default=None, description="table of a DuckDB file")
    format: dict[str, str] = Field(default_factory=dict, description="where this table differs from [format]")
    columns: dict[str, str] = Field(default_factory=dict, description="contract column = header in the export")
    constants: dict[str, str] = Field(default_factory=dict, description="contract column = value of every row")
    labels: dict[str, dict[str, str]] = Field(default_factory=dict, description="contract column: export = contract")
    repeated: bool = Field(default=False, description="rows repeat (customer on each invoice): take the commonest")
    totals_row: TotalsRow | None = None
    allow_empty: bool = False
    extracted_on: date | None = Field(default=None, description="day of the export; later bookings are impossible")


class Rate(Strict):
    """An exchange rate stated in the configuration, with its source."""

    currency: CurrencyCode
    on: date
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    source: str


class About(Strict):
    """The company whose books these are."""

    name: str
    currency: CurrencyCode
    root: str = Field(default=".", description="folder below which all files must lie, relative to company.toml")
    observed_from: date | None = Field(
        default=None, description="day with whose open items the books begin; what was settled by it is not in them"
    )


class Company(Strict):
    """A company: who it is, where its books are, how they are written, and its policy."""

    company: About
    tables: dict[str, Source]
    format: Format = Format()
    policy: Policy = Policy()
    targets: Targets = Targets()
    report: Publishing = Publishing()
    rates: tuple[Rate, ...] = ()
    scenarios: Annotated[tuple[Scenario, ...], AfterValidator(whole_sets)] = ()
    overlays: tuple[Overlay, ...] = ()
    specific_allowances: Annotated[tuple[SpecificAllowance, ...], AfterValidator(named_once)] = ()
    path: Path = Field(default=Path("company.toml"), exclude=True)

    @property
    def name(self) -> str:
        return self.company.name

    @property
    def currency(self) -> str:
        return self.company.currency

    @property
    def root(self) -> Path:
        """Folder below which all input lies."""
        return (self.path.parent / self.company.root).resolve()

    def format_of(self, table: str) -> Format:
        """The notation of one table: its own where it states one, else the company's."""
        return Format.model_validate({**self.format.model_dump(), **self.tables[table].format})

    @model_validator(mode="after")
    def _names_are_of_the_contract(self) -> Company:
        if "invoices" not in self.tables:
            raise ValueError("tables: invoices is missing; without it there are no receivables to report")
        for name, source in self.tables.items():
            _known(name, tuple(TABLES), where="tables")
            for part in ("columns", "constants", "labels"):
                for column in getattr(source, part):
                    _known(column, TABLES[name].names, where=f"tables.{name}.{part}")
            for key in source.format:
                _known(key, tuple(Format.model_fields), where=f"tables.{name}.format")
            self.format_of(name)
        return self


def load_company(path: Path | str) -> Company:
    """The configuration in ``path``.

    Raises UsageFault, naming the key and the nearest valid one, where the file cannot be read,
    is no TOML, or holds a key or value that is not understood.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise UsageFault(f"{path}: cannot be read ({error.strerror}); is the path right?") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageFault(f"{path}: is not valid TOML: {error}") from None
    if "path" in content:
        raise UsageFault(f"{path}: unknown key 'path' at the top")
    try:
        return Company.model_validate({**content, "path": path.resolve()})
    except ValidationError as error:
        faults = "\n".join(f"  {_told(fault)}" for fault in error.errors())
        raise UsageFault(f"{path}: {error.error_count()} thing(s) to mend\n{faults}") from None


def _told(fault: Any) -> str:
    """One fault of pydantic in a sentence that names the key and, for an unknown one, its neighbour."""
    where = ".".join(str(part) for part in fault["loc"]) or "company.toml"
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown key{_nearest(str(fault['loc'][-1]), _keys_at(fault['loc'][:-1]))}"
    if fault["type"] == "missing":
        return f"{where}: is missing"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"


def _known(name: str, valid: tuple[str, ...], *, where: str) -> None:
    if name not in valid:
        raise ValueError(f"{where}: unknown name {name!r}{_nearest(name, valid)}")


def _nearest(name: str, valid: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; valid are {', '.join(valid)}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, tuple, dict, Annotated):
        for part in get_args(annotation):
            yield from _models(part)


def _keys_at(location: tuple[Any, ...]) -> tuple[str, ...]:
    """Valid keys of the part of the configuration at ``location``."""
    model: type[BaseModel] = Company
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = next(_models(field.annotation), model)
    return tuple(name for name in model.model_fields if name != "path")
