"""Page 2: do the books tie, how did the balance move, and what moved DSO and overdue?"""

from __future__ import annotations

from analysis.reporting import blocks
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import changes
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY


def page(collected: Collected) -> dict[str, object]:
    """The ledger ties to the books and what moved it; one line where there is nothing to tie or to roll forward."""
    unavailable = collected.unavailable
    if unavailable.get("roll_forward", {}).get("reason") == OPEN_ITEMS_ONLY and "reconciliation" in unavailable:
        return {"kicker": "The books", "title": "Do the books tie?", "unavailable": OPEN_ITEMS_ONLY}
    return {
        "kicker": "The books",
        "title": collected.sentences["roll_forward_told"]["text"].removesuffix("."),
        "blocks": [
            blocks.lead(collected, "tie_told", "checks_told", "kept_cash_told"),
            blocks.figure(collected, "roll_forward"),
            blocks.table(collected, "reconciliation", cents=True),
            *changes.blocks_of(collected),
        ],
    }


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: the roll-forward of thirteen months, and every effect."""
    months = [blocks.table(collected, "roll_forward_months")] if "roll_forward_months" in collected.tables else []
    return [*months, *changes.detail(collected)]
