"""Fair shares of a change among the things that changed: exact, and independent of their order."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import factorial


def shapley_weights(n_factors: int) -> tuple[Fraction, ...]:
    """Weight of a step taken when 0, 1, ... of the other factors have changed: ``k! (n - 1 - k)! / n!``.

    It is the share of all orders of the factors in which just those k come before the step.

    >>> [str(weight) for weight in shapley_weights(3)]
    ['1/3', '1/6', '1/3']
    """
    n = n_factors
    return tuple(Fraction(factorial(k) * factorial(n - 1 - k), factorial(n)) for k in range(n))


def shapley_effects(values: Sequence[float], *, n_factors: int) -> list[float]:
    """What each factor did to a figure: its step averaged over all orders in which the factors may change.

    ``values[s]`` is the figure with factor i as it is now where bit i of ``s`` is set, and as it was before where it
    is not; so the first value is the figure before and the last the figure now. The effects add up to the last value
    less the first, a factor that makes no difference has an effect of 0, and factors that do the same have the same
    effect. Sums are made of fractions, so that these laws hold to the last digit of each effect.
    ValueError where the values are not ``2 ** n_factors`` or one is not finite (OverflowError for infinity).

    Sources: L. S. Shapley, A value for n-person games (1953); for changes of a figure A. F. Shorrocks, Decomposition
    procedures for distributional analysis, Journal of Economic Inequality 11 (2013).

    >>> shapley_effects([2 * 3, 5 * 3, 2 * 4, 5 * 4], n_factors=2)  # 2 x 3 became 5 x 4
    [10.5, 3.5]
    """
    if len(values) != 2**n_factors:
        raise ValueError(f"{n_factors} factors have {2**n_factors} values, got {len(values)}")
    exact = [Fraction(value) for value in values]
    weights = shapley_weights(n_factors)
    effects = []
    for factor in range(n_factors):
        bit = 1 << factor
        steps = (
            weights[others.bit_count()] * (exact[others | bit] - exact[others])
            for others in range(len(exact))
            if not others & bit
        )
        effects.append(float(sum(steps, Fraction(0))))
    return effects
