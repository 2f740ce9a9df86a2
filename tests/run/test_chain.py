"""Manifests hang together from month to month; old runs can be emptied without breaking the chain."""

from __future__ import annotations

import json
from datetime import date

import pytest

from analysis.faults import UsageFault, VerifyFault
from analysis.run import attempt, verify
from analysis.run.manifest import sealed
from analysis.run.purge import purge
from analysis.run.rerun import rerun
from analysis.run.verification import purge_of

MONTHS = ("2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31")


@pytest.fixture(autouse=True)
def _code_that_stays(monkeypatch):
    # somebody may edit the package while the tests run
    monkeypatch.setattr(attempt, "code_version", lambda notebooks: dict(notebooks))


def _told(report):
    return [str(difference) for difference in verify(report)]


def _forge(run) -> None:
    """Changes a manifest and seals it again, as somebody would who knows how."""
    path = run.folder / "manifest.json"
    content = {name: value for name, value in json.loads(path.read_bytes()).items() if name != "seal"}
    path.write_bytes(sealed({**content, "parameters": {"rate": "0.5"}}))


def test_a_manifest_that_was_forged_is_found_from_every_later_month_and_from_its_own(workshop):
    runs = {period: workshop.run(period=period) for period in MONTHS}
    assert [_told(run.report) for run in runs.values()] == [[]] * 4
    _forge(runs["2026-07-31"])
    july, august = runs["2026-07-31"].run_id, runs["2026-08-31"].run_id
    for period in MONTHS[1:]:
        assert _told(runs[period].report) == [f"{july}/manifest.json: changed (manifest of 2026-07-31)"], period
    assert _told(runs["2026-07-31"].report) == [f"manifest.json: changed (is not the one that {august} followed)"]


def test_a_month_that_was_taken_out_is_missed_by_every_later_one(workshop):
    runs = {period: workshop.run(period=period) for period in MONTHS[:3]}
    (runs["2026-07-31"].folder / "manifest.json").unlink()
    told = f"{runs['2026-07-31'].run_id}/manifest.json: missing (manifest of 2026-07-31)"
    assert _told(runs["2026-09-30"].report) == [told]


def test_a_chain_that_leads_in_a_circle_or_out_of_the_folder_ends(workshop):
    run = workshop.run()
    path = run.folder / "manifest.json"
    content = {name: value for name, value in json.loads(path.read_bytes()).items() if name != "seal"}
    for leads_to in (run.run_id, "../../victim"):
        path.write_bytes(sealed({**content, "previous": {"as_of": "x", "run_id": leads_to, "sha256": "0"}}))
        assert any(difference.kind in ("changed", "missing") for difference in verify(run.report))


def test_a_purge_leaves_the_manifests_of_old_runs_and_verify_says_so(workshop):
    runs = {period: workshop.run(period=period) for period in MONTHS}
    again = workshop.run(period="2026-07-31")
    manifest = (runs["2026-07-31"].folder / "manifest.json").read_bytes()
    done = purge(workshop.reports, older_than_months=2, today=date(2026, 10, 31))
    # 31 August is two whole months ago, 30 September is not; the replaced run of July goes as well
    assert [one.run_id for one in done] == sorted([runs["2026-07-31"].run_id, again.run_id, runs["2026-08-31"].run_id])
    assert [path.name for path in runs["2026-07-31"].folder.rglob("*")] == ["manifest.json"]
    assert (runs["2026-07-31"].folder / "manifest.json").read_bytes() == manifest
    assert [_told(run.report) for run in runs.values()] == [[]] * 4
    assert [purge_of(run.report) is not None for run in runs.values()] == [True, True, False, False]
    assert purge(workshop.reports, older_than_months=2, today=date(2026, 10, 31)) == []
    later = purge(workshop.reports, older_than_months=1, today=date(2026, 10, 31))
    assert [one.as_of for one in later] == ["2026-09-30"]
    with pytest.raises(VerifyFault, match="was purged on 2026-10-31"):
        rerun(runs["2026-09-30"].report, lambda reports, run_id: pytest.fail("worked"))


def test_a_purged_period_is_made_again_when_it_is_asked_for(workshop):
    first = workshop.run(period="2026-07-31")
    purge(workshop.reports, older_than_months=1, today=date(2026, 10, 31))
    again = workshop.run(period="2026-07-31", anew=False)
    assert again.made
    assert again.run_id != first.run_id
    assert verify(again.report) == []


def test_a_purge_that_was_cut_off_is_seen_and_finished(workshop):
    run = workshop.run(period="2026-07-31")
    purge(workshop.reports, older_than_months=1, today=date(2026, 10, 31))
    (run.folder / "findings.json").write_text("left", encoding="utf-8")
    assert _told(run.report) == ["findings.json: added (is there although purged on 2026-10-31)"]
    purge(workshop.reports, older_than_months=1, today=date(2026, 11, 1))
    assert _told(run.report) == []
    assert len((workshop.reports / "purges.jsonl").read_bytes().splitlines()) == 1


def test_the_log_of_purges_cannot_be_edited_or_cut(workshop):
    runs = [workshop.run(period=period) for period in MONTHS[:3]]
    purge(workshop.reports, older_than_months=1, today=date(2026, 10, 31))
    log = workshop.reports / "purges.jsonl"
    assert log.stat().st_mode & 0o777 == 0o640
    content = log.read_bytes()
    lines = content.splitlines(keepends=True)
    # an edit, one in the middle gone, the lines turned round
    for other in (
        content.replace(b"2026-10-31", b"2027-10-31", 1),
        lines[0] + lines[2],
        lines[1] + lines[0] + lines[2],
    ):
        log.write_bytes(other)
        assert "purges.jsonl: changed (is not as it was written)" in _told(runs[0].report)
        with pytest.raises(UsageFault, match="nothing was purged"):
            purge(workshop.reports, older_than_months=1, today=date(2026, 12, 31))
    # without its last line nobody says why the run is empty
    log.write_bytes(lines[0] + lines[1])
    assert _told(runs[0].report) == []
    assert "findings.json: missing" in _told(runs[2].report)


def test_a_run_made_again_gives_the_same_or_says_what_does_not(workshop, tmp_path):
    step = workshop.notebook("1_ledger")
    workshop.run(step)
    report = workshop.run(step).report  # the second of its kind: its id ends in 2, and findings print it
    assert report.resolve().name.endswith("-2")

    def made(**changes):
        def make(reports, run_id):
            workshop.reports, kept = reports, workshop.reports
            try:
                return workshop.run(step, run_id=run_id, **changes)
            finally:
                workshop.reports = kept

        return [str(difference) for difference in rerun(report, make)]

    before = workshop.contents()
    assert made() == []

    def finish(scratch):
        workshop.finish(scratch)
        (scratch / "publish" / "credit-risk-report.pdf").write_bytes(b"%PDF-1.7 other")
        (scratch / "publish" / "run.html").write_text("shows the folder", encoding="utf-8")
        (scratch / "publish" / "tables" / "more.csv").write_text("more", encoding="utf-8")

    again = "when the run is made again"
    assert made(finish=finish) == [f"credit-risk-report.pdf: changed ({again})", f"tables/more.csv: added ({again})"]
    told = made(finish=finish, prepare=lambda scratch: {"inputs": [{"sha256": "cd" * 32}]})
    assert told[-1] == "manifest.json: changed (inputs: not those of the run)"
    assert workshop.contents() == before
