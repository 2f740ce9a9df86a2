"""What editions need is taken in once, at the start of a run, and said where it is missing."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from analysis.faults import UsageFault
from analysis.ledger.company import About, Company, Source
from analysis.ledger.publishing import Publishing
from analysis.reporting.pseudonyms import KEY_FILE_VARIABLE, KEY_VARIABLE
from analysis.run.editions import EARLIER, NO_SHARED, logo_taken_in, take_in
from analysis.run.publication import ReportsFolder

ON = date(2026, 10, 31)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@pytest.fixture(autouse=True)
def without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (KEY_VARIABLE, KEY_FILE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)


def company(folder: Path, **report: object) -> Company:
    return Company(
        company=About(name="Acme", currency="EUR"),
        tables={"invoices": Source(file="i.csv")},
        report=Publishing(**{"editions": ("management", "shared"), **report}),
        path=folder / "company.toml",
    )


def test_a_shared_edition_without_a_key_is_an_alarm(tmp_path: Path) -> None:
    inputs, alarms = take_in(company(tmp_path), tmp_path, reports=None, as_of=ON)
    assert inputs == []
    assert [alarm["rule"] for alarm in alarms] == [NO_SHARED]
    assert "no key" in alarms[0]["message"]
    assert take_in(company(tmp_path, editions=("management",)), tmp_path, reports=None, as_of=ON) == ([], [])


def test_the_logo_is_kept_as_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    (tmp_path / "mark.svg").write_bytes(SVG)
    settings = company(tmp_path, logo="mark.svg", editions=("management",))
    inputs, _ = take_in(settings, tmp_path / "prepared", reports=None, as_of=ON)
    (tmp_path / "mark.svg").write_bytes(b"changed while the notebooks ran")
    kept = logo_taken_in(tmp_path)
    assert kept is not None
    assert kept.content == SVG
    assert [one["sha256"] for one in inputs] == [hashlib.sha256(SVG).hexdigest()]


def test_last_months_shared_edition_is_taken_where_it_is_what_its_manifest_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports, prepared, secret = tmp_path / "reports", tmp_path / "prepared", "a key of sixteen bytes or more"
    for folder in (reports / "2026-09-30", prepared):
        folder.mkdir(parents=True)
    before = reports / "2026-09-30" / "findings-shared.json"
    before.write_bytes(b"{}")
    outputs = {"findings-shared.json": {"sha256": hashlib.sha256(b"{}").hexdigest()}}
    manifest = {"as_of": "2026-09-30", "outputs": outputs}
    monkeypatch.setattr(ReportsFolder, "last_manifest", lambda self, period: manifest)
    monkeypatch.setenv(KEY_VARIABLE, secret)
    inputs, alarms = take_in(company(tmp_path), prepared, reports=reports, as_of=ON)
    assert alarms == []
    assert [one["table"] for one in inputs] == ["pseudonym key", "shared edition"]
    assert secret not in str(inputs)
    assert (prepared / EARLIER).read_bytes() == b"{}"
    (prepared / EARLIER).unlink()
    before.write_bytes(b"{ }")
    take_in(company(tmp_path), prepared, reports=reports, as_of=ON)
    assert not (prepared / EARLIER).exists()


def test_an_unsound_key_ends_the_run_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(UsageFault, match="5 bytes"):
        take_in(company(tmp_path), tmp_path, reports=None, as_of=ON)
