"""What stays behind of a run that failed: enough to act on, nothing out of the books."""

from __future__ import annotations

from typing import Any

from analysis.faults import Fault, RunFault

# Reason and sentence by exit code (design.md), for faults that bring no public message of their own:
# what they say in full may quote a row and belongs to the person who started the run, not to a file.
_BY_EXIT_CODE = {
    2: ("usage", "a parameter or the company's configuration is wrong"),
    3: ("data_rejected", "the data were rejected"),
    4: ("invariant", "figures that must agree do not"),
    5: ("stage_failed", "the stage failed"),
    6: ("differs", "the report is not what was published"),
    75: ("busy", "another run holds the period"),
}


def fault_of(error: BaseException, *, stage: str) -> Fault:
    """``error`` as a fault: itself if it is one, else a RunFault that names the stage, in one line."""
    fault = getattr(error, "fault", error)
    if isinstance(fault, Fault):
        return fault
    text = " ".join(str(error).split())
    return RunFault(f"{stage}: {type(error).__name__}" + (f": {text}" if text else ""))


def public_message(fault: Fault) -> str:
    """What may be told of ``fault`` in a file or a log that others read: nothing out of the books."""
    _, sentence = _BY_EXIT_CODE.get(fault.exit_code, ("failed", "the run failed"))
    return str(getattr(fault, "public", f"{sentence}; the run's own output says more"))


def status_of(fault: Fault, *, run_id: str, as_of: str, stage: str) -> dict[str, Any]:
    """The content of ``status.json``: stage, notebook and cell where there is one, reason, message, exit code."""
    reason, _ = _BY_EXIT_CODE.get(fault.exit_code, ("failed", "the run failed"))
    return {
        "run_id": run_id,
        "as_of": as_of,
        "stage": stage,
        "notebook": getattr(fault, "notebook", None),
        "cell": getattr(fault, "cell", None),
        "reason": getattr(fault, "reason", reason),
        "message": public_message(fault),
        "exit_code": fault.exit_code,
    }
