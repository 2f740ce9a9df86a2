"""What is published, that nothing else is touched, and that verify finds every change."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.faults import BusyFault, DataFault, InvariantFault, RunFault, UsageFault
from analysis.run import verify
from analysis.run.publication import ReportsFolder


def _told(report):
    return [str(difference) for difference in verify(report)]


def _made_writable(path: Path) -> Path:
    path.chmod(0o640)
    return path


def test_a_run_publishes_all_of_it_and_says_what_it_is(workshop):
    steps = [
        workshop.notebook("1_ledger", declares="top: int = 3\n"),
        workshop.notebook("9_report", needs=("1_ledger",)),
    ]
    published = workshop.run(*steps, parameters={"top": 5}, known_by="2026-11-05")
    report = workshop.reports / "2026-10-31"
    assert published.report == report
    assert str(report.readlink()) == f"runs/{published.run_id}"
    found = {str(p.relative_to(report.resolve())) for p in report.resolve().rglob("*") if p.is_file()}
    assert found == {
        "credit-risk-report.pdf",
        "findings.json",
        "log.jsonl",
        "manifest.json",
        "notebooks/1_ledger.ipynb",
        "notebooks/9_report.ipynb",
        "tables/ageing.csv",
    }
    assert json.loads((report / "findings.json").read_text()) == ["1_ledger.findings.json", "9_report.findings.json"]
    manifest = json.loads((report / "manifest.json").read_text())
    assert set(manifest["outputs"]) == found - {"manifest.json"}
    for name, entry in manifest["outputs"].items():
        content = (report / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    assert (manifest["run_id"], manifest["as_of"], manifest["known_by"]) == (
        published.run_id,
        "2026-10-31",
        "2026-11-05",
    )
    assert manifest["company"] == {
        "file": "company.toml",
        "sha256": hashlib.sha256(b'company.name = "Acme"\n').hexdigest(),
    }
    assert manifest["inputs"] == [{"file": "invoices.csv", "sha256": "ab" * 32}]
    assert manifest["prepared"] == {"rows": 3}
    assert manifest["parameters"] == {"top": "5"}
    assert manifest["previous"] is None
    assert manifest["libraries"]["papermill"]
    assert manifest["libraries"]["python"] == sys.version.split()[0]
    assert manifest["started"] <= manifest["ended"]
    assert verify(report) == verify(published.folder) == []


def test_only_owner_and_group_may_read_a_report(workshop):
    published = workshop.run(workshop.notebook("1_ledger"))
    for path in [published.folder, *published.folder.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o750 if path.is_dir() else 0o640), path
    for path in workshop.reports.iterdir():
        if not path.is_symlink():
            assert path.stat().st_mode & 0o007 == 0, path


def test_scratch_is_private_while_the_run_works(workshop):
    modes = []

    def prepare(scratch):
        modes.append(scratch.stat().st_mode & 0o777)
        assert scratch.stat().st_dev == workshop.reports.stat().st_dev
        return workshop.prepare(scratch)

    workshop.run(prepare=prepare)
    assert modes == [0o700]


def test_equal_runs_leave_equal_outputs_under_a_new_id(workshop):
    step = workshop.notebook("1_ledger", "sorted({'b', 'a', 'c'}), list({'b', 'a', 'c'})")
    first, second = workshop.run(step), workshop.run(step)
    assert second.run_id.rpartition("-") == (first.run_id.rpartition("-")[0], "-", "2")
    one, two = (workshop.contents(run.folder) for run in (first, second))
    assert one.keys() == two.keys()
    for name in one.keys() - {"manifest.json", "log.jsonl"}:
        assert one[name].replace(first.run_id.encode(), second.run_id.encode()) == two[name], name
    assert (workshop.reports / "2026-10-31").resolve() == second.folder
    assert verify(first.folder) == verify(second.folder) == []


def test_another_input_another_configuration_another_code_give_another_id(workshop):
    def prepare(scratch):
        return {"inputs": [{"sha256": "cd" * 32}]}

    ids = [workshop.run().run_id, workshop.run(prepare=prepare).run_id, workshop.run(known_by="2026-11-02").run_id]
    workshop.company.write_text('company.name = "Acme Ltd"\n', encoding="utf-8")
    ids.append(workshop.run().run_id)
    step = workshop.notebook("1_ledger", declares="top: int = 1\n")
    ids += [workshop.run(step).run_id, workshop.run(step, parameters={"top": 2}).run_id]
    assert len({run_id.rpartition("-")[0] for run_id in ids}) == 6
    assert {run_id.rpartition("-")[2] for run_id in ids} == {"1"}


@pytest.mark.parametrize(
    ("stage", "raised", "fault", "code"),
    [
        ("finish", InvariantFault("INV3: 100.00 is not 100.01"), InvariantFault, 4),
        ("prepare", DataFault("invoices.csv, row 7: no due date"), DataFault, 3),
        ("finish", RunFault("typst: out of memory"), RunFault, 5),
        ("finish", ZeroDivisionError("a bug"), RunFault, 5),
        ("prepare", OSError(28, "No space left on device"), RunFault, 5),
        ("finish", SystemExit(0), RunFault, 5),
    ],
)
def test_a_stage_that_fails_publishes_nothing(workshop, stage, raised, fault, code):
    workshop.earlier()

    def fails(scratch):
        (scratch / "publish" / "findings.json").write_text("half", encoding="utf-8")
        raise raised

    with workshop.nothing_happens(), pytest.raises(fault) as caught:
        workshop.run(**{stage: fails})
    assert caught.value.exit_code == code
    status = workshop.status()
    assert (status["stage"], status["exit_code"]) == ({"finish": "report"}.get(stage, stage), code)
    assert not any(value in status["message"] for value in ("100.0", "row 7"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda publish: None,
        lambda publish: (publish / "manifest.json").write_text("mine"),
        lambda publish: (publish / "notebooks").mkdir(),
        lambda publish: (publish / "passwd").symlink_to("/etc/passwd"),
        lambda publish: os.mkfifo(publish / "pipe"),
    ],
    ids=["nothing", "a manifest", "notebooks", "a link", "a pipe"],
)
def test_what_cannot_be_published_is_not(workshop, spoil):
    workshop.earlier()
    with workshop.nothing_happens(), pytest.raises(RunFault):
        workshop.run(finish=lambda scratch: spoil(scratch / "publish"))


@pytest.mark.parametrize("summary", [{}, {"inputs": [{}]}, {"inputs": 3}, {"inputs": [], "rows": {1}}])
def test_prepare_must_say_what_went_in(workshop, summary):
    with pytest.raises(RunFault, match="does not say what went in"):
        workshop.run(prepare=lambda scratch: summary)


@pytest.mark.parametrize("period", ["2026-10", "20261031", "../etc", "2026-10-31/..", "31.10.2026", "", "2026-02-30"])
def test_a_period_is_a_date(workshop, period):
    with pytest.raises(UsageFault, match="is not a date"):
        workshop.run(period=period)
    assert not workshop.reports.exists()


def test_a_misspelt_parameter_touches_nothing(workshop):
    step = workshop.notebook("1_ledger", declares='segment: str = ""\n')
    with pytest.raises(UsageFault, match="did you mean 'segment'"):
        workshop.run(step, parameters={"segmnet": "x"})
    assert not workshop.reports.exists()


@pytest.mark.parametrize("leads_to", ["victim", "runs/../victim", "runs/2026-09-30-00000000-1", "runs"])
def test_a_link_that_is_not_ours_is_refused_and_left_alone(workshop, leads_to):
    victim = workshop.root / "reports" / "victim"
    victim.mkdir(parents=True)
    (victim / "precious.txt").write_text("precious", encoding="utf-8")
    (workshop.reports / "2026-10-31").symlink_to(leads_to)
    with workshop.nothing_happens(), pytest.raises(UsageFault, match="not made by a run"):
        workshop.run(prepare=lambda scratch: pytest.fail("worked"))


def test_what_takes_the_links_place_during_the_run_is_left_alone(workshop):
    mine = workshop.reports / "2026-10-31" / "mine.txt"

    def finish(scratch):
        workshop.finish(scratch)
        mine.parent.mkdir()
        mine.write_text("mine", encoding="utf-8")

    with pytest.raises(UsageFault, match="not made by a run"):
        workshop.run(finish=finish)
    assert mine.read_text(encoding="utf-8") == "mine"
    assert list((workshop.reports / "runs").iterdir()) == []


def test_a_folder_or_file_in_the_place_of_the_link_is_refused(workshop):
    (workshop.reports / "2026-10-31").mkdir(parents=True)
    (workshop.reports / "2026-10-31" / "mine.txt").write_text("mine", encoding="utf-8")
    with workshop.nothing_happens(), pytest.raises(UsageFault, match="not made by a run"):
        workshop.run()


@pytest.mark.parametrize("name", ["runs", ".scratch", ".locks"])
def test_a_link_in_the_place_of_our_folders_is_refused(workshop, name):
    victim = workshop.root / "victim"
    victim.mkdir()
    workshop.reports.mkdir()
    (workshop.reports / name).symlink_to(victim)
    with pytest.raises(UsageFault, match="follows no link"):
        workshop.run()
    assert list(victim.iterdir()) == []


def test_a_link_in_the_place_of_the_failed_runs_is_not_followed(workshop):
    victim = workshop.root / "victim"
    victim.mkdir()
    workshop.reports.mkdir()
    (workshop.reports / "failed").symlink_to(victim)
    with pytest.raises(UsageFault, match="follows no link"):
        workshop.run(finish=lambda scratch: None)
    assert list(victim.iterdir()) == []


def test_a_reports_folder_that_is_a_file_is_refused(workshop):
    workshop.reports.write_text("precious", encoding="utf-8")
    with pytest.raises(UsageFault, match="is not a folder"):
        workshop.run()
    assert workshop.reports.read_text(encoding="utf-8") == "precious"


def test_a_place_where_nothing_can_be_made_is_refused(workshop):
    workshop.reports = workshop.company / "reports"
    with pytest.raises(UsageFault, match="cannot be made"):
        workshop.run()


def test_a_link_in_the_place_of_the_lock_is_refused(workshop):
    folder = ReportsFolder(workshop.reports)
    victim = workshop.root / "victim"
    victim.write_text("precious", encoding="utf-8")
    (workshop.reports / ".locks" / "2026-10-31.lock").symlink_to(victim)
    with pytest.raises(UsageFault, match="cannot be used as the lock"), folder.lock("2026-10-31"):
        pass
    assert victim.read_text(encoding="utf-8") == "precious"


def test_without_symbolic_links_the_run_says_so_before_it_works(workshop, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(UsageFault, match="cannot make symbolic links"):
        workshop.run(prepare=lambda scratch: pytest.fail("worked"))


def test_a_swing_that_fails_leaves_no_run_behind(workshop, monkeypatch):
    workshop.earlier()

    def refuse(self, target):
        raise OSError(28, "No space left on device")

    with workshop.nothing_happens():
        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.raises(RunFault, match="No space left"):
            workshop.run()


def test_the_manifest_names_the_one_of_the_latest_earlier_period(workshop):
    august = workshop.run(period="2026-08-31")
    september = workshop.run(period="2026-09-30")
    workshop.run(period="2026-11-30")
    october = workshop.run()
    previous = json.loads((october.folder / "manifest.json").read_text())["previous"]
    digest = hashlib.sha256((september.folder / "manifest.json").read_bytes()).hexdigest()
    assert previous == {"as_of": "2026-09-30", "run_id": september.run_id, "sha256": digest}
    with _made_writable(september.folder / "manifest.json").open("a") as file:
        file.write(" ")
    assert _told(october.report) == [f"{september.run_id}/manifest.json: changed (manifest of 2026-09-30)"]
    assert verify(august.report) == []
    (september.folder / "manifest.json").unlink()
    assert _told(october.report) == [f"{september.run_id}/manifest.json: missing (manifest of 2026-09-30)"]


def test_verify_names_each_change(workshop):
    report = workshop.run(workshop.notebook("1_ledger")).report
    assert verify(report) == []
    pdf = _made_writable(report / "credit-risk-report.pdf")
    content = pdf.read_bytes()
    pdf.write_bytes(content[:-1] + b"Y")
    (report / "tables" / "ageing.csv").unlink()
    (report / "tables" / "extra.csv").write_text("extra", encoding="utf-8")
    (report / "findings.json").write_text("[]", encoding="utf-8")
    assert _told(report) == [
        "credit-risk-report.pdf: changed (other content of the same size)",
        "findings.json: changed (2 bytes instead of 26)",
        "tables/ageing.csv: missing",
        "tables/extra.csv: added",
    ]


def test_verify_sees_a_link_in_the_place_of_a_file(workshop):
    report = workshop.run().report
    copy = workshop.root / "copy.json"
    (report / "findings.json").rename(copy)
    (report / "findings.json").symlink_to(copy)
    assert _told(report) == ["findings.json: changed (is no regular file)"]


def test_verify_sees_any_edit_of_the_manifest(workshop):
    report = workshop.run().report
    manifest = _made_writable(report / "manifest.json")
    content = manifest.read_bytes()
    for place in range(0, len(content), 97):
        manifest.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert any(difference.path == "manifest.json" for difference in verify(report)), place
    for other in (b"", b"[]", b"{}", b"\xff"):
        manifest.write_bytes(other)
        assert _told(report) == ["manifest.json: changed (cannot be read as a manifest)"]
    manifest.unlink()
    assert _told(report) == ["manifest.json: missing (nothing can be verified without it)"]
    with pytest.raises(UsageFault):
        verify(workshop.root / "nowhere")


def test_one_run_holds_a_period_and_others_hold_theirs(workshop):
    folder = ReportsFolder(workshop.reports)
    with folder.lock("2026-10-31"), folder.lock("2026-09-30"):
        with pytest.raises(BusyFault, match=str(os.getpid())), folder.lock("2026-10-31"):
            pass
        other = (
            "import sys; from pathlib import Path; from analysis.run.publication import ReportsFolder\n"
            "with ReportsFolder(Path(sys.argv[1])).lock('2026-10-31'): pass"
        )
        held = subprocess.run([sys.executable, "-c", other, workshop.reports], capture_output=True, text=True)
        assert f"process {os.getpid()} on " in held.stderr
        assert "BusyFault" in held.stderr
    assert list((workshop.reports / ".locks").iterdir()) == []


def test_a_lock_outlives_a_forked_child_but_not_its_holder(workshop):
    # The child inherits the descriptor; neither its life nor its end may matter.
    folder = ReportsFolder(workshop.reports)
    held = (
        "import os, sys, time; from pathlib import Path; from analysis.run.publication import ReportsFolder\n"
        "lock = ReportsFolder(Path(sys.argv[1])).lock('2026-10-31').__enter__()\n"
        "child = os.fork()\n"
        "if not child: time.sleep(60)\n"
        "else: print(child, flush=True); os.kill(os.getpid(), 9)"
    )
    with subprocess.Popen([sys.executable, "-c", held, workshop.reports], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        try:
            assert holder.wait(timeout=20) == -9
            with folder.lock("2026-10-31"):
                pass
        finally:
            os.kill(child, 9)
