"""Who hands a finding over: the notebook, what its cell called, and the function that wrote the finding down."""

from __future__ import annotations

import sys
from types import FrameType

_PACKAGE = "analysis"
# Modules that take findings in are not their authors.
_TAKING = (__name__, "analysis.reporting.findings")
NOTEBOOK_ITSELF = "the notebook itself"


def made_by(notebook: str) -> dict[str, str]:
    """The authors of the finding that is being handed over, told from who calls.

    ``notebook``; ``written_by``: the function of this package that hands it over; ``handed_over_by``: the function
    of this package that the notebook called, from which that came about. :data:`NOTEBOOK_ITSELF` where a cell does it
    without any. Names of functions and no numbers of lines, which would change with every comment.
    """
    frame: FrameType | None = sys._getframe(1)
    called: list[str] = []
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] != _PACKAGE:
            break
        if module not in _TAKING:
            # what is written within a comprehension or an inner function counts as its function's
            called.append(f"{module}.{frame.f_code.co_qualname.partition('.<locals>')[0]}")
        frame = frame.f_back
    written, handed = (called[0], called[-1]) if called else (NOTEBOOK_ITSELF, NOTEBOOK_ITSELF)
    return {"notebook": notebook, "written_by": written, "handed_over_by": handed}
