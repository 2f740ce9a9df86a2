"""What is said of losses to come, of where the figures come from and of how past ones turned out."""

from __future__ import annotations

import math

from analysis.models.allowance import Allowance
from analysis.models.allowance_movement import Movement
from analysis.models.losses import Losses
from analysis.reporting import words


def loss_sentence(found: Losses, *, currency: str) -> str:
    """What is expected to be lost of what is owed, and how far it may be off."""
    made = found.allowance
    if not made.exposure:
        return "Nobody owes anything, so no loss is expected."
    owed = words.money(made.exposure, currency=currency)
    if not made.total:
        return f"Of {owed} owed, nothing is expected to be lost."
    text = f"Of {owed} owed, {words.money(made.expected_loss, currency=currency)} is expected to be lost"
    low, high = found.draws.interval(0.90)
    if math.isnan(low):
        return text + "."
    overlay = made.amount(made.overlay)
    spread = words.interval(max(low + overlay, 0.0), high + overlay, unit=currency)
    return f"{text}, and nine times in ten {spread}."


def method_sentence(found: Losses, *, currency: str) -> str:
    """By which method, why, and what the other would have given; what was too thin, and what comes back."""
    if not found.ever_written_off:
        months = words.plural(len(found.found.marks), "month")
        return (
            f"In {months} nothing was ever written off, so the past gives no loss rate, and flow rates are not "
            "defined; only what is open longer than anything was ever seen to stay open counts as lost."
        )
    other = words.money(found.flow_loss, currency=currency)
    own = words.money(found.allowance.amount(found.allowance.parts()["history"]), currency=currency)
    parts = [
        "Rates follow the open book of every month end to what became of it, payment, credit note and write-off "
        f"competing and open debts counting for as long as they were seen: {own} by history, where flow rates give "
        f"{other}."
    ]
    back = 1 - found.given_default.value
    parts.append(
        f"Of what is written off, {words.share(back)} comes back."
        if back > 0
        else "Nothing written off ever came back."
    )
    if thin := len(found.rates.thin):
        of = len(found.rates.cells)
        verb, lean = ("is", "leans") if thin == 1 else ("are", "lean")
        parts.append(
            f"Of {of} cells of the matrix, {words.count(thin)} {verb} thin and {lean} on the rate of the whole company."
            if len(found.found.segments) > 1
            else f"Of {of} ages, {words.count(thin)} rest{'s' if thin == 1 else ''} on few customers."
        )
    if not len(found.draws.draws):
        count = words.plural(found.draws.losers, "customer")
        parts.append(f"Only {count} ever cost anything, too few to say how far it may be off.")
    return " ".join(parts)


def forward_sentence(made: Allowance, *, currency: str) -> str:
    """What the scenarios, the named customers and the overlays add to history."""
    forward, parts = made.forward, made.parts()
    if forward.stated:
        named = [f"{s.name} {words.share(s.weight)}" for s in forward.scenarios]
        day = words.day(forward.scenarios[0].stated_on)
        text = f"Scenarios of {day} ({words.listing(named)}) {_added(made, parts['forward'], currency=currency)}."
    else:
        text = "The company states no scenario, so history is taken for the future."
    if made.specific:
        count = words.plural(len(made.specific), "customer")
        text += f" Judging {count} by name {_added(made, parts['specific'], currency=currency, one=True)}."
    if made.overlays:
        owners = words.listing(sorted({overlay.owner for overlay in made.overlays}))
        text += f" Overlays answered for by {owners} {_added(made, parts['overlay'], currency=currency)}."
    return text


def _added(made: Allowance, coins: int, *, currency: str, one: bool = False) -> str:
    """What something does to the allowance, as the verb of ``one`` thing or of several."""
    end = "s" if one else ""
    if not coins:
        return f"change{end} nothing"
    amount = words.money(abs(made.amount(coins)), currency=currency)
    return f"add{end} {amount}" if coins > 0 else f"take{end} off {amount}"


def record_sentence(found: Losses, *, currency: str) -> str:
    """Whether past provisions covered what was lost, and whether they lean to one side."""
    record = found.record
    months = len(record.vintages)
    if not months:
        return "No past provision is old enough to be judged: that takes a year of rates and a year after them."
    if not record.vintages[["provided", "lost"]].to_numpy().any():
        return f"Nothing was provided at {words.plural(months, 'past month end')}, and nothing was lost within a year."
    sums = [words.money(float(record.vintages[name].sum()), currency=currency) for name in ("provided", "lost")]
    text = (
        f"The provisions of {words.plural(months, 'month end')}, added up, were {sums[0]}, and {sums[1]} was lost of "
        f"the same debts within a year; {words.count(record.covered)} of them covered it"
    )
    if not record.judged:
        return text + "."
    bias = record.bias
    lean = "more" if bias.value >= 0 else "less"
    verdict = f"{words.share(abs(bias.value))} {lean} than was lost"
    spread = f"95%: {words.share(bias.low)} to {words.share(bias.high)}"
    clear = bias.low > 0 or bias.high < 0
    sure = "which is a lean to one side" if clear else "no clear lean to either side"
    return f"{text}. They are {verdict} ({spread}), {sure}."


def movement_sentence(moved: Movement | None, made: Allowance, *, currency: str) -> str:
    """What the losses of the month cost and how the allowance moved."""
    if moved is None:
        return ""

    def said(coins: int) -> str:
        return words.money(made.amount(abs(coins)), currency=currency)

    cost = (
        f"Credit losses cost {said(moved.charge)}"
        if moved.charge >= 0
        else f"Credit losses gave back {said(moved.charge)}"
    )
    change = moved.closing - moved.opening
    went = "stayed at" if not change else f"{'rose' if change > 0 else 'fell'} by {said(change)} to"
    gone = f"{said(moved.written_off)} was written off" if moved.written_off else "nothing was written off"
    return f"{cost} in the month: {gone}, and the allowance {went} {said(moved.closing)}."


def sales_sentence(found: Losses, *, currency: str) -> str:
    """What sales it takes to make good the loss."""
    margin = found.found.history.snapshot.company.policy.net_margin
    if margin is None:
        return ""
    if not found.allowance.total:
        return ""
    sales = words.money(found.sales_to_replace, currency=currency)
    return f"At a net margin of {words.share(margin)} it takes {sales} of sales to make that good."
