"""The parts of docs/ledger.md that repeat what the code says: tables, keys and rules.

``python tests/books/contract_pages.py`` writes them anew; a test holds the page against them.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from analysis.ledger import company as keys
from analysis.ledger import policy, provisioning, publishing, targets
from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES
from analysis.ledger.rules import rules_for

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ledger.md"
_PARTS = {
    "company": keys.About,
    "format": keys.Format,
    "policy": policy.Policy,
    "targets": targets.Targets,
    "report": publishing.Publishing,
    "rates": keys.Rate,
    "scenarios": provisioning.Scenario,
    "overlays": provisioning.Overlay,
    "specific_allowances": provisioning.SpecificAllowance,
    "tables.<table>": keys.Source,
    "tables.<table>.totals_row": keys.TotalsRow,
}
# Rules that every column of a kind has.
_OF_EACH_COLUMN = [
    "unreadable",
    "missing",
    "implausible",
    "mixed",
    "after_extract",
    "control_signs",
    "spreadsheet_error",
    "written_otherwise",
    "long",
    "rewritten",
    "too_precise",
]


def contract_tables() -> str:
    """Every table of the contract with its columns."""
    text = ""
    for table in TABLES.values():
        key = ", ".join(f"`{column}`" for column in table.unique)
        text += f"\n### {table.name}\n\n{table.meaning} Rows are told apart by {key}.\n\n"
        text += "| column | kind | unit | meaning |\n| --- | --- | --- | --- |\n"
        for column in table.columns:
            name = f"**{column.name}**" if column.mandatory else column.name
            choices = f" ({', '.join(column.choices)})" if column.choices else ""
            text += f"| {name} | {column.kind} | {column.unit} | {column.meaning}{choices} |\n"
    return text


def defaults() -> dict[str, str]:
    """Every key of company.toml with its default as TOML would write it; blank where it must be stated."""
    found = {}
    for part, model in _PARTS.items():
        for name, field in model.model_fields.items():
            key = f"{part}.{name}"
            if key not in _PARTS:
                found[key] = "" if field.is_required() else _toml(field.get_default(call_default_factory=True))
    return found


def _toml(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return repr(value).replace("'", '"').replace('"""', '"\'"')
        case tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case BaseModel():
            return "none"
        case _:
            return str(value)


def row_rules() -> str:
    """Every rule for rows, once for all columns and tables of which it says the same."""
    merged: dict[tuple[str, ...], dict[str, None]] = {}
    for table in TABLES.values():
        sources = {name: {"file": "x.csv", "extracted_on": "2026-10-31"} for name in ("invoices", table.name)}
        company = Company.model_validate({"company": {"name": "x", "currency": "EUR"}, "tables": sources})
        for rule in rules_for(table.name, company, mapped=table.names):
            general = rule.id
            if rule.id.removesuffix(f"_{rule.column}") in _OF_EACH_COLUMN:
                general = rule.id.removesuffix(rule.column) + "{column}"
            texts = []
            for said in (rule.message, rule.remedy):
                text = said.replace(f"tables.{table.name}", "tables.{table}").replace(
                    " and ".join(table.unique), "{key}"
                )
                texts.append(text.replace(f"labels.{rule.column}", "labels.{column}"))
            place = f"{table.name}.{rule.column}" if rule.column else table.name
            merged.setdefault((general, rule.disposition, *texts), {})[place] = None
    text = "| rule | what happens | what is said | remedy | where |\n| --- | --- | --- | --- | --- |\n"
    for (rule_id, disposition, message, remedy), places in merged.items():
        where = f"{len(places)} columns or tables" if len(places) > 4 else ", ".join(places)
        text += f"| `{rule_id}` | {disposition} | {message} | {remedy} | {where} |\n"
    return text


def facts_of_code() -> set[str]:
    """Rules that are told of files and books rather than of rows, as the code names them."""
    found: set[str] = set()
    for path in sorted((ROOT / "src" / "analysis" / "ledger").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Fact":
                value = next((k.value for k in node.keywords if k.arg == "rule"), None)
                if isinstance(value, ast.Constant) and value.value:
                    found.add(str(value.value))
                elif isinstance(value, ast.JoinedStr):
                    parts = [p.value if isinstance(p, ast.Constant) else "{...}" for p in value.values]
                    found.add("".join(map(str, parts)))
    return found


def between(text: str, name: str) -> str:
    """The generated part ``name`` of the page."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", text, flags=re.S)
    assert found is not None, name
    return found[1]


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, part in (("tables", contract_tables()), ("rules", row_rules())):
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        text = f"{before}<!-- {name} -->\n{part}<!-- end of {name} -->{rest.partition(f'<!-- end of {name} -->')[2]}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
