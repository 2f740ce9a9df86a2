"""A retry changes nothing: made of the same, a period is left as it is, and made again where anything is another."""

from __future__ import annotations

import json

import pytest

from analysis.run import attempt, standing, verify
from analysis.run.origin import LAST_REPORT, PRINTED_FORECAST


@pytest.fixture(autouse=True)
def _code_that_stays(monkeypatch):
    # somebody may edit the package while the tests run
    monkeypatch.setattr(attempt, "code_version", lambda notebooks: dict(notebooks))


def test_a_retry_of_the_same_makes_nothing_and_says_so(workshop):
    step = workshop.notebook("1_ledger")
    first = workshop.run(step)
    before = workshop.contents()
    again = workshop.run(step, anew=False, finish=lambda scratch: pytest.fail("worked"))
    assert (first.made, again.made) == (True, False)
    assert (again.run_id, again.folder, again.report) == (first.run_id, first.folder, first.report)
    assert again.manifest_sha256 == first.manifest_sha256
    assert workshop.contents() == before
    assert not (workshop.reports / "failed").exists()


def test_what_is_another_is_made(workshop, monkeypatch):
    ids = [workshop.run().run_id]
    other = {"inputs": [{"sha256": "cd" * 32}]}
    ids.append(workshop.run(anew=False, prepare=lambda scratch: dict(other)).run_id)
    ids.append(workshop.run(anew=False, known_by="2026-11-02").run_id)
    workshop.company.write_text('company.name = "Acme Ltd"\n', encoding="utf-8")
    ids.append(workshop.run(anew=False).run_id)
    assert len(set(ids)) == 4
    assert workshop.run(anew=False).made is False
    # a library may change numbers, though neither books nor code did
    monkeypatch.setattr(standing, "library_versions", lambda: {"pandas": "0.1"})
    raised = workshop.run(anew=False)
    assert (raised.made, raised.run_id) == (True, ids[-1].removesuffix("-1") + "-2")


@pytest.mark.parametrize("spoil", ["edited", "gone", "added"])
def test_a_report_that_somebody_touched_is_made_again(workshop, spoil):
    first = workshop.run()
    table = first.folder / "tables" / "ageing.csv"
    if spoil == "edited":
        table.write_text("bucket,amount\n0,1\n", encoding="utf-8")
    elif spoil == "gone":
        table.unlink()
    else:
        (first.folder / "more.csv").write_text("more", encoding="utf-8")
    again = workshop.run(anew=False)
    assert again.made
    assert verify(again.report) == []


def test_a_backfill_leaves_a_report_of_the_same_books_though_it_was_made_with_earlier_reports(workshop):
    books, of_reports = {"table": "invoices", "sha256": "ab" * 32}, [PRINTED_FORECAST, LAST_REPORT]
    printed = [{"table": table, "name": table, "sha256": "ef" * 32} for table in of_reports]
    first = workshop.run(prepare=lambda scratch: {"inputs": [books, *printed]})
    assert not workshop.run(anew=False, prepare=lambda scratch: {"inputs": [books]}, backfilled=True).made
    ordinary = workshop.run(anew=False, prepare=lambda scratch: {"inputs": [books]})
    assert ordinary.made
    assert ordinary.run_id != first.run_id
    assert json.loads((first.folder / "manifest.json").read_text())["backfilled"] is False


def test_alarms_are_handed_on_and_stay_in_the_manifest(workshop):
    alarm = {"rule": "fewer_rows", "message": "holds 3 rows, 5 at the report of 2026-09-30"}
    done = workshop.run(prepare=lambda scratch: {"inputs": [], "alarms": [alarm]})
    assert done.alarms == (alarm,)
    assert json.loads((done.folder / "manifest.json").read_text())["prepared"]["alarms"] == [alarm]


def test_one_folder_holds_the_reports_of_one_company(workshop):
    workshop.run(name="Acme", period="2026-09-30")
    with workshop.nothing_happens(), pytest.raises(attempt.UsageFault, match="holds the reports of 'Acme'"):
        workshop.run(name="Bolt")
    assert workshop.run(name="Acme").made


def test_the_log_of_a_run_tells_steps_and_cells_and_no_value_of_the_books(workshop):
    done = workshop.run(workshop.notebook("1_ledger", "1"))
    events = [json.loads(line) for line in (done.folder / "log.jsonl").read_text().splitlines()]
    assert [(event["event"], event.get("step")) for event in events if event["event"] != "cell"] == [
        ("run", None),
        ("begins", "prepare"),
        ("inputs", None),
        ("ends", "prepare"),
        ("begins", "1_ledger"),
        ("ends", "1_ledger"),
        ("begins", "report"),
        ("ends", "report"),
        ("begins", "publish"),
        ("assembled", None),
    ]
    assert [event["cell"] for event in events if event["event"] == "cell"] == [1, 2, 2, 3, 4]
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    with pytest.raises(attempt.RunFault):
        workshop.run(workshop.notebook("1_ledger", 'raise ValueError("Acme owes 12.34")'))
    log = workshop.status()["log"]
    assert log[-1]["message"] == "1_ledger, cell 3: ValueError"
    assert "Acme" not in json.dumps(log)
