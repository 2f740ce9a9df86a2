"""Whether there are enough invoices to show a figure."""

from __future__ import annotations

from typing import Literal

Reliability = Literal["suppressed", "flagged", "sound"]

# Coverage of a nominal 95% band for the share unpaid after 30 days, simulated: 71% with 5 invoices,
# 89% with 10, 97% with 20, 96% with 30 (the project's requirements on reliability, "Small samples").
_SUPPRESSED_BELOW = 10
_FLAGGED_BELOW = 30


def reliability_of(n_invoices: int) -> Reliability:
    """Whether so many invoices are enough to show a figure: below 10 suppressed, below 30 flagged, else sound."""
    if n_invoices < _SUPPRESSED_BELOW:
        return "suppressed"
    return "flagged" if n_invoices < _FLAGGED_BELOW else "sound"
