"""Exact arithmetic: the one place where anything is rounded, and where a whole is shared out.

Money is whole öre and CO2 whole grams. What comes between is `Decimal`, multiplied without loss.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation

# Products of two numbers that people type, of 50 digits each, and their differences fit; more raises instead of rounding
# silently.
EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
_WHOLE = Decimal(1)
_ROUND = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation])


def whole(value: Decimal) -> int:
    """`value` rounded half up on the magnitude: 0.5 → 1 and -0.5 → -1, so that a credit mirrors its charge."""
    return int(value.quantize(_WHOLE, context=_ROUND))


def whole_quotient(dividend: int, divisor: int) -> int:
    """`dividend ÷ divisor` rounded half up on the magnitude; exact whatever the size."""
    quotient, remainder = divmod(abs(dividend), abs(divisor))
    size = quotient + (2 * remainder >= abs(divisor))
    return size if (dividend < 0) == (divisor < 0) else -size


def as_precise_as(value: Decimal, pattern: Decimal) -> Decimal:
    """`value` rounded half up on the magnitude to as many decimals as `pattern` is written with."""
    return value.quantize(pattern, context=_ROUND)


def product(first: Decimal, second: Decimal) -> Decimal:
    """The exact product of two decimals."""
    return EXACT.multiply(first, second)


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` over `weights`, largest remainder first (ties: the earlier weight); the parts sum to `total`.

    Weights are integers of any sign with a sum that is not zero, or all zero: then the first part takes everything.
    """
    if not weights:
        raise ValueError("share_out needs at least one weight")
    weight_sum = sum(weights)
    if weight_sum == 0:
        return [total, *[0] * (len(weights) - 1)]
    # On the magnitude, so that a credit is shared out as the mirror of its charge.
    turned = 1 if weight_sum > 0 else -1
    parts, remainders = zip(*(divmod(abs(total) * weight * turned, abs(weight_sum)) for weight in weights), strict=True)
    left = abs(total) - sum(parts)
    largest = sorted(range(len(weights)), key=lambda index: -remainders[index])[:left]
    sign = 1 if total >= 0 else -1
    return [sign * (part + (index in largest)) for index, part in enumerate(parts)]
